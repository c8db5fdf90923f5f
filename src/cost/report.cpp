#include "kws/core/options.h"
#include "kws/cost/budget.h"

namespace kws {

Json cost_to_json(const Design& design) {
  const Graph graph = build_graph(design);
  const Cost cost = hello_edge_cost(graph);
  Json layers = Json::array();
  for (std::size_t i = 0; i < cost.layers.size(); ++i) {
    const LayerCost& row = cost.layers[i];
    layers.push_back({{"name", row.name},
                      {"op", row.op},
                      {"parameters", row.parameters},
                      {"macs", row.macs},
                      {"ops", row.ops},
                      {"working_bytes", row.working_bytes},
                      {"weight_bytes", constant_bytes(graph.layers()[i])},
                      {"output", {row.output.time, row.output.freq, row.output.channels}}});
  }
  return {{"name", design.name},
          {"type", design.type()},
          {"parameters", cost.parameters},
          {"macs", cost.macs},
          {"hello_edge",
           {{"memory_bytes", cost.memory_bytes},
            {"ops", cost.ops},
            {"fits", fitting_budgets({.memory_bytes = cost.memory_bytes, .ops = cost.ops})}}},
          {"firmware", {{"ram_bytes", plan_arena(graph).bytes}, {"weight_bytes", constant_bytes(graph)}}},
          {"layers", std::move(layers)}};
}

}  // namespace kws
