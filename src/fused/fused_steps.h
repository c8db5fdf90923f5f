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

/// The float32 kernels of a set that is not Isa::portable.
inline const Kernels<float>& float_kernels(Isa isa) { return isa == Isa::avx2 ? avx2_kernels() : avx512_kernels(); }

/// A network's steps for one way to store activations.
template <class Value>
struct FusedSteps {
  const Kernels<Value>& kernels;
  int capacity, classes;
  Stored<Value> input;
  Buffer<Value> x;
  std::vector<std::unique_ptr<Step<Value>>> steps;
  Buffer<Value> d_out, d_in;  // gradients on the way back, exchanged from layer to layer

  FusedSteps(const Graph& graph, int most, const Kernels<Value>& table)
      : kernels(table), capacity(most), classes(graph.output().elements()) {
    const bool frames = !graph.layers().empty() && (std::holds_alternative<Lstm>(graph.layers().front().op) ||
                                                    std::holds_alternative<Gru>(graph.layers().front().op));
    input.shape = graph.input();
    input.pitch = graph.input().channels;
    // What a product reads as one row, a time step or a clip, is made of whole factors.
    input.time = frames ? whole_factors<Value>(graph.input().step()) : graph.input().step();
    input.clip = whole_factors<Value>(static_cast<int>(input.time) * graph.input().time);
    x = Buffer<Value>(input.clip * most);
    input.y = x.data();
  }

  /// Layer by layer; false at the first one that has no fused step.
  ///   int8  the network whose rounding the steps get (float alone), or nullptr
  bool build(const Graph& graph, const ParameterLayout& layout, const Int8Model* int8 = nullptr) {
    if (!graph.chain()) return false;
    const Stored<Value>* in = &input;
    std::ptrdiff_t largest = 0;
    const auto append = [&](std::unique_ptr<Step<Value>> step) {
      steps.push_back(std::move(step));
      in = &steps.back()->output();
      largest = std::max(largest, in->size() * capacity);
    };
    for (std::size_t i = 0; i < graph.layers().size(); ++i) {
      const Layer& layer = graph.layers()[i];
      const Quant* rounded = int8 != nullptr ? &int8->layers[i].output : nullptr;
      auto step = make_step(layer, layout.layers()[i], *in, i == 0, capacity, rounded);
      if (step == nullptr) return false;
      append(std::move(step));
      if constexpr (std::is_same_v<Value, float>) {
        const bool recurrent = std::holds_alternative<Lstm>(layer.op) || std::holds_alternative<Gru>(layer.op);
        if (rounded != nullptr && !recurrent) append(make_rounding(layer, *rounded, capacity));
      }
    }
    d_out = Buffer<Value>(largest);
    d_in = Buffer<Value>(largest);
    return !steps.empty() && in->plain() && in->positions() == 1;
  }

  void forward(const Pass<Value>& pass, std::span<const std::int8_t> features) {
    const int row = input.shape.step();
    const std::int8_t* from = features.data();
    for (int clip = 0; clip < pass.clips; ++clip) {
      for (int t = 0; t < input.shape.time; ++t, from += row) {
        std::transform(from, from + row, x.data() + clip * input.clip + t * input.time,
                       [](std::int8_t v) { return stored<Value>(static_cast<float>(v) * kFeatureScale); });
      }
    }
    const Stored<Value>* in = &input;
    for (const auto& step : steps) {
      step->forward(pass, *in);
      in = &step->output();
    }
  }

  [[nodiscard]] const Value* logit_row(int clip) const {
    const Stored<Value>& out = steps.back()->output();
    return out.y + clip * out.clip;
  }

  /// Mean loss; d_out becomes its gradient by the logits.
  double loss(std::span<const int> labels, double smoothing) {
    const auto clips = static_cast<double>(labels.size());
    const std::ptrdiff_t pitch = steps.back()->output().pitch;
    const double spread = smoothing / classes;
    double sum = 0.0;
    std::vector<double> logits(static_cast<std::size_t>(classes)), exponentials(logits.size());
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const Value* row = logit_row(static_cast<int>(i));
      std::transform(row, row + classes, logits.begin(), [](Value v) { return static_cast<double>(to_float(v)); });
      const double most = *std::ranges::max_element(logits);
      double total = 0.0;
      for (std::size_t c = 0; c < logits.size(); ++c) {
        exponentials[c] = std::exp(logits[c] - most);
        total += exponentials[c];
      }
      const double log_total = std::log(total) + most;
      Value* gradient = d_out.data() + static_cast<std::ptrdiff_t>(i) * pitch;
      std::fill_n(gradient, pitch, Value{});
      for (std::size_t c = 0; c < logits.size(); ++c) {
        const double target = spread + (static_cast<int>(c) == labels[i] ? 1.0 - smoothing : 0.0);
        sum += target * (log_total - logits[c]);
        gradient[c] = stored<Value>(static_cast<float>((exponentials[c] / total - target) / clips));
      }
    }
    return sum / clips;
  }

  void backward(const Pass<Value>& pass) {
    for (std::size_t i = steps.size(); i-- > 0;) {
      const Stored<Value>& in = i == 0 ? input : steps[i - 1]->output();
      const Stored<Value>& out = steps[i]->output();
      // Clip by clip of equal size: written over what was just read, which is in the cache.
      const bool in_place = in.clip == out.clip && in.clip == in.size() && out.clip == out.size();
      steps[i]->backward(pass, in, d_out.data(), i == 0 ? nullptr : in_place ? d_out.data() : d_in.data());
      if (!in_place) std::swap(d_out, d_in);
    }
  }

  double step(std::span<const std::int8_t> features, std::span<const int> labels, double smoothing,
              std::span<const float> parameters, std::span<float> statistics, std::span<float> gradients) {
    assert(!labels.empty() && labels.size() <= static_cast<std::size_t>(capacity));
    const Pass<Value> pass{kernels,         static_cast<int>(labels.size()), true, parameters.data(), statistics.data(),
                           gradients.data()};
    const Products products(kernels);
    forward(pass, features);
    const double result = loss(labels, smoothing);
    backward(pass);
    return result;
  }
};

}  // namespace kws::fused
