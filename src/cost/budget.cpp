#include "kws/cost/budget.h"

#include <algorithm>
#include <cassert>
#include <tuple>

#include "kws/core/options.h"
#include "kws/core/table.h"

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

}  // namespace

std::optional<Core> Budget::part() const { return limits.limits(true) ? std::optional(core) : std::nullopt; }

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
  const std::string near = nearest_name(name, known);
  throw Error("budget " + Json(name).dump(-1, ' ', true, Json::error_handler_t::replace) + ": unknown; " +
                  (near.empty() ? "one of small, medium, large" : "did you mean \"" + near + "\"?"),
              Exit::usage);
}

std::vector<std::string> fitting_budgets(const CostTotals& totals) {
  std::vector<std::string> names;
  for (const Budget& budget : standard_budgets()) {
    if (budget.fits({.memory_bytes = totals.memory_bytes, .ops = totals.ops})) names.push_back(budget.name);
  }
  return names;
}

Needs needs_of(const Design& design, std::optional<Core> core, const FirmwareOptions& options) {
  const Graph graph = build_graph(design);
  const CostTotals totals = hello_edge_totals(graph);
  Needs needs{.memory_bytes = totals.memory_bytes, .ops = totals.ops};
  if (core) needs.firmware = firmware_sizes(design.features, graph, *core, options);
  return needs;
}

void require_fit(const Design& design, const Budget& budget, const FirmwareOptions& options) {
  const std::vector<LimitUse> uses = budget.uses(needs_of(design, budget.part(), options));
  const auto use = std::ranges::find_if(uses, &LimitUse::broken);
  if (use == uses.end()) return;
  std::string fact = design.name + ": needs " + use->measure->text(use->need) + ", budget \"" + budget.name +
                     "\" allows " + use->measure->amount(use->limit);
  const bool flash = use->measure->id == MeasureId::flash;
  if (flash || use->measure->id == MeasureId::ram) {
    const FirmwareCost cost = firmware_cost(design.features, build_graph(design), options);
    fact += "; largest part: " + largest_part(cost, budget.core, flash);
  }
  throw Error(fact + "; take a smaller design or raise the limit", Exit::over_budget);
}

}  // namespace kws
