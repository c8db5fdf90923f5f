#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cost/published_networks.h"
#include "kws/core/rng.h"
#include "kws/families/design.h"

namespace kws::test {

/// A network whose export is measured.
struct Sample {
  std::string name;
  FeatureOptions features;
  Graph graph;
  bool published = false;
};

/// Convolutions of all kinds and odd sizes, one after another, while the map lasts.
inline Graph random_convolutions(const FeatureOptions& features, std::uint64_t seed) {
  Rng rng({seed, 7});
  const auto size = [&](int low, int high) { return rng.between(low, high); };
  Graph graph({.time = frame_count(features), .freq = features.coefficients, .channels = 1});
  for (int i = 0; i < 16; ++i) {
    const Shape& map = graph.output();
    const std::string name = "layer" + std::to_string(i);
    const Extent stride = {size(1, 8) == 1 ? 2 : 1, size(1, 8) == 1 ? 2 : 1};
    const int filters = map.time * map.freq > 200 ? size(3, 24) : size(3, 120);
    const bool relu = size(0, 1) == 1;
    // VALID only where the kernel fits and leaves something.
    const auto padding = [&](Extent kernel) {
      return map.time > 2 * kernel.time && map.freq > 2 * kernel.freq && size(0, 3) == 0 ? Padding::valid
                                                                                         : Padding::same;
    };
    switch (i % 4) {
      case 0: {
        const Extent kernel = {size(1, 10), size(1, 5)};
        graph.add(
            name,
            Conv2d{.filters = filters, .kernel = kernel, .stride = stride, .padding = padding(kernel), .relu = relu});
        break;
      }
      case 1: {
        const Extent kernel = {size(1, 5), size(1, 5)};
        graph.add(name, Depthwise2d{.kernel = kernel, .stride = stride, .padding = padding(kernel), .relu = relu});
        break;
      }
      case 2:
        graph.add(name, Conv2d{.filters = filters, .kernel = {1, 1}, .stride = {1, 1}, .relu = relu});
        break;
      case 3:
        graph.add(name, Depthwise2d{.kernel = {size(6, 9), size(5, 7)}, .stride = {1, 1}, .relu = relu});
        break;
    }
  }
  graph.add("pool", AvgPool2d{});
  return graph.add("logits", Dense{.units = size(2, 14)});
}

/// Windows with gaps and bands, branches over the mean of frequencies, and residuals, of odd sizes.
inline Graph random_residuals(const FeatureOptions& features, std::uint64_t seed) {
  Rng rng({seed, 8});
  const auto size = [&](int low, int high) { return rng.between(low, high); };
  const auto extent = [&](int time, int freq) { return Extent{size(1, time), size(1, freq)}; };
  Graph graph({.time = frame_count(features), .freq = features.coefficients, .channels = 1});
  graph.add("first", Conv2d{.filters = size(3, 12), .kernel = {3, 3}, .stride = {2, size(1, 3)}});
  for (int i = 0; i < 6; ++i) {
    const std::string suffix = std::to_string(i);
    const Shape map = graph.output();
    const TensorId in = graph.last();
    const int filters = map.time * map.freq > 200 ? size(3, 16) : size(3, 40);
    const Extent gaps = {size(2, 6), size(1, 2)};
    const TensorId wide = graph.add(
        "gaps" + suffix, Conv2d{.filters = filters, .kernel = extent(5, 3), .stride = {1, 1}, .dilation = gaps}, {in});
    const TensorId banded = graph.add("bands" + suffix,
                                      Depthwise2d{.kernel = extent(7, 3),
                                                  .stride = {1, 1},
                                                  .norm = Norm::affine,
                                                  .dilation = {size(2, 8), 1},
                                                  .bands = std::min(map.freq, size(1, 5))},
                                      {wide});
    graph.add("mean" + suffix, AvgPool2d{.over_time = i % 2 != 0});
    const TensorId branch = graph.add("table" + suffix, Activate{.function = Function::swish}, {graph.last()});
    graph.add("spread" + suffix, Add{.relu = i % 2 == 0}, {banded, branch});
    graph.add("residual" + suffix, Add{.relu = true}, {graph.last(), wide});
    const Extent stride = {1 + i % 2, map.freq > 4 ? 1 + i % 3 / 2 : 1};
    graph.add("large" + suffix, Depthwise2d{.kernel = {size(6, 12), size(5, 7)}, .stride = stride});
  }
  graph.add("pool", AvgPool2d{});
  return graph.add("logits", Dense{.units = size(2, 14)});
}

/// Small networks, one for each set of kernels that a design can need, and one with all.
inline std::vector<Graph> kernel_sets() {
  const Shape input{.time = 25, .freq = 10, .channels = 1};
  const Conv2d conv{.filters = 8, .kernel = {4, 4}, .stride = {2, 2}};
  const Conv2d pointwise{.filters = 8, .kernel = {1, 1}, .stride = {1, 1}};
  const Depthwise2d depthwise{.kernel = {3, 3}, .stride = {1, 1}};
  const Depthwise2d large{.kernel = {6, 6}, .stride = {1, 1}};
  std::vector<Graph> graphs;
  // An Add doubles.
  const auto add = [&](const std::vector<Op>& ops) {
    Graph graph(input);
    for (std::size_t i = 0; i < ops.size(); ++i) {
      const TensorId last = graph.last();
      const std::vector<TensorId> once = {last};
      const std::vector<TensorId> twice = {last, last};
      graph.add("layer" + std::to_string(i), ops[i], std::holds_alternative<Add>(ops[i]) ? twice : once);
    }
    graphs.push_back(graph.add("logits", Dense{.units = 12}));
  };
  add({Dense{.units = 16}});
  add({conv});
  add({pointwise});
  add({conv, pointwise});
  add({Lstm{.cells = 16, .projection = 12, .peepholes = true}});
  add({Gru{.cells = 16}});
  add({conv, Gru{.cells = 16}});
  add({pointwise, Gru{.cells = 16}});
  const std::vector<std::vector<Op>> begins = {{conv}, {pointwise}, {conv, pointwise}};
  const std::vector<std::vector<Op>> depthwises = {{depthwise}, {large}, {depthwise, large}};
  const auto join = [&](const std::vector<Op>& begin, const std::vector<Op>& middle, const std::vector<Op>& end) {
    std::vector<Op> ops = begin;
    ops.insert(ops.end(), middle.begin(), middle.end());
    ops.insert(ops.end(), end.begin(), end.end());
    add(ops);
  };
  const Activate activate{.function = Function::swish};
  for (const std::vector<Op>& begin : begins) {
    for (const std::vector<Op>& middle : depthwises) {
      join(begin, middle, {AvgPool2d{}});
      join(begin, middle, {Add{}, AvgPool2d{}});
      join(begin, middle, {Add{}, activate, AvgPool2d{}});
    }
    join(begin, {}, {Add{}, AvgPool2d{}});
  }
  const AvgPool2d rows{.over_time = false};
  join(begins.back(), depthwises.back(), {Add{}, rows, AvgPool2d{}});
  join(begins.back(), depthwises.back(), {Add{}, activate, rows, AvgPool2d{}});
  const Conv2d gaps{.filters = 8, .kernel = {3, 3}, .stride = {1, 1}, .dilation = {2, 1}};
  join({conv, pointwise, gaps}, depthwises.back(),
       {Add{}, activate, rows, Gru{.cells = 16, .sequence = true}, Lstm{.cells = 16}, AvgPool2d{}});
  return graphs;
}

/// The 21 published networks, some with residuals, networks of varied layers, and kernel_sets().
///   source_dir  of the project
inline std::vector<Sample> samples(const std::string& source_dir) {
  std::vector<Sample> list;
  for (const PublishedNetwork& network : published_networks()) {
    const Design design = load_design(source_dir + "/configs/hello_edge/" + network.name + ".json");
    list.push_back({network.name, design.features, build_graph(design), true});
  }
  // Front ends of all sizes go along with the networks.
  std::vector<FeatureOptions> front_ends;
  for (const int window : {10, 16, 20, 25, 30, 32, 40, 50, 64}) {
    const int i = static_cast<int>(front_ends.size());
    FeatureOptions& f = front_ends.emplace_back();
    f.window_ms = window;
    f.stride_ms = 10 + 5 * (i % 5);
    f.mel_bins = 20 + 5 * i;
    f.low_hz = 20 + 30 * i;
    f.high_hz = 4000 + 400 * i;
    f.kind = i % 3 == 2 ? "log_mel" : "mfcc";
    f.coefficients = i % 3 == 2 ? f.mel_bins : window;
  }
  std::size_t next = 0;
  const auto front_end = [&]() -> const FeatureOptions& { return front_ends[next++ % front_ends.size()]; };
  const auto input = [](const FeatureOptions& f) { return Shape{.time = frame_count(f), .freq = f.coefficients}; };
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    const FeatureOptions& features = front_end();
    list.push_back({"convolutions" + std::to_string(seed), features, random_convolutions(features, seed)});
  }
  {
    const FeatureOptions& features = front_end();
    Graph graph(input(features));
    for (const int units : {60, 33, 7, 130, 64, 3, 257, 2, 50, 1, 12}) {
      graph.add("dense" + std::to_string(units), Dense{.units = units, .relu = units % 2 == 0});
    }
    list.push_back({"dense", features, graph});
  }
  {
    const FeatureOptions& features = front_end();
    Graph graph(input(features));
    for (const int cells : {20, 33, 64, 7, 50, 21}) {
      graph.add("gru" + std::to_string(cells), Gru{.cells = cells, .sequence = cells != 21});
    }
    list.push_back({"gru", features, graph.add("logits", Dense{.units = 9})});
  }
  for (const Lstm& op : {Lstm{.cells = 19}, Lstm{.cells = 64}, Lstm{.cells = 33, .projection = 13},
                         Lstm{.cells = 45, .projection = 30, .peepholes = true}, Lstm{.cells = 90, .peepholes = true},
                         Lstm{.cells = 70, .projection = 61, .peepholes = true}}) {
    const FeatureOptions& features = front_end();
    Graph graph(input(features));
    graph.add("lstm1", op).add("lstm2", Lstm{.cells = 22, .projection = op.projection > 0 ? 5 : 0});
    list.push_back({"lstm" + std::to_string(op.cells), features, graph.add("logits", Dense{.units = 12})});
  }
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    const FeatureOptions& features = front_end();
    list.push_back({"residuals" + std::to_string(seed), features, random_residuals(features, seed)});
  }
  for (const char* name : {"ds_tc_small", "tc_resnet8", "bc_resnet_1"}) {
    const Design design = load_design(source_dir + std::string("/configs/anchors/") + name + ".json");
    list.push_back({name, design.features, build_graph(design)});
  }
  for (std::size_t i = 0; i < 2 * front_ends.size(); ++i) {
    FeatureOptions features = front_ends[i / 2];
    features.arithmetic = i % 2 == 0 ? "float" : "integer";
    Graph graph(input(features));
    graph.add("fc1", Dense{.units = 10});
    list.push_back(
        {features.arithmetic + std::to_string(features.window_ms), features, graph.add("logits", Dense{.units = 12})});
  }
  FeatureOptions plain;
  plain.stride_ms = 40;
  for (const Graph& graph : kernel_sets()) list.push_back({"set" + std::to_string(list.size()), plain, graph});
  return list;
}

}  // namespace kws::test
