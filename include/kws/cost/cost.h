#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "kws/cost/kernel.h"
#include "kws/families/design.h"
#include "kws/graph/graph.h"

namespace kws {

/// What one layer takes; rows of a report add up to its totals.
struct LayerCost {
  std::string name;
  std::string_view op;
  std::int64_t parameters = 0;  ///< weights + biases, batch norm folded
  /// As most papers count: gamma and beta of a batch norm in place of a bias, none for a convolution without either
  /// norm or activation.
  std::int64_t parameters_unfolded = 0;
  std::int64_t macs = 0;           ///< multiply-accumulates per inference
  std::int64_t ops = 0;            ///< hello_edge rule: 2 per MAC, 1 per bias add, element-wise recurrent work
  std::int64_t working_bytes = 0;  ///< hello_edge rule: input + output (+ gates) while this layer runs
  Shape output;
};

struct Cost {
  std::vector<LayerCost> layers;
  std::int64_t parameters = 0;
  std::int64_t parameters_unfolded = 0;
  std::int64_t macs = 0;
  std::int64_t ops = 0;
  std::int64_t working_bytes = 0;  ///< the largest layer's
  std::int64_t memory_bytes = 0;   ///< parameters + working_bytes, one byte each
};

/// Memory and operations by the paper's rule (facts section 4): reproduces the published figures of all 21 networks.
Cost hello_edge_cost(const Graph& graph);

/// Totals of the same rule without the per-layer rows: nothing is allocated, for filtering a million designs.
struct CostTotals {
  std::int64_t memory_bytes = 0;
  std::int64_t ops = 0;
};
CostTotals hello_edge_totals(const Graph& graph);
/// Operations of one layer by that rule.
std::int64_t hello_edge_ops(const Layer& layer);

/// Arena of the exported C. Each tensor between two layers lies at the bottom or at the top of the arena, so that a
/// layer's input and output overlap as far as its kernel allows: the output's front follows behind what the kernel has
/// finished reading, upwards or, with `reverse`, from the end. Of all such plans the smallest is taken. The last
/// layer's output is the caller's. Every place begins at a word, bytes is a multiple of 4.
struct ArenaPlan {
  struct Step {
    int input_offset = 0;
    int second_offset = 0;  ///< of the second input of an Add
    int output_offset = 0;  ///< of the last layer: no place of its own
    int scratch_offset = 0;
    int scratch_bytes = 0;
    bool reverse = false;  ///< convolutions compute their positions from last to first
  };
  std::vector<Step> steps;  ///< one per layer
  int bytes = 0;
};
/// What runs the layers. cmsis_nn: those of on_cmsis_nn() on that library (export/runtime/kws_cmsis.h), whose output
/// may not overlap its input, with scratch enough for every core; other convolutions do not overlap either, because
/// `reverse` is the first plan's.
enum class ArenaKind { kernels, cmsis_nn };
ArenaPlan plan_arena(const Graph& graph, ArenaKind kind = ArenaKind::kernels);

/// Bytes of the constant arrays that the exporter writes for a layer: int8 weights, and for each output row of each
/// product an int32 multiplier and an int8 shift; an int32 bias for each row of the product with the layer's input
/// alone, because the recurrent and projection rows have none (see quant/int8_model.h for the products of a layer).
std::int64_t constant_bytes(const Layer& layer);
/// The sum over all layers.
std::int64_t constant_bytes(const Graph& graph);

/// One entry of kwsmith.cost/1 `designs`; rows of `layers` add up to the totals, those of `firmware.arena` say where
/// each tensor lies and during which layers.
nlohmann::ordered_json cost_to_json(const Design& design);

}  // namespace kws
