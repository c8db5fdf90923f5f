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

/// Those, and networks with residuals: temporal ones, whose coefficients are channels, and broadcast ones.
inline std::vector<NamedGraph> nine_graphs() {
  std::vector<NamedGraph> all = seven_graphs();
  const Paddings causal{Padding::causal, Padding::same};
  {
    Graph g({.time = 24, .freq = 1, .channels = 10});
    TensorId x = g.add("conv", Conv2d{.filters = 20, .kernel = {3, 1}, .stride = {1, 1}, .relu = true}, {0});
    for (int i = 1; i <= 2; ++i) {
      const std::string n = std::to_string(i);
      TensorId y =
          g.add("dw" + n, Depthwise2d{.kernel = {9, 1}, .stride = {1, 1}, .padding = causal, .dilation = {i, 1}}, {x});
      y = g.add("pw" + n, Conv2d{.filters = 20, .kernel = {1, 1}, .stride = {1, 1}}, {y});
      x = g.add("add" + n, Add{.relu = true}, {y, x});
    }
    const TensorId mean = g.add("pool", AvgPool2d{}, {x});
    g.add("logits", Dense{.units = 12}, {mean});
    all.push_back({"temporal", std::move(g)});
  }
  {
    Graph g({.time = 24, .freq = 10, .channels = 1});
    TensorId x = g.add("conv", Conv2d{.filters = 12, .kernel = {5, 5}, .stride = {1, 2}, .relu = true}, {0});
    for (int i = 1; i <= 2; ++i) {
      const std::string n = std::to_string(i);
      const TensorId wide = g.add("freq" + n, Depthwise2d{.kernel = {1, 3}, .stride = {1, 1}, .bands = 3}, {x});
      TensorId y = g.add("mean" + n, AvgPool2d{.over_time = false}, {wide});
      y = g.add("time" + n, Depthwise2d{.kernel = {3, 1}, .stride = {1, 1}, .dilation = {i, 1}}, {y});
      y = g.add("swish" + n, Activate{.function = Function::swish}, {y});
      y = g.add("pw" + n, Conv2d{.filters = 12, .kernel = {1, 1}, .stride = {1, 1}}, {y});
      y = g.add("broadcast" + n, Add{}, {wide, y});
      x = g.add("add" + n, Add{.relu = true}, {y, x});
    }
    x = g.add("last",
              Conv2d{.filters = 16, .kernel = {3, 2}, .stride = {1, 1}, .padding = Padding::valid, .dilation = {2, 1}},
              {x});
    const TensorId mean = g.add("pool", AvgPool2d{}, {x});
    g.add("logits", Dense{.units = 12}, {mean});
    all.push_back({"broadcast", std::move(g)});
  }
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
        const double value = spec.name == "scale" ? rng.uniform(0.3, 2.0) : gain[row] * rng.uniform(-width, width);
        tensor.data.push_back(static_cast<float>(value));
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
