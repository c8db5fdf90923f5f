#include <numeric>

#include "kws/cost/cost.h"

namespace kws {
namespace {

constexpr std::int64_t kBiasBytes = 4;       ///< int32
constexpr std::int64_t kScaleBytes = 4 + 1;  ///< int32 multiplier, int8 shift

/// Product of int8 weights [rows, columns] with the layer's input.
std::int64_t product(std::int64_t rows, std::int64_t columns) { return rows * (columns + kBiasBytes + kScaleBytes); }

/// Product with a value inside a recurrent layer: zero point 0 and so no bias.
std::int64_t inner_product(std::int64_t rows, std::int64_t columns) { return rows * (columns + kScaleBytes); }

struct ConstantBytes {
  const Shape& in;
  const Shape& out;
  std::int64_t operator()(const Conv2d& op) const {
    return product(op.filters, std::int64_t{op.kernel.time} * op.kernel.freq * in.channels);
  }
  std::int64_t operator()(const Depthwise2d& op) const {
    return product(in.channels, std::int64_t{op.kernel.time} * op.kernel.freq);
  }
  /// One multiplier and one shift for all channels.
  std::int64_t operator()(const AvgPool2d& /*op*/) const { return kScaleBytes; }
  std::int64_t operator()(const Dense& op) const { return product(op.units, in.elements()); }
  std::int64_t operator()(const Lstm& op) const {
    const std::int64_t gates = std::int64_t{4} * op.cells;
    std::int64_t bytes = product(gates, in.step()) + inner_product(gates, out.channels);
    if (op.projection > 0) bytes += inner_product(op.projection, op.cells);
    // Three gates see the cell; each has one scale for all its weights.
    if (op.peepholes) bytes += 3 * (op.cells + kScaleBytes);
    return bytes;
  }
  std::int64_t operator()(const Gru& op) const {
    const std::int64_t gates = std::int64_t{3} * op.cells;
    return product(gates, in.step()) + inner_product(gates, op.cells);
  }
};

}  // namespace

std::int64_t constant_bytes(const Layer& layer) {
  return std::visit(ConstantBytes{layer.input, layer.output}, layer.op);
}

std::int64_t constant_bytes(const Graph& graph) {
  const auto& layers = graph.layers();
  return std::accumulate(layers.begin(), layers.end(), std::int64_t{0},
                         [](std::int64_t sum, const Layer& layer) { return sum + constant_bytes(layer); });
}

}  // namespace kws
