#include "kws/train/warm_start.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "kws/core/error.h"
#include "kws/train/float_run.h"

namespace kws {

namespace {

/// The same network with the ReLU behind each batch norm as a layer of its own, so that what the norm gives is seen.
Graph activations_apart(const Graph& graph) {
  Graph apart(graph.input());
  std::vector<TensorId> ids = {0};
  for (const Layer& layer : graph.layers()) {
    std::vector<TensorId> inputs;
    for (const TensorId input : layer.inputs) inputs.push_back(ids[static_cast<std::size_t>(input)]);
    Op op = layer.op;
    const bool relu = norm_of(op) != Norm::none && std::visit(
                                                       [](auto& o) {
                                                         if constexpr (requires { o.relu; }) {
                                                           return std::exchange(o.relu, false);
                                                         } else {
                                                           return false;
                                                         }
                                                       },
                                                       op);
    TensorId id = apart.add(layer.name, op, std::move(inputs));
    if (relu) id = apart.add(layer.name + "_relu", Activate{Function::relu}, {id});
    ids.push_back(id);
  }
  return apart;
}

/// Of the values that a norm gives, [bands][channels].
struct Moments {
  std::vector<double> sums, squares, counts;

  explicit Moments(std::size_t size) : sums(size), squares(size), counts(size) {}
  /// output  [N, C, T, F]
  void add(const Layer& layer, std::span<const float> output) {
    const auto [time, freq, channels] = layer.output;
    const int bands = bands_of(layer.op);
    for (std::size_t i = 0; i < output.size(); ++i) {
      const auto f = static_cast<int>(i % static_cast<std::size_t>(freq));
      const std::size_t c =
          i / (static_cast<std::size_t>(freq) * static_cast<std::size_t>(time)) % static_cast<std::size_t>(channels);
      const std::size_t at = static_cast<std::size_t>(f * bands / freq) * static_cast<std::size_t>(channels) + c;
      sums[at] += output[i];
      squares[at] += static_cast<double>(output[i]) * output[i];
      counts[at] += 1.0;
    }
  }
  [[nodiscard]] double mean(std::size_t i) const { return sums[i] / std::max(counts[i], 1.0); }
  [[nodiscard]] double variance(std::size_t i) const {
    return std::max(0.0, squares[i] / std::max(counts[i], 1.0) - mean(i) * mean(i));
  }
};

std::map<std::string, Moments> norm_outputs(const Graph& graph, const Weights& weights,
                                            std::span<const std::int8_t> features) {
  std::map<std::string, Moments> moments;
  observe_float(activations_apart(graph), weights, features, [&](const Layer& layer, std::span<const float> output) {
    if (norm_of(layer.op) == Norm::none) return;
    moments.try_emplace(layer.name, static_cast<std::size_t>(norm_size(layer))).first->second.add(layer, output);
  });
  return moments;
}

double rms(std::span<const float> values) {
  double sum = 0.0;
  for (const float value : values) sum += static_cast<double>(value) * value;
  return std::sqrt(sum / static_cast<double>(std::max<std::size_t>(values.size(), 1)));
}

/// The last layer with weights: the one whose rows stand for classes.
std::size_t head_of(const Graph& graph) {
  std::size_t head = graph.layers().size() - 1;
  while (head > 0 && parameters_of(graph.layers()[head]).empty()) --head;
  return head;
}

/// The rows of the classes that both know.
void copy_rows(const Tensor& from, std::span<const int> classes, Tensor& to) {
  const std::size_t row = to.data.size() / classes.size();
  for (std::size_t c = 0; c < classes.size(); ++c) {
    if (classes[c] < 0) continue;
    const auto first = from.data.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(classes[c]) * row);
    std::copy_n(first, row, to.data.begin() + static_cast<std::ptrdiff_t>(c * row));
  }
}

/// `initial` where the weights say nothing.
Weights taken_over(const Graph& graph, Weights initial, const Weights& weights, std::span<const int> classes) {
  const std::size_t head = head_of(graph);
  for (std::size_t i = 0; i < graph.layers().size(); ++i) {
    const Layer& layer = graph.layers()[i];
    for (const ParameterSpec& spec : parameters_of(layer)) {
      const std::string name = layer.name + "/" + spec.name;
      const auto found = weights.find(name);
      if (found == weights.end()) throw Error(name + ": the model to start from has no such weights");
      Tensor& tensor = initial.at(name);
      if (i == head) {
        copy_rows(found->second, classes, tensor);
      } else if (found->second.shape == tensor.shape) {
        tensor = found->second;
      } else {
        throw Error(name + ": has another shape in the model to start from");
      }
    }
  }
  return initial;
}

}  // namespace

NetState warm_start(const Graph& graph, const Weights& weights, std::span<const int> classes,
                    std::span<const std::int8_t> features, std::uint64_t seed) {
  const ParameterLayout layout(graph);
  NetState state = initial_state(graph, layout, seed);
  const Weights start = taken_over(graph, folded(graph, layout, state.parameters, state.statistics), weights, classes);
  const std::map<std::string, Moments> outputs = norm_outputs(graph, start, features);
  for (std::size_t i = 0; i < graph.layers().size(); ++i) {
    const Layer& layer = graph.layers()[i];
    const LayerParameters& slot = layout.layers()[i];
    const bool normed = slot.mean >= 0, banded = bands_of(layer.op) > 1;
    double size = 1.0;  // of the trained kernel in folded ones; the bands of a norm share their kernel
    for (const ParameterSpec& spec : parameters_of(layer)) {
      const std::ptrdiff_t offset = slot.named(spec.name);
      if (offset < 0) continue;
      const std::vector<float>& from = start.at(layer.name + "/" + spec.name).data;
      float* const to = state.parameters.data() + offset;
      if (normed && !banded) {
        const double now = rms(from);
        if (now > 0.0) size = std::max(rms({to, from.size()}) / now, 2.0 * std::sqrt(kNormEpsilon));
      }
      std::ranges::transform(from, to, [&](float value) { return static_cast<float>(size * value); });
    }
    if (!normed) continue;
    const Moments& moments = outputs.at(layer.name);
    const std::vector<float>& bias = start.at(layer.name + "/bias").data;
    for (std::size_t c = 0; c < bias.size(); ++c) {
      const auto at = [c](std::vector<float>& values, std::ptrdiff_t offset) -> float& {
        return values[static_cast<std::size_t>(offset) + c];
      };
      // What the norm multiplies by, seen from the trained kernel: gamma / sqrt(variance + epsilon).
      const double factor = banded ? start.at(layer.name + "/scale").data[c] : 1.0 / size;
      const double safe = std::max(factor, 1e-6);
      double variance = moments.variance(c) / (safe * safe);
      if (slot.gamma < 0) variance = size * size - kNormEpsilon;  // gamma is 1
      at(state.parameters, slot.beta) = static_cast<float>(moments.mean(c));
      if (slot.gamma >= 0) {
        at(state.parameters, slot.gamma) = static_cast<float>(factor * std::sqrt(variance + kNormEpsilon));
      }
      at(state.statistics, slot.mean) = static_cast<float>((moments.mean(c) - bias[c]) / safe);
      at(state.statistics, slot.variance) = static_cast<float>(variance);
    }
  }
  return state;
}

}  // namespace kws
