#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "float_reference.h"
#include "kws/core/rng.h"
#include "kws/features/front_end.h"
#include "kws/graph/graph.h"
#include "kws/quant/int8_model.h"

namespace kws::testing {

struct NamedGraph {
  std::string type;
  Graph graph;
};

/// Small networks of the seven types' shapes: SAME and VALID padding, strides, stacked cells.
inline std::vector<NamedGraph> seven_graphs() {
  constexpr int classes = 12;
  std::vector<NamedGraph> all;
  const auto start = [&](const char* type) -> Graph& {
    all.push_back({type, Graph({.time = 24, .freq = 10, .channels = 1})});
    return all.back().graph;
  };
  start("dnn").add("fc1", Dense{.units = 48, .relu = true}).add("fc2", Dense{.units = 48, .relu = true});
  start("cnn")
      .add("conv1", Conv2d{.filters = 9, .kernel = {10, 4}, .stride = {1, 1}, .padding = Padding::valid, .relu = true})
      .add("conv2", Conv2d{.filters = 10, .kernel = {6, 4}, .stride = {2, 1}, .padding = Padding::valid, .relu = true})
      .add("linear", Dense{.units = 16})
      .add("fc", Dense{.units = 32, .relu = true});
  start("basic_lstm").add("lstm", Lstm{.cells = 40});
  start("lstm").add("lstm", Lstm{.cells = 48, .projection = 30, .peepholes = true});
  start("gru").add("gru", Gru{.cells = 48});
  start("crnn")
      .add("conv", Conv2d{.filters = 12, .kernel = {10, 4}, .stride = {2, 2}, .padding = Padding::valid, .relu = true})
      .add("gru1", Gru{.cells = 30, .sequence = true})
      .add("gru2", Gru{.cells = 30})
      .add("fc", Dense{.units = 24, .relu = true});
  start("ds_cnn")
      .add("conv", Conv2d{.filters = 20, .kernel = {10, 4}, .stride = {2, 2}, .relu = true})
      .add("dw1", Depthwise2d{.kernel = {3, 3}, .stride = {2, 2}, .relu = true})
      .add("pw1", Conv2d{.filters = 20, .kernel = {1, 1}, .stride = {1, 1}, .relu = true})
      .add("dw2", Depthwise2d{.kernel = {3, 3}, .stride = {1, 1}, .relu = true})
      .add("pw2", Conv2d{.filters = 20, .kernel = {1, 1}, .stride = {1, 1}, .relu = true})
      .add("pool", AvgPool2d{});
  for (NamedGraph& one : all) one.graph.add("logits", Dense{.units = classes});
  return all;
}

/// Zero-mean weights of deviation gain / sqrt(inputs), rows' scales spread by up to 4 as trained ones are.
inline Weights random_weights(const Graph& graph, Rng& rng) {
  Weights weights;
  for (const Layer& layer : graph.layers()) {
    const bool depthwise = std::holds_alternative<Depthwise2d>(layer.op);
    for (const ParameterSpec& spec : parameters_of(layer)) {
      Tensor tensor{.shape = spec.shape, .data = {}};
      const auto rows = static_cast<std::size_t>(depthwise ? spec.shape.back() : spec.shape.front());
      const std::size_t length = static_cast<std::size_t>(spec.elements()) / rows;
      Values gain;
      for (std::size_t r = 0; r < rows; ++r) gain.push_back(std::exp2(rng.uniform(-1.0, 1.0)));
      const bool small = spec.name == "bias" || spec.name == "peephole";
      const double width = small ? 0.3 : 2.0 / std::sqrt(static_cast<double>(length));
      for (std::size_t i = 0; i < rows * length; ++i) {
        const std::size_t row = depthwise ? i % rows : i / length;
        tensor.data.push_back(static_cast<float>(gain[row] * rng.uniform(-width, width)));
      }
      weights[layer.name + "/" + spec.name] = std::move(tensor);
    }
  }
  return weights;
}

/// int8 features of `clips` clips: noise of deviation about 1 in real units.
inline std::vector<std::int8_t> random_features(const Graph& graph, int clips, Rng& rng) {
  std::vector<std::int8_t> features(static_cast<std::size_t>(clips * graph.input().elements()));
  for (std::int8_t& q : features) q = static_cast<std::int8_t>(rng.between(-42, 42));
  return features;
}

inline Values to_real(const std::int8_t* q, std::size_t count, const Quant& quant) {
  Values real;
  for (std::size_t i = 0; i < count; ++i) real.push_back(quant.scale * (q[i] - quant.zero_point));
  return real;
}

/// A graph with random weights, calibrated on `clips` random clips, with the float logits of those clips.
struct RandomNetwork {
  Weights weights;
  Ranges ranges;
  std::vector<std::int8_t> features;
  Values logits;  // [clips][classes]
  Int8Model model;
};

inline RandomNetwork random_network(const Graph& graph, int clips, std::uint64_t seed) {
  Rng rng({seed});
  RandomNetwork net;
  net.weights = random_weights(graph, rng);
  net.features = random_features(graph, clips, rng);
  const FloatReference reference(graph, net.weights);
  const auto inputs = static_cast<std::size_t>(graph.input().elements());
  for (std::size_t clip = 0; clip < static_cast<std::size_t>(clips); ++clip) {
    const Quant quant{.scale = static_cast<double>(kFeatureScale), .zero_point = 0};
    const Values logits = reference.run(to_real(net.features.data() + clip * inputs, inputs, quant), net.ranges);
    net.logits.insert(net.logits.end(), logits.begin(), logits.end());
  }
  net.model = quantize(graph, net.weights, net.ranges);
  return net;
}

}  // namespace kws::testing
