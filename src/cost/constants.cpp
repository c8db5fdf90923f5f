#include <numeric>

#include "kws/cost/cost.h"
#include "sizes.h"

namespace kws {
namespace {

struct ArraySizes {
  const Shape& in;
  const Shape& out;

  /// One or more scales: int32 multipliers, int8 shifts.
  static ArrayBytes scales(std::int64_t rows) { return ArrayBytes::of(4 * rows) + ArrayBytes::of(rows); }
  /// Product with a value inside a recurrent layer: int8 weights [rows, columns], zero point 0 and so no bias.
  static ArrayBytes inner_product(std::int64_t rows, std::int64_t columns) {
    return ArrayBytes::of(rows * columns) + scales(rows);
  }
  /// Product with the layer's input: with int32 biases.
  static ArrayBytes product(std::int64_t rows, std::int64_t columns) {
    return inner_product(rows, columns) + ArrayBytes::of(4 * rows);
  }

  ArrayBytes operator()(const Conv2d& op) const {
    return product(op.filters, std::int64_t{op.kernel.time} * op.kernel.freq * in.channels);
  }
  ArrayBytes operator()(const Depthwise2d& op) const {
    const std::int64_t rows = std::int64_t{op.bands} * in.channels;
    return ArrayBytes::of(std::int64_t{op.kernel.time} * op.kernel.freq * in.channels) + scales(rows) +
           ArrayBytes::of(4 * rows);
  }
  /// Factors and shift are parameters, no arrays.
  ArrayBytes operator()(const Add& /*op*/) const { return {}; }
  ArrayBytes operator()(const Activate& /*op*/) const { return ArrayBytes::of(256); }
  /// One multiplier and one shift for all channels.
  ArrayBytes operator()(const AvgPool2d& /*op*/) const { return scales(1); }
  ArrayBytes operator()(const Dense& op) const { return product(op.units, in.elements()); }
  ArrayBytes operator()(const Lstm& op) const {
    const std::int64_t gates = std::int64_t{4} * op.cells;
    ArrayBytes bytes = product(gates, in.step()) + inner_product(gates, out.channels);
    if (op.projection > 0) bytes = bytes + inner_product(op.projection, op.cells);
    // Three gates see the cell; each has one scale for all its weights.
    if (op.peepholes) bytes = bytes + ArrayBytes::of(std::int64_t{3} * op.cells) + scales(3);
    return bytes;
  }
  ArrayBytes operator()(const Gru& op) const {
    const std::int64_t gates = std::int64_t{3} * op.cells;
    return product(gates, in.step()) + inner_product(gates, op.cells);
  }
};

}  // namespace

ArrayBytes constant_arrays(const Layer& layer) { return std::visit(ArraySizes{layer.input, layer.output}, layer.op); }

std::int64_t constant_bytes(const Layer& layer) { return constant_arrays(layer).bytes; }

std::int64_t constant_bytes(const Graph& graph) {
  const auto& layers = graph.layers();
  return std::accumulate(layers.begin(), layers.end(), std::int64_t{0},
                         [](std::int64_t sum, const Layer& layer) { return sum + constant_bytes(layer); });
}

}  // namespace kws
