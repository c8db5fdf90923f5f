#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kws/cost/cost.h"
#include "kws/cost/firmware.h"
#include "kws/cost/measure.h"

namespace kws {

/// Limits a design must keep; every limit that is set counts.
struct Budget {
  std::string name;  ///< "small", "medium", "large", "custom" or a board's
  Limits limits;
  Core core = Core::m4;  ///< that flash and RAM are counted for

  /// That the measures of the part are to be counted for; nothing where none is limited.
  [[nodiscard]] std::optional<Core> part() const;
  /// What is limited, in the order of measures(); it must be found in `needs`.
  [[nodiscard]] std::vector<LimitUse> uses(const Needs& needs) const;
  [[nodiscard]] bool fits(const Needs& needs) const;
  /// "small (81,920 bytes of memory, 6,000,000 operations)" has this in brackets.
  [[nodiscard]] std::string limits_text() const;
};

/// small 80 KiB / 6 MOps, medium 200 KiB / 20 MOps, large 500 KiB / 80 MOps per inference.
const std::vector<Budget>& standard_budgets();
/// throws Error (Exit::usage) naming the known budgets.
const Budget& budget_by_name(std::string_view name);
/// Names of the standard budgets that the totals keep.
std::vector<std::string> fitting_budgets(const CostTotals& totals);

/// The needs of a design as exported with `options`; flash and RAM of `core`, none: not found.
Needs needs_of(const Design& design, std::optional<Core> core, const FirmwareOptions& options = {});

///   throws  Error (Exit::over_budget) naming the first limit the design breaks and, for flash and RAM, the largest
///   part
void require_fit(const Design& design, const Budget& budget, const FirmwareOptions& options = {});

}  // namespace kws
