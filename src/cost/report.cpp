#include "report.h"

#include <cmath>

#include "kws/core/options.h"
#include "kws/cost/budget.h"
#include "kws/cost/cost.h"
#include "kws/cost/firmware.h"
#include "real_time.h"

namespace kws {
namespace {

Json range_json(Core core, const FirmwareCost::Work& work) {
  const CycleRange range = cycle_range(core, work);
  return {{"low", range.low}, {"high", range.high}};
}

Json rows_json(std::span<const FirmwareCost::Row> rows) {
  Json json = Json::object();
  for (const FirmwareCost::Row& row : rows) json[row.name] = row.bytes;
  return json;
}

/// What lies where in the arena, and from which layer to which one. The last tensor is the caller's.
Json arena_rows(const Graph& graph) {
  const ArenaPlan plan = plan_arena(graph);
  const std::vector<Layer>& layers = graph.layers();
  Json rows = Json::array();
  const auto add = [&](const std::string& what, int first, int last, int offset, int bytes) {
    rows.push_back({{"what", what}, {"layers", {first, last}}, {"offset", offset}, {"bytes", bytes}});
  };
  add("features", 0, graph.last_reader(0), plan.steps.front().input_offset, graph.input().elements());
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const int at = static_cast<int>(i);
    const ArenaPlan::Step& step = plan.steps[i];
    if (step.scratch_bytes > 0) add(layers[i].name + " scratch", at, at, step.scratch_offset, step.scratch_bytes);
    if (i + 1 == layers.size()) continue;
    add(layers[i].name, at, graph.last_reader(at + 1), step.output_offset, layers[i].output.elements());
  }
  return rows;
}

}  // namespace

Json instructions_to_json(const PerCore<FirmwareCost::Work>& work) {
  Json json = Json::object();
  for (const Core core : kCores) json[core_name(core)] = std::llround(of(work, core).instructions);
  return json;
}

Json firmware_to_json(const FirmwareCost& cost) {
  const FirmwareSizes sizes = cost.sizes(cost.report_core);
  Json flash = rows_json(cost.constants);
  flash["code"] = of(cost.code_bytes, cost.report_core);
  flash["library_data"] = of(cost.library_bytes, cost.report_core);
  Json ram = rows_json(cost.ram);
  ram["library_data"] = of(cost.library_bytes, cost.report_core);
  Json json = {{"core", core_name(cost.report_core)},
               {"flash_bytes", sizes.flash_bytes},
               {"ram_bytes", sizes.ram_bytes},
               {"weight_bytes", cost.constants.front().bytes},
               {"arena_bytes", cost.arena_bytes},
               {"stack_bytes", kStackBytes},
               {"hop_ms", cost.hop_ms},
               {"flash", std::move(flash)},
               {"ram", std::move(ram)},
               {"sizes", Json::object()},
               {"instructions", Json::object()},
               {"cycles", Json::object()}};
  for (const Core core : kCores) {
    const FirmwareSizes of_core = cost.sizes(core);
    const std::string name(core_name(core));
    json["sizes"][name] = {{"flash_bytes", of_core.flash_bytes},
                           {"code_bytes", of(cost.code_bytes, core)},
                           {"ram_bytes", of_core.ram_bytes}};
    json["instructions"][name] = {{"network", std::llround(of(cost.invoke, core).instructions)},
                                  {"network_of_decision", std::llround(of(cost.network, core).instructions)},
                                  {"frame", std::llround(of(cost.frame, core).instructions)},
                                  {"decision", std::llround(of(cost.hop, core).instructions)}};
    json["cycles"][name] = range_json(core, of(cost.hop, core));
    json["cycles"][name]["network"] = range_json(core, of(cost.invoke, core));
    json["cycles"][name]["frame"] = range_json(core, of(cost.frame, core));
    json["cycles"][name]["basis"] = cycle_basis(core);
  }
  return json;
}

Json cost_to_json(const Design& design) { return cost_to_json(design, FirmwareOptions{}); }

Json cost_to_json(const Design& design, const FirmwareOptions& options) {
  const Graph graph = build_graph(design);
  const Cost cost = hello_edge_cost(graph);
  const FirmwareCost firmware = firmware_cost(design.features, graph, options);
  Json layers = Json::array();
  for (std::size_t i = 0; i < cost.layers.size(); ++i) {
    const LayerCost& row = cost.layers[i];
    layers.push_back({{"name", row.name},
                      {"op", row.op},
                      {"parameters", row.parameters},
                      {"parameters_unfolded", row.parameters_unfolded},
                      {"macs", row.macs},
                      {"ops", row.ops},
                      {"working_bytes", row.working_bytes},
                      {"weight_bytes", constant_bytes(graph.layers()[i])},
                      {"instructions", instructions_to_json(firmware.layers[i])},
                      {"output", {row.output.time, row.output.freq, row.output.channels}}});
  }
  Json figures = firmware_to_json(firmware);
  figures["ops_per_second"] = ops_per_second(design.features, graph, options);
  figures["arena"] = arena_rows(graph);
  return {{"name", design.name},
          {"type", design.type()},
          {"parameters", cost.parameters},
          {"parameters_unfolded", cost.parameters_unfolded},
          {"macs", cost.macs},
          {"hello_edge",
           {{"memory_bytes", cost.memory_bytes},
            {"ops", cost.ops},
            {"fits", fitting_budgets({.memory_bytes = cost.memory_bytes, .ops = cost.ops})}}},
          {"firmware", std::move(figures)},
          {"layers", std::move(layers)}};
}

}  // namespace kws
