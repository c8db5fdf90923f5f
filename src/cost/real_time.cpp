#include "real_time.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <variant>

#include "kws/core/table.h"
#include "sizes.h"

namespace kws {
namespace {

std::string rounded_macs(double macs) {
  constexpr double kRound = 1000.0;
  return grouped(std::llround(std::floor(macs / kRound) * kRound));
}

bool keeps_pace(const Design& design, const Graph& graph, const Budget& budget, FirmwareOptions options, int hop_ms) {
  constexpr double kNone = std::numeric_limits<double>::infinity();
  const Limits& limits = budget.limits;
  options.hop_ms = hop_ms;
  if (const auto most = limits[MeasureId::ops_per_second];
      most && static_cast<double>(ops_per_second(design.features, graph, options)) > *most)
    return false;
  if (!limits.limits_time()) return true;
  const Timing time = timing_of(hop_work(design.features, graph, options), budget.core, budget.clock_hz, hop_ms);
  return time.ms_high <= limits[MeasureId::ms].value_or(kNone) &&
         time.load_high <= limits[MeasureId::load].value_or(kNone);
}

}  // namespace

FirmwareOptions on_part(const FirmwareOptions& options, const Part& part) {
  FirmwareOptions counted = options;
  counted.core = part.core;
  counted.fpu &= part.fpu;
  if (counted.hop_ms == 0) counted.hop_ms = part.hop_ms;
  counted.carry_state |= part.carry_state;
  return counted;
}

int counted_hop_ms(const FeatureOptions& features, const Graph& graph, const FirmwareOptions& options) {
  return StreamNumbers(features, graph, options).frames * features.stride_ms;
}

std::int64_t ops_per_second(const FeatureOptions& features, const Graph& graph, const FirmwareOptions& options) {
  const StreamNumbers stream(features, graph, options);
  std::int64_t ops = 0;
  if (stream.flow) {
    for (std::size_t i = 0; i < stream.flow->steps.size(); ++i) {
      const StreamPlan::Step& step = stream.flow->steps[i];
      // The rule counts nothing for a mean over all.
      if (step.part != StreamPlan::Part::whole) continue;
      ops += (i < stream.flow->in_flow ? stream.calls() : 1) * hello_edge_ops(step.layer);
    }
  } else {
    for (const Layer& layer : graph.layers()) ops += hello_edge_ops(layer);
  }
  return ops * 1000 / (std::int64_t{stream.frames} * features.stride_ms);
}

int hop_that_keeps(const Design& design, const Budget& budget, const FirmwareOptions& options) {
  const Graph graph = build_graph(design);
  const int stride = design.features.stride_ms;
  const FirmwareOptions counted = on_part(options, budget.target());
  const int first = counted_hop_ms(design.features, graph, counted);
  const std::optional<StreamPlan> carried = counted.carry_state ? plan_carried(graph) : std::nullopt;
  const int step = stride * (carried ? carried->frames : 1);
  int most = std::min(kLongestHopThatHears, design.features.clip_ms / 2);
  if (carried) most = std::min(most, stride * (graph.input().time - carried->first_frames + carried->frames));
  for (int hop = (first + step - 1) / step * step; hop <= std::max(first, most); hop += step) {
    if (keeps_pace(design, graph, budget, counted, hop)) return hop;
  }
  return 0;
}

std::string time_remedy(const Design& design, const Budget& budget, const FirmwareOptions& options) {
  const Graph graph = build_graph(design);
  const FirmwareOptions counted = on_part(options, budget.target());
  std::string text;
  const auto add = [&text](const std::string& way) { text += (text.empty() ? "" : ", or ") + way; };
  const auto add_hop = [&] {
    if (const int hop = hop_that_keeps(design, budget, options); hop > 0)
      add("decide every " + std::to_string(hop) + " ms (--hop-ms " + std::to_string(hop) + ")");
  };
  const Limits& limits = budget.limits;
  const int hop_ms = counted_hop_ms(design.features, graph, counted);
  Budget operations_alone = budget;
  operations_alone.limits = Limits();
  operations_alone.limits[MeasureId::ops_per_second] = limits[MeasureId::ops_per_second];
  if (!keeps_pace(design, graph, operations_alone, counted, hop_ms)) {  // no front end or board mends that
    add_hop();
    if (!text.empty()) return text;
    const double share =
        *limits[MeasureId::ops_per_second] / static_cast<double>(ops_per_second(design.features, graph, counted));
    add("take a design of at most about " + rounded_macs(static_cast<double>(hello_edge_cost(graph).macs) * share) +
        " MACs every " + std::to_string(hop_ms) + " ms");
    return text;
  }
  const FirmwareCost cost = firmware_cost(design.features, graph, counted);
  const Timing whole = timing_of(of(cost.hop, budget.core), budget.core, budget.clock_hz, cost.hop_ms);
  const Timing network = timing_of(of(cost.network, budget.core), budget.core, budget.clock_hz, cost.hop_ms);
  if (soft_floats(design.features, counted)) {
    Design integer = design;
    integer.features.arithmetic = "integer";
    const bool enough = keeps_pace(integer, graph, budget, counted, hop_ms);
    add(enough ? "take the integer front end" : "take the integer front end, which is not enough by itself");
  }
  add_hop();
  const double most = std::min(budget.limits[MeasureId::ms].value_or(whole.ms_high),
                               budget.limits[MeasureId::load].value_or(1.0) * whole.hop_ms);
  const double left = most - (whole.ms_high - network.ms_high);
  if (left > 0.0) {
    add("take a design of at most about " +
        rounded_macs(static_cast<double>(hello_edge_cost(graph).macs) * left / network.ms_high) + " MACs every " +
        std::to_string(whole.hop_ms) + " ms");
  }
  if (!counted.carry_state && plan_carried(graph)) {
    FirmwareOptions carried = options;
    carried.carry_state = true;
    if (hop_that_keeps(design, budget, carried) > 0) add("carry the state from frame to frame (--carry-state)");
  }
  return text.empty() ? "the front end alone takes more; take a quicker board" : text;
}

}  // namespace kws
