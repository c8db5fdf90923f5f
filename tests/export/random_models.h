#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "kws/core/rng.h"
#include "kws/export/c_export.h"

namespace kws::test {

/// Int8 models of random integers that keep the contract of int8_model.h: no training, no LibTorch, every op.
class RandomModels {
 public:
  explicit RandomModels(std::uint64_t seed) : rng_({seed}) {}

  Int8Model model(const Graph& graph) {
    Int8Model result{.input = graph.input(), .layers = {}};
    for (const Layer& layer : graph.layers()) {
      Int8Layer one;
      one.layer = layer;
      result.connect(one);
      std::visit([&](const auto& op) { fill(one, op); }, layer.op);
      result.layers.push_back(std::move(one));
    }
    return result;
  }

 private:
  std::vector<std::int8_t> bytes(int count) {
    std::vector<std::int8_t> values;
    for (int i = 0; i < count; ++i) values.push_back(static_cast<std::int8_t>(rng_.between(-127, 127)));
    return values;
  }
  std::int32_t multiplier() { return rng_.between(1 << 30, 2147483647); }

  /// inputs: elements of a row; out_bits: log2 of the wanted spread of the result.
  Int8Product product(int rows, int inputs, int out_bits, int zero_in, bool bias, bool depthwise = false) {
    Int8Product p;
    p.weight = bytes(rows * inputs);
    // A sum of n products of two bytes spreads over about 2^12 sqrt(n).
    int spread = 12;
    for (int n = inputs; n > 1; n /= 4) ++spread;
    for (int r = 0; r < rows; ++r) {
      p.bias.push_back(bias ? rng_.between(-(1 << spread), 1 << spread) / 2 : 0);
      for (int i = 0; i < inputs; ++i) {
        // A row of depthwise weights is a column in memory.
        const int at = depthwise ? i * rows + r : r * inputs + i;
        p.bias.back() -= zero_in * p.weight[static_cast<std::size_t>(at)];
      }
      p.multiplier.push_back(rng_.below(50) == 0 ? 0 : multiplier());
      p.shift.push_back(static_cast<std::int8_t>(out_bits - spread + rng_.between(0, 2)));
    }
    return p;
  }

  void to_byte(Int8Layer& layer, bool relu) {
    layer.output = {.scale = rng_.uniform(0.01, 0.2),
                    .zero_point = relu ? rng_.between(-128, -60) : rng_.between(-90, 90)};
    layer.activation_min = relu ? layer.output.zero_point : -128;
  }
  void fill(Int8Layer& layer, const Conv2d& op) {
    to_byte(layer, op.relu);
    const int row = op.kernel.time * op.kernel.freq * layer.layer.input.channels;
    layer.main = product(op.filters, row, 7, layer.input.zero_point, true);
  }
  void fill(Int8Layer& layer, const Depthwise2d& op) {
    to_byte(layer, op.relu);
    const int row = op.kernel.time * op.kernel.freq;
    layer.main = product(layer.layer.input.channels, row, 7, layer.input.zero_point, true, true);
    const Int8Product first = layer.main;
    for (int band = 1; band < op.bands; ++band) {
      for (std::size_t c = 0; c < first.bias.size(); ++c) {
        layer.main.bias.push_back(first.bias[c] + rng_.between(-9999, 9999));
        layer.main.multiplier.push_back(multiplier());
        layer.main.shift.push_back(static_cast<std::int8_t>(first.shift[c] - rng_.between(0, 2)));
      }
    }
  }
  void fill(Int8Layer& layer, const AvgPool2d& /*op*/) {
    to_byte(layer, false);
    const double positions = layer.layer.input.elements() / layer.layer.output.elements();
    layer.main.multiplier.resize(1);
    layer.main.shift.resize(1);
    quantize_multiplier(rng_.uniform(2.0, 6.0) / positions, layer.main.multiplier[0], layer.main.shift[0]);
  }
  void fill(Int8Layer& layer, const Add& op) {
    to_byte(layer, op.relu);
    layer.add_shift = rng_.between(kAddShifts.front(), kAddShifts.back());
    // Factors of about one, where the shift has room for them.
    const int most = std::min(32767, 3 << (layer.add_shift - 1));
    for (std::int16_t& factor : layer.addend) factor = static_cast<std::int16_t>(rng_.between(0, most));
    // Both ends at times: sums of 24 bits, and shifts that leave 16 of them.
    if (rng_.below(4) == 0) layer.addend[rng_.below(2)] = INT16_MAX;
  }
  void fill(Int8Layer& layer, const Activate& /*op*/) {
    to_byte(layer, false);
    layer.table = bytes(256);
    layer.table[rng_.below(256)] = -128;
  }
  void fill(Int8Layer& layer, const Dense& op) {
    to_byte(layer, op.relu);
    layer.main = product(op.units, layer.layer.input.elements(), 7, layer.input.zero_point, true);
  }
  void fill(Int8Layer& layer, const Gru& op) {
    layer.output = {.scale = 1.0 / 128, .zero_point = 0};
    layer.main = product(3 * op.cells, layer.layer.input.step(), 13, layer.input.zero_point, true);
    layer.recurrent = product(3 * op.cells, op.cells, 13, 0, false);
  }
  void fill(Int8Layer& layer, const Lstm& op) {
    const int outputs = op.projection > 0 ? op.projection : op.cells;
    layer.output = {.scale = 1.0 / 128, .zero_point = 0};
    layer.main = product(4 * op.cells, layer.layer.input.step(), 14, layer.input.zero_point, true);
    layer.recurrent = product(4 * op.cells, outputs, 14, 0, false);
    if (op.projection > 0) layer.projection = product(op.projection, op.cells, 7, 0, false);
    if (op.peepholes) {
      layer.peephole = bytes(3 * op.cells);
      for (int i = 0; i < 3; ++i) {
        layer.peephole_multiplier.push_back(multiplier());
        layer.peephole_shift.push_back(static_cast<std::int8_t>(rng_.between(-8, -4)));
      }
    }
  }

  Rng rng_;
};

/// A small graph of each kind; together they hold every op, padding, option and odd size.
struct NamedGraph {
  std::string name;
  Graph graph;
};
inline std::vector<NamedGraph> small_graphs(int frames, int coefficients, int classes) {
  const Shape input{.time = frames, .freq = coefficients, .channels = 1};
  const auto end = [&](Graph g) { return g.add("logits", Dense{.units = classes}); };
  std::vector<NamedGraph> graphs;
  graphs.push_back({"single", end(Graph(input))});
  graphs.push_back(
      {"dnn", end(Graph(input).add("fc1", Dense{.units = 33, .relu = true}).add("fc2", Dense{.units = 7}))});
  graphs.push_back(
      {"cnn",
       end(Graph(input)
               .add("conv1",
                    Conv2d{.filters = 5, .kernel = {10, 4}, .stride = {1, 2}, .padding = Padding::valid, .relu = true})
               .add("conv2", Conv2d{.filters = 3, .kernel = {4, 3}, .stride = {3, 1}})
               .add("linear", Dense{.units = 16}))});
  graphs.push_back(
      {"ds_cnn", end(Graph(input)
                         .add("conv1", Conv2d{.filters = 9, .kernel = {10, 4}, .stride = {2, 2}, .relu = true})
                         .add("dw1", Depthwise2d{.kernel = {3, 3}, .stride = {1, 1}, .relu = true})
                         .add("pw1", Conv2d{.filters = 6, .kernel = {1, 1}, .stride = {1, 1}, .relu = true})
                         .add("dw2", Depthwise2d{.kernel = {5, 2}, .stride = {2, 3}, .padding = Padding::valid})
                         .add("pool", AvgPool2d{}))});
  graphs.push_back({"basic_lstm", end(Graph(input).add("lstm1", Lstm{.cells = 11}))});
  graphs.push_back({"lstm", end(Graph(input).add("lstm1", Lstm{.cells = 13, .projection = 6, .peepholes = true}))});
  graphs.push_back({"gru", end(Graph(input).add("gru1", Gru{.cells = 17}))});
  graphs.push_back(
      {"crnn", end(Graph(input)
                       .add("conv1", Conv2d{.filters = 4, .kernel = {7, 4}, .stride = {3, 2}, .relu = true})
                       .add("gru1", Gru{.cells = 9, .sequence = true})
                       .add("gru2", Gru{.cells = 7})
                       .add("fc1", Dense{.units = 8, .relu = true}))});
  return graphs;
}

/// Layers of the kinds that networks with residuals have, at random: dilated, causal and banded windows, stacked and
/// broadcast additions, means over one direction, tables. The input may have its coefficients as channels.
inline Graph random_residual(const Shape& input, int classes, std::uint64_t seed) {
  Rng rng({seed, 11});
  Graph graph(input);
  const auto padding = [&](int in, int span) {
    const int kind = rng.between(0, 2);
    return kind == 1 && in > 2 * span ? Padding::valid : kind == 2 ? Padding::causal : Padding::same;
  };
  const auto window = [&](const Shape& map, auto& op, int largest) {
    op.kernel = {rng.between(1, largest), map.freq > 1 ? rng.between(1, 3) : 1};
    op.dilation = {rng.below(2) == 0 ? 1 : rng.between(2, 3), map.freq > 3 && rng.below(3) == 0 ? 2 : 1};
    op.stride = {rng.below(5) == 0 ? 2 : 1, map.freq > 4 && rng.below(5) == 0 ? 2 : 1};
    op.padding = {padding(map.time, (op.kernel.time - 1) * op.dilation.time + 1),
                  padding(map.freq, (op.kernel.freq - 1) * op.dilation.freq + 1)};
    op.relu = rng.below(2) == 0;
  };
  TensorId x = 0;
  int number = 0;
  const auto name = [&](const char* kind) { return kind + std::to_string(number++); };
  Conv2d conv;
  conv.filters = rng.between(1, 40);
  window(input, conv, 5);
  x = graph.add(name("conv"), conv, {x});
  for (int block = rng.between(2, 5); block > 0; --block) {
    const TensorId skip = x;
    const Shape map = graph.shape(x);
    Depthwise2d depthwise;
    window(map, depthwise, rng.below(3) == 0 ? 29 : 5);
    if (rng.below(2) == 0) {
      depthwise.stride = {1, 1};
      depthwise.padding = {padding(map.time, (depthwise.kernel.time - 1) * depthwise.dilation.time + 1), Padding::same};
    }
    x = graph.add(name("dw"), depthwise, {x});
    const Shape left = graph.shape(x);
    if (left.time < map.time && left.freq == map.freq && depthwise.stride == Extent{1, 1} && rng.below(2) == 0) {
      x = graph.add(name("cropped"), Add{.relu = rng.below(2) == 0, .crop = true}, {x, skip});
    }
    if (graph.shape(x).freq > 1 && rng.below(2) == 0) {
      const int bands = rng.between(2, std::min(4, graph.shape(x).freq));
      x = graph.add(name("banded"), Depthwise2d{.kernel = {1, 3}, .stride = {1, 1}, .bands = bands}, {x});
    }
    const int filters = rng.below(3) == 0 ? rng.between(1, 40) : map.channels;
    x = graph.add(name("pw"), Conv2d{.filters = filters, .kernel = {1, 1}, .stride = {1, 1}}, {x});
    if (rng.below(2) == 0) x = graph.add(name("swish"), Activate{.function = Function::swish}, {x});
    // Added back after a mean, as broadcast residual networks do, over one direction or both.
    if (rng.below(2) == 0) {
      TensorId mean =
          graph.add(name("mean"), AvgPool2d{.over_time = rng.below(3) == 0, .over_freq = rng.below(3) > 0}, {x});
      if (rng.below(2) == 0) mean = graph.add(name("gate"), Activate{.function = Function::gate}, {mean});
      x = graph.add(name("broadcast"), Add{.relu = rng.below(2) == 0}, {x, mean});
    }
    if (graph.shape(x) != map) continue;
    const bool swapped = rng.below(2) == 0;
    x = graph.add(name("add"), Add{.relu = rng.below(2) == 0}, swapped ? std::vector{skip, x} : std::vector{x, skip});
  }
  if (rng.below(2) == 0) x = graph.add(name("pool"), AvgPool2d{}, {x});
  graph.add("logits", Dense{.units = classes}, {x});
  return graph;
}

/// Layers without padding in time, at random, so that a stream may take them on by new frames: windows that stride or
/// have gaps, branches that are added, means over frequency, tables; behind them a mean over all, a recurrent layer, a
/// padded convolution or a dense layer alone.
inline Graph random_flow(const Shape& input, int classes, std::uint64_t seed) {
  Rng rng({seed, 12});
  Graph graph(input);
  int number = 0;
  const auto name = [&](const char* kind) { return kind + std::to_string(number++); };
  const auto fits = [&](const Shape& map, const auto& op) {
    return map.time > 2 * (op.kernel.time - 1) * op.dilation.time;
  };
  TensorId x = 0;
  Conv2d conv;
  conv.filters = rng.between(1, 20);
  conv.kernel = {rng.between(1, 6), rng.between(1, std::min(4, input.freq))};
  conv.stride = {rng.between(1, 2), rng.between(1, 2)};
  conv.padding = {Padding::valid, rng.below(2) == 0 ? Padding::valid : Padding::same};
  conv.relu = true;
  x = graph.add(name("conv"), conv, {x});
  for (int block = rng.between(0, 3); block > 0; --block) {
    Depthwise2d depthwise;
    const Shape map = graph.shape(x);
    depthwise.kernel = {rng.between(1, 4), map.freq > 1 ? rng.between(1, 3) : 1};
    depthwise.dilation = {rng.between(1, 2), 1};
    depthwise.stride = {rng.below(4) == 0 ? 2 : 1, 1};
    depthwise.padding = {Padding::valid, Padding::same};
    if (map.freq > 1 && rng.below(3) == 0) depthwise.bands = 2;
    if (fits(map, depthwise)) x = graph.add(name("dw"), depthwise, {x});
    const TensorId skip = x;
    const int channels = graph.shape(x).channels;
    const int filters = rng.below(2) == 0 ? channels : rng.between(1, 20);
    x = graph.add(name("pw"), Conv2d{.filters = filters, .kernel = {1, 1}, .stride = {1, 1}}, {x});
    if (rng.below(3) == 0) x = graph.add(name("swish"), Activate{.function = Function::swish}, {x});
    if (rng.below(3) == 0) {
      const TensorId mean = graph.add(name("mean"), AvgPool2d{.over_time = false}, {x});
      x = graph.add(name("broadcast"), Add{}, {x, mean});
    }
    if (filters == channels) x = graph.add(name("add"), Add{.relu = true}, {x, skip});
    // Around windows without padding: the other way is longer.
    if (rng.below(2) == 0) {
      const TensorId from = x;
      Depthwise2d inner{.kernel = {rng.between(2, 5), 1}, .stride = {rng.between(1, 2), 1}, .padding = Padding::valid};
      if (!fits(graph.shape(x), inner)) continue;
      x = graph.add(name("inner"), inner, {x});
      const bool match = inner.stride.time > 1 || rng.below(2) == 0;
      const int width = match ? rng.between(1, 20) : graph.shape(from).channels;
      const Conv2d wide{.filters = width, .kernel = {1, 1}, .stride = inner.stride};
      x = graph.add(name("wide"), Conv2d{.filters = width, .kernel = {1, 1}, .stride = {1, 1}}, {x});
      x = graph.add(name("around"), Add{.crop = true}, {x, match ? graph.add(name("match"), wide, {from}) : from});
    }
  }
  switch (rng.below(5)) {
    case 0:
      x = graph.add("gru", Gru{.cells = 5}, {x});
      break;
    case 1:
      x = graph.add("padded", Conv2d{.filters = 3, .kernel = {3, 1}, .stride = {2, 1}}, {x});
      x = graph.add("linear", Dense{.units = 9}, {x});
      break;
    case 2:
      break;
    default:
      x = graph.add("pool", AvgPool2d{}, {x});
  }
  graph.add("logits", Dense{.units = classes}, {x});
  return graph;
}

/// A model with everything an export needs, owned in one place.
struct Exportable {
  explicit Exportable(const Int8Model& model, const FeatureOptions& options) : network(model), front_end(options) {
    for (int i = 0; i < front_end.coefficients(); ++i) {
      norm.mean.push_back(static_cast<float>(i == 0 ? -30.0 : 0.25 * i));
      norm.deviation.push_back(1.5F + 0.125F * static_cast<float>(i));
    }
  }
  [[nodiscard]] ExportModel model(int golden = 2) const {
    ExportInfo info{.name = "tiny",
                    .type = "dnn",
                    .labels = {},
                    .float_accuracy = 0.9312,
                    .int8_accuracy = 0.928,
                    .accuracy_split = "testing",
                    .seed = 7,
                    .design_hash = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                    .generator = "kwsmith test"};
    for (int i = 0; i < network.classes(); ++i) info.labels.push_back("word" + std::to_string(i));
    return {.info = info,
            .network = network,
            .front_end = front_end,
            .normalisation = norm,
            .golden = synthetic_golden(network, golden)};
  }
  Int8Model network;
  FrontEnd front_end;
  Normalisation norm;
};

/// 25 frames of 10 coefficients.
inline FeatureOptions small_features() { return {.stride_ms = 40}; }

}  // namespace kws::test
