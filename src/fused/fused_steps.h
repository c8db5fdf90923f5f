#pragma once

#include <algorithm>
#include <cassert>
#include <cmath>
#include <memory>
#include <span>
#include <variant>
#include <vector>

#include "kws/core/isa.h"
#include "kws/features/front_end.h"
#include "kws/graph/graph.h"
#include "rounding.h"
#include "step.h"

namespace kws::fused {

/// The float32 kernels for a network of a set that is not Isa::portable. Where AVX-512 would pad narrow maps so much that
/// memory takes longer than its wider products save, they are AVX2's, which give the same bytes.
const Kernels<float>& float_kernels(const Graph& graph, Isa isa);

/// A network's steps for one way to store activations. Values are what steps read and write: 0 is the network's input,
/// s + 1 the output of step s.
template <class Value>
struct FusedSteps {
  static constexpr int kNone = -1;
  /// Where a step puts a dz: into a buffer, to be added to another one where a later reader has been there before and
  /// the step cannot add.
  struct Target {
    int buffer = kNone, sum = kNone;
  };
  struct Node {
    std::unique_ptr<Step<Value>> step;
    int in, second;  // values
    // On the way back: the buffer of the output's dz, and those for what is read.
    int dz;
    Target d_in, d_second;
  };

  const Kernels<Value>& kernels;
  Format format;
  int classes;
  Stored<Value> input;
  Buffer<Value> x;
  std::vector<Node> nodes;
  std::vector<Buffer<Value>> buffers;

  FusedSteps(const Graph& graph, int most, const Kernels<Value>& table)
      : kernels(table), format{most, table.lanes}, classes(graph.output().elements()) {
    input.shape = graph.input();
    const bool frames = input_readers(graph, [](const Op& op) { return is_recurrent(op); });
    const bool rows = input_readers(graph, [](const Op& op) {
      return is_recurrent(op) || std::holds_alternative<Conv2d>(op) || std::holds_alternative<Dense>(op);
    });
    // What a product reads as one row, a time step or a clip, is made of whole factors; everyone else reads whole
    // registers of channels.
    const bool compact = frames || (rows && input.shape.channels == 1);
    input.pitch = compact ? input.shape.channels : format.padded(input.shape.channels);
    const int step = input.shape.freq * input.pitch;
    input.time = frames ? whole_factors<Value>(step) : step;
    input.clip = whole_factors<Value>(static_cast<int>(input.time) * input.shape.time);
    x = Buffer<Value>(input.clip * most);
    input.y = x.data();
  }

  static bool is_recurrent(const Op& op) { return std::holds_alternative<Lstm>(op) || std::holds_alternative<Gru>(op); }
  /// True when all readers of the network's input are such operations.
  template <class Is>
  static bool input_readers(const Graph& graph, const Is& is) {
    return std::ranges::all_of(graph.layers(), [&](const Layer& layer) {
      return std::ranges::find(layer.inputs, 0) == layer.inputs.end() || is(layer.op);
    });
  }

  [[nodiscard]] const Stored<Value>& value(int index) const {
    return index == 0 ? input : nodes[static_cast<std::size_t>(index) - 1].step->output();
  }
  [[nodiscard]] const Stored<Value>& output() const { return value(static_cast<int>(nodes.size())); }

  /// Layer by layer; false at the first one that has no fused step.
  ///   int8  the network whose rounding the steps get (float alone), or nullptr
  bool build(const Graph& graph, const ParameterLayout& layout, const Int8Model* int8 = nullptr) {
    std::vector<int> values = {0};  // of the graph's tensors
    const auto append = [&](std::unique_ptr<Step<Value>> step, int in, int second = kNone) {
      nodes.push_back({std::move(step), in, second, kNone, {}, {}});
      return static_cast<int>(nodes.size());
    };
    for (std::size_t i = 0; i < graph.layers().size(); ++i) {
      const Layer& layer = graph.layers()[i];
      const LayerParameters& slot = layout.layers()[i];
      const auto value_of = [&](std::size_t k) {
        return k < layer.inputs.size() ? values[static_cast<std::size_t>(layer.inputs[k])] : kNone;
      };
      const int in = value_of(0), second = value_of(1);
      const Quant* rounded = int8 != nullptr ? &int8->layers[i].output : nullptr;
      auto step =
          make_step(layer, slot, value(in), second == kNone ? nullptr : &value(second), in == 0, format, rounded);
      if (step == nullptr) return false;
      int last = append(std::move(step), in, second);
      if constexpr (std::is_same_v<Value, float>) {
        if (rounded != nullptr && !is_recurrent(layer.op)) {
          last = append(make_rounding(layer, *rounded, format), last);
        }
      }
      values.push_back(last);
    }
    return !nodes.empty() && output().plain() && output().positions() == 1 && plan();
  }

  /// Gives every dz a buffer from the first of its readers on the way back to the step that made the value; false where
  /// a value is read by nobody.
  bool plan() {
    std::vector<int> at(nodes.size() + 1, kNone), free;  // buffers by value; those of none
    int count = 0;
    const auto take = [&] {
      if (free.empty()) return count++;
      const int buffer = free.back();
      free.pop_back();
      return buffer;
    };
    at.back() = take();
    std::ptrdiff_t largest = 0;
    for (std::size_t i = nodes.size(); i-- > 0;) {
      Node& node = nodes[i];
      const Stored<Value>& out = value(static_cast<int>(i) + 1);
      largest = std::max(largest, out.size() * format.capacity);
      node.dz = at[i + 1];
      if (node.dz == kNone) return false;
      bool kept = false;  // dz's buffer goes on as the input's
      const auto target = [&](int read, bool second, bool in_place) -> Target {
        if (read <= 0) return {};
        int& owned = at[static_cast<std::size_t>(read)];
        if (owned != kNone && node.step->add_to_gradient(second)) return {owned, kNone};
        const int buffer = in_place ? node.dz : take();
        if (owned != kNone) return {buffer, owned};
        owned = buffer;
        kept = kept || in_place;
        return {buffer, kNone};
      };
      node.d_second = target(node.second, true, false);
      const Stored<Value>& in = value(node.in);
      // Clip by clip of equal size: written over what was just read, which is in the cache.
      node.d_in = target(node.in, false, in.clip == out.clip && in.clip == in.size() && out.clip == out.size());
      for (const Target& to : {node.d_second, node.d_in}) {
        if (to.sum != kNone && to.buffer != node.dz) free.push_back(to.buffer);
      }
      if (!kept) free.push_back(node.dz);
    }
    for (int i = 0; i < count; ++i) buffers.emplace_back(largest);
    return true;
  }

  void forward(const Pass<Value>& pass, std::span<const std::int8_t> features) {
    const int channels = input.shape.channels;
    const std::int8_t* from = features.data();
    for (int clip = 0; clip < pass.clips; ++clip) {
      for (int t = 0; t < input.shape.time; ++t) {
        Value* to = x.data() + clip * input.clip + t * input.time;
        for (int f = 0; f < input.shape.freq; ++f, from += channels, to += input.pitch) {
          std::transform(from, from + channels, to,
                         [](std::int8_t v) { return stored<Value>(static_cast<float>(v) * kFeatureScale); });
        }
      }
    }
    for (const Node& node : nodes) node.step->forward(pass, value(node.in));
  }

  [[nodiscard]] const Value* logit_row(int clip) const { return output().y + clip * output().clip; }

  /// Mean loss; the last step's dz becomes its gradient by the logits.
  double loss(std::span<const double> targets) {
    const std::size_t clips = targets.size() / static_cast<std::size_t>(classes);
    const std::ptrdiff_t pitch = output().pitch;
    double sum = 0.0;
    std::vector<double> logits(static_cast<std::size_t>(classes)), exponentials(logits.size());
    for (std::size_t i = 0; i < clips; ++i) {
      const Value* row = logit_row(static_cast<int>(i));
      std::transform(row, row + classes, logits.begin(), [](Value v) { return static_cast<double>(to_float(v)); });
      const double most = *std::ranges::max_element(logits);
      double total = 0.0;
      for (std::size_t c = 0; c < logits.size(); ++c) {
        exponentials[c] = std::exp(logits[c] - most);
        total += exponentials[c];
      }
      const double log_total = std::log(total) + most;
      Value* gradient = buffer(nodes.back().dz) + static_cast<std::ptrdiff_t>(i) * pitch;
      std::fill_n(gradient, pitch, Value{});
      for (std::size_t c = 0; c < logits.size(); ++c) {
        const double target = targets[i * logits.size() + c];
        sum += target * (log_total - logits[c]);
        gradient[c] =
            stored<Value>(static_cast<float>((exponentials[c] / total - target) / static_cast<double>(clips)));
      }
    }
    return sum / static_cast<double>(clips);
  }

  Value* buffer(int index) { return index == kNone ? nullptr : buffers[static_cast<std::size_t>(index)].data(); }

  void backward(const Pass<Value>& pass) {
    const auto finish = [&](const Target& to, int read) {
      if (to.sum == kNone) return;
      const Stored<Value>& in = value(read);
      const bool by_clip = in.clip == in.size();  // else time-major, all of the capacity
      kernels.accumulate(in.size() * (by_clip ? pass.clips : format.capacity), buffer(to.buffer), buffer(to.sum));
    };
    for (std::size_t i = nodes.size(); i-- > 0;) {
      const Node& node = nodes[i];
      const Value* dz = buffer(node.dz);
      if (node.d_second.buffer != kNone) node.step->backward_second(pass, dz, buffer(node.d_second.buffer));
      finish(node.d_second, node.second);
      node.step->backward(pass, value(node.in), dz, buffer(node.d_in.buffer));
      finish(node.d_in, node.in);
    }
  }

  double step(std::span<const std::int8_t> features, std::span<const double> targets, std::span<const float> parameters,
              std::span<float> statistics, std::span<float> gradients) {
    const auto clips = static_cast<int>(targets.size()) / classes;
    assert(clips > 0 && clips <= format.capacity);
    const Pass<Value> pass{kernels, clips, true, parameters.data(), statistics.data(), gradients.data()};
    const Products products(kernels);
    forward(pass, features);
    const double result = loss(targets);
    backward(pass);
    return result;
  }
};

}  // namespace kws::fused
