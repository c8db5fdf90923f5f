#include <algorithm>

#include "kws/cost/cost.h"

namespace kws {
namespace {

/// The figures of one layer that its name and shape do not give.
struct Counts {
  std::int64_t weights = 0;  ///< weights, peepholes included
  std::int64_t biases = 0;
  std::int64_t norms = 0;  ///< in place of biases, and of the scales among the weights, as networks are trained
  std::int64_t macs = 0;
  std::int64_t bias_adds = 0;
  std::int64_t element_ops = 0;    ///< element-wise recurrent work beyond the bias adds
  std::int64_t working_bytes = 0;  ///< one byte an element
};

/// Numbers of a convolution's norm of that size. One without norm is counted with a bias only where it has an
/// activation: what is linear behind it has one.
std::int64_t norms_of(Norm norm, bool relu, std::int64_t size) {
  if (norm == Norm::affine) return 2 * size;
  return norm == Norm::beta || relu ? size : 0;
}

/// The paper's counting rule, one call per layer.
/// Source: found by arithmetic on the figures of the 21 published networks, arXiv:1711.07128: KB are 1,000 bytes, a MAC
/// is two operations, bias adds count, batch norm is folded, activation and pooling work in place and cost nothing. For
/// what the paper does not have, one operation counts for each addition of a residual or a mean over one direction, and
/// tensors that wait for a later layer are held beside those at work.
struct Rule {
  const Shape& in;
  const Shape& out;
  const Shape& second;

  [[nodiscard]] std::int64_t in_and_out() const { return std::int64_t{in.elements()} + out.elements(); }
  [[nodiscard]] std::int64_t positions() const { return std::int64_t{out.time} * out.freq; }

  Counts operator()(const Conv2d& op) const {
    const std::int64_t weights = std::int64_t{op.filters} * op.kernel.time * op.kernel.freq * in.channels;
    return {.weights = weights,
            .biases = op.filters,
            .norms = norms_of(op.norm, op.relu, op.filters),
            .macs = positions() * weights,
            .bias_adds = out.elements(),
            .working_bytes = in_and_out()};
  }
  Counts operator()(const Depthwise2d& op) const {
    const std::int64_t products = std::int64_t{op.kernel.time} * op.kernel.freq * in.channels;
    // A sub-spectral norm keeps a scale and a bias for each band of each channel.
    const std::int64_t rows = std::int64_t{op.bands} * in.channels;
    const std::int64_t scales = op.bands > 1 ? rows : 0;
    return {.weights = products + scales,
            .biases = rows,
            .norms = norms_of(op.norm, op.relu, rows) - scales,
            .macs = positions() * products,
            .bias_adds = out.elements(),
            .working_bytes = in_and_out()};
  }
  /// In one direction alone its sums count, and it has a map of its own.
  Counts operator()(const AvgPool2d& op) const {
    if (op.over_time && op.over_freq) return {.working_bytes = in.elements()};
    return {.element_ops = in.elements(), .working_bytes = in_and_out()};
  }
  /// In place of its first input where nobody else reads that.
  Counts operator()(const Add& /*op*/) const {
    return {.element_ops = out.elements(), .working_bytes = in.elements() + std::int64_t{second.elements()}};
  }
  Counts operator()(const Activate& /*op*/) const { return {.working_bytes = in.elements()}; }
  Counts operator()(const Dense& op) const {
    const std::int64_t weights = std::int64_t{op.units} * in.elements();
    return {.weights = weights,
            .biases = op.units,
            .norms = op.norm == Norm::affine ? 2 * std::int64_t{op.units} : op.units,
            .macs = weights,
            .bias_adds = op.units,
            .working_bytes = in_and_out()};
  }
  // Recurrent layers hold the whole input and the gate vector of one step. The element-wise factors are the natural
  // integers that reproduce the published operations: 4 and 12 a cell and step for the LSTMs, 5 for the GRU.
  Counts operator()(const Lstm& op) const {
    const std::int64_t n = op.cells;
    const std::int64_t products = 4 * n * (in.step() + out.channels) + n * op.projection;
    return {.weights = products + (op.peepholes ? 3 * n : 0),
            .biases = 4 * n,
            .norms = 4 * n,
            .macs = in.time * products,
            .bias_adds = in.time * 4 * n,
            .element_ops = in.time * (op.peepholes ? 12 : 4) * n,
            .working_bytes = in.elements() + (op.projection > 0 ? 5 : 4) * n};
  }
  Counts operator()(const Gru& op) const {
    const std::int64_t n = op.cells;
    const std::int64_t products = 3 * n * (in.step() + n);
    return {.weights = products,
            .biases = 3 * n,
            .norms = 3 * n,
            .macs = in.time * products,
            .bias_adds = in.time * 3 * n,
            .element_ops = in.time * 5 * n,
            .working_bytes = in.elements() + 3 * n};
  }
};

Counts count(const Layer& layer) {
  Counts counts = std::visit(Rule{layer.input, layer.output, layer.second}, layer.op);
  counts.working_bytes += layer.held;
  return counts;
}

std::int64_t parameters(const Counts& c) { return c.weights + c.biases; }
std::int64_t operations(const Counts& c) { return 2 * c.macs + c.bias_adds + c.element_ops; }

}  // namespace

Cost hello_edge_cost(const Graph& graph) {
  Cost cost;
  for (const Layer& layer : graph.layers()) {
    const Counts counts = count(layer);
    const LayerCost& row = cost.layers.emplace_back(LayerCost{.name = layer.name,
                                                              .op = op_name(layer.op),
                                                              .parameters = parameters(counts),
                                                              .parameters_unfolded = counts.weights + counts.norms,
                                                              .macs = counts.macs,
                                                              .ops = operations(counts),
                                                              .working_bytes = counts.working_bytes,
                                                              .output = layer.output});
    cost.parameters += row.parameters;
    cost.parameters_unfolded += row.parameters_unfolded;
    cost.macs += row.macs;
    cost.ops += row.ops;
    cost.working_bytes = std::max(cost.working_bytes, row.working_bytes);
  }
  cost.memory_bytes = cost.parameters + cost.working_bytes;
  return cost;
}

std::int64_t hello_edge_ops(const Layer& layer) { return operations(count(layer)); }

CostTotals hello_edge_totals(const Graph& graph) {
  CostTotals totals;
  std::int64_t working_bytes = 0;
  for (const Layer& layer : graph.layers()) {
    const Counts counts = count(layer);
    totals.memory_bytes += parameters(counts);
    totals.ops += operations(counts);
    working_bytes = std::max(working_bytes, counts.working_bytes);
  }
  totals.memory_bytes += working_bytes;
  return totals;
}

}  // namespace kws
