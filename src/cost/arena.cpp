#include <algorithm>

#include "kws/cost/cost.h"

namespace kws {
namespace {

constexpr int kWord = 4;  ///< scratch holds 16-bit values; a word keeps their loads fast

int aligned(int bytes) { return (bytes + kWord - 1) / kWord * kWord; }

/// Bytes a layer needs beside its input and output while it runs: what the kernels' KWS_..._SCRATCH macros say; the
/// exported code fails to compile where the two differ.
struct Scratch {
  int operator()(const Conv2d& /*op*/) const { return 0; }
  int operator()(const Depthwise2d& /*op*/) const { return 0; }
  int operator()(const AvgPool2d& /*op*/) const { return 0; }
  int operator()(const Dense& /*op*/) const { return 0; }
  /// int16 cell state [n], int8 m8 [n], int8 h8 [output]
  int operator()(const Lstm& op) const { return 3 * op.cells + (op.projection > 0 ? op.projection : op.cells); }
  /// int16 h16 [n], int8 h8 [n]
  int operator()(const Gru& op) const { return 3 * op.cells; }
};

}  // namespace

ArenaPlan plan_arena(const Graph& graph) {
  ArenaPlan plan;
  bool input_first = true;
  for (const Layer& layer : graph.layers()) {
    const int scratch = std::visit(Scratch{}, layer.op);
    const int low = input_first ? layer.input.elements() : layer.output.elements();
    const int high = input_first ? layer.output.elements() : layer.input.elements();
    const int scratch_offset = aligned(low);
    plan.steps.push_back({.scratch_offset = scratch_offset, .scratch_bytes = scratch});
    plan.bytes = std::max(plan.bytes, (scratch > 0 ? scratch_offset + scratch : low) + high);
    input_first = !input_first;
  }
  // The upper end is known only now: what lies there ends with the arena.
  input_first = true;
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const Layer& layer = graph.layers()[i];
    plan.steps[i].input_offset = input_first ? 0 : plan.bytes - layer.input.elements();
    plan.steps[i].output_offset = input_first ? plan.bytes - layer.output.elements() : 0;
    input_first = !input_first;
  }
  return plan;
}

}  // namespace kws
