#include "kws/cost/budget.h"

#include <algorithm>
#include <cassert>

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

std::array<LimitUse, 4> Budget::uses(const Needs& needs) const {
  assert(needs.firmware || !limits_firmware());
  const FirmwareSizes firmware = needs.firmware.value_or(FirmwareSizes{});
  return {{{.unit = "bytes of memory", .limit = max_memory_bytes, .need = needs.memory_bytes},
           {.unit = "operations", .limit = max_ops, .need = needs.ops},
           {.unit = "bytes of flash", .limit = max_flash_bytes, .need = firmware.flash_bytes},
           {.unit = "bytes of RAM", .limit = max_ram_bytes, .need = firmware.ram_bytes}}};
}

bool Budget::fits(const Needs& needs) const { return std::ranges::none_of(uses(needs), &LimitUse::broken); }

const std::vector<Budget>& standard_budgets() {
  // Limits are KiB: read as 1,000 bytes, two of the paper's own winners would break their class.
  static const std::vector<Budget> budgets = {
      {"small", 80 * 1024, 6'000'000}, {"medium", 200 * 1024, 20'000'000}, {"large", 500 * 1024, 80'000'000}};
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
  const auto core = budget.limits_firmware() ? std::optional(budget.core) : std::nullopt;
  const std::array<LimitUse, 4> uses = budget.uses(needs_of(design, core, options));
  const auto use = std::ranges::find_if(uses, &LimitUse::broken);
  if (use == uses.end()) return;
  std::string fact = design.name + ": needs " + grouped(use->need) + " " + std::string(use->unit) + ", budget \"" +
                     budget.name + "\" allows " + grouped(*use->limit);
  const bool flash = use->unit == "bytes of flash";
  if (flash || use->unit == "bytes of RAM") {
    const FirmwareCost cost = firmware_cost(design.features, build_graph(design), options);
    fact += "; largest part: " + largest_part(cost, budget.core, flash);
  }
  throw Error(fact + "; take a smaller design or raise the limit", Exit::over_budget);
}

}  // namespace kws
