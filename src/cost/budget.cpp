#include <string>

#include "kws/core/options.h"
#include "kws/cost/cost.h"

namespace kws {

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
    if (budget.fits(totals)) names.push_back(budget.name);
  }
  return names;
}

}  // namespace kws
