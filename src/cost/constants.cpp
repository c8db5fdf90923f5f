#include <numeric>

#include "kws/cost/cost.h"

namespace kws {
namespace {

constexpr std::int64_t kRowBytes = 4 + 4 + 1;  ///< int32 bias, int32 multiplier, int8 shift

/// One product of int8 weights [rows, columns].
std::int64_t product(std::int64_t rows, std::int64_t columns) { return rows * (columns + kRowBytes); }

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
  std::int64_t operator()(const AvgPool2d& /*op*/) const { return 4 + 1; }
  std::int64_t operator()(const Dense& op) const { return product(op.units, in.elements()); }
  std::int64_t operator()(const Lstm& op) const {
    const std::int64_t gates = std::int64_t{4} * op.cells;
    std::int64_t bytes = product(gates, in.step()) + product(gates, out.channels);
    if (op.projection > 0) bytes += product(op.projection, op.cells);
    // Per gate that sees the cell: int8 weights [cells], one int32 multiplier, one int8 shift.
    if (op.peepholes) bytes += std::int64_t{3} * (op.cells + 4 + 1);
    return bytes;
  }
  std::int64_t operator()(const Gru& op) const {
    const std::int64_t gates = std::int64_t{3} * op.cells;
    return product(gates, in.step()) + product(gates, op.cells);
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
