#include "kws/cost/budget.h"

#include <algorithm>
#include <cassert>
#include <tuple>

#include "kws/core/options.h"
#include "kws/core/table.h"
#include "kws/core/text.h"
#include "real_time.h"

namespace kws {
namespace {

/// "weights (20,880)": the row that takes most of a firmware's flash or RAM.
std::string largest_part(const FirmwareCost& cost, Core core, bool flash) {
  FirmwareCost::Row largest;
  const auto take = [&largest](const FirmwareCost::Row& row) {
    if (row.bytes > largest.bytes) largest = row;
  };
  if (flash) {
    take({.name = "code", .bytes = of(cost.code_bytes, core)});
    std::ranges::for_each(cost.constants, take);
  } else {
    std::ranges::for_each(cost.ram, take);
  }
  return std::string(largest.name) + " (" + grouped(largest.bytes) + ")";
}

void append(std::string& list, const std::string& item) { list += (list.empty() ? "" : ", ") + item; }

}  // namespace

Part Budget::target() const { return {core, clock_hz, hop_ms, carry_state, fpu}; }

std::optional<Part> Budget::part() const { return limits.limits(true) ? std::optional(target()) : std::nullopt; }

std::vector<LimitUse> Budget::uses(const Needs& needs) const {
  std::vector<LimitUse> uses;
  for (const Measure& measure : measures()) {
    const std::optional<double>& limit = limits[measure.id];
    if (!limit) continue;
    const std::optional<double> need = measure.need(needs);
    assert(need);
    uses.push_back({.measure = &measure, .limit = *limit, .need = need.value_or(0.0)});
  }
  return uses;
}

bool Budget::fits(const Needs& needs) const {
  return std::ranges::all_of(measures(), [&](const Measure& measure) {
    const std::optional<double>& limit = limits[measure.id];
    return !limit || measure.need(needs).value_or(0.0) <= *limit;
  });
}

double Budget::share(const Needs& needs) const {
  double share = 0.0;
  for (const LimitUse& use : uses(needs)) share = std::max(share, use.share());
  return share;
}

std::string Budget::limits_text() const {
  std::string text;
  for (const Measure& measure : measures()) {
    if (const std::optional<double>& limit = limits[measure.id])
      text += (text.empty() ? "" : ", ") + measure.text(*limit);
  }
  return text;
}

const std::vector<Budget>& standard_budgets() {
  // Limits are KiB: read as 1,000 bytes, two of the paper's own winners would break their class.
  static const std::vector<Budget> budgets = [] {
    std::vector<Budget> all;
    for (const auto& [name, kib, ops] : {std::tuple{"small", 80, 6e6}, {"medium", 200, 20e6}, {"large", 500, 80e6}}) {
      Budget& budget = all.emplace_back(Budget{.name = name, .limits = {}});
      budget.limits[MeasureId::memory] = kib * 1024.0;
      budget.limits[MeasureId::ops] = ops;
    }
    return all;
  }();
  return budgets;
}

const Budget& budget_by_name(std::string_view name) {
  std::vector<std::string> known;
  for (const Budget& budget : standard_budgets()) {
    if (budget.name == name) return budget;
    known.push_back(budget.name);
  }
  throw Error("budget " + Json(name).dump(-1, ' ', true, Json::error_handler_t::replace) + ": unknown; " +
                  did_you_mean(name, known, "one of " + word_list(known, ", ")),
              Exit::usage);
}

std::vector<std::string> fitting_budgets(const CostTotals& totals) {
  std::vector<std::string> names;
  for (const Budget& budget : standard_budgets()) {
    if (budget.fits({.memory_bytes = totals.memory_bytes, .ops = totals.ops})) names.push_back(budget.name);
  }
  return names;
}

Needs needs_of(const Design& design, const std::optional<Part>& part, const FirmwareOptions& options) {
  const Graph graph = build_graph(design);
  const CostTotals totals = hello_edge_totals(graph);
  Needs needs{.memory_bytes = totals.memory_bytes, .ops = totals.ops};
  if (!part) return needs;
  FirmwareOptions counted = on_part(options, *part);
  counted.hop_ms = counted_hop_ms(design.features, graph, counted);  // which takes longer to find than all below
  needs.ops_per_second = ops_per_second(design.features, graph, counted);
  needs.firmware = firmware_sizes(design.features, graph, counted);
  if (part->clock_hz > 0) {
    const FirmwareCost::Work hop = hop_work(design.features, graph, counted);
    needs.time = timing_of(hop, part->core, part->clock_hz, counted.hop_ms);
  }
  return needs;
}

std::string over_budget(const Design& design, const Budget& budget, const FirmwareOptions& options) {
  std::string needs, allowed, parts, remedies;
  bool pace = false, others = false;
  for (const LimitUse& use : budget.uses(needs_of(design, budget.part(), options))) {
    if (!use.broken()) continue;
    append(needs, use.measure->text(use.need));
    append(allowed, use.measure->amount(use.limit));
    const bool flash = use.measure->id == MeasureId::flash;
    const MeasureId id = use.measure->id;
    const bool of_pace = id == MeasureId::ms || id == MeasureId::load || id == MeasureId::ops_per_second;
    pace = pace || of_pace;
    others = others || !of_pace;
    if (!flash && use.measure->id != MeasureId::ram) continue;
    const FirmwareCost cost = firmware_cost(design.features, build_graph(design), on_part(options, *budget.part()));
    parts += "; largest part: " + largest_part(cost, budget.core, flash);
  }
  if (needs.empty()) return "";
  return design.name + ": needs " + needs + ", budget \"" + budget.name + "\" allows " + allowed + parts +
         (pace ? "; " + time_remedy(design, budget, options) : "") +
         (others ? "; take a smaller design or raise the limit" : "");
}

void require_fit(const Design& design, const Budget& budget, const FirmwareOptions& options) {
  if (const std::string line = over_budget(design, budget, options); !line.empty())
    throw Error(line, Exit::over_budget);
}

}  // namespace kws
