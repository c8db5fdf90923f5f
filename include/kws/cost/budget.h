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
  Core core = Core::m4;  ///< that flash, RAM and time are counted for
  int clock_hz = 0;      ///< of the core, where time is limited
  int hop_ms = 0;        ///< see Part, as the next two
  bool carry_state = false;
  bool fpu = true;

  /// That flash, RAM and time are counted for.
  [[nodiscard]] Part target() const;
  /// The same where the measures of the part are to be counted; nothing where none is limited.
  [[nodiscard]] std::optional<Part> part() const;
  /// What is limited, in the order of measures(); it must be found in `needs`.
  [[nodiscard]] std::vector<LimitUse> uses(const Needs& needs) const;
  [[nodiscard]] bool fits(const Needs& needs) const;
  /// Of it that a design takes: the largest share of its limits, 1 = all of it; 0 without limits.
  [[nodiscard]] double share(const Needs& needs) const;
  /// "small (81,920 bytes of memory, 6,000,000 operations)" has this in brackets.
  [[nodiscard]] std::string limits_text() const;
};

/// small 80 KiB / 6 MOps, medium 200 KiB / 20 MOps, large 500 KiB / 80 MOps per inference.
const std::vector<Budget>& standard_budgets();
/// throws Error (Exit::usage) naming the known budgets.
const Budget& budget_by_name(std::string_view name);
/// Names of the standard budgets that the totals keep.
std::vector<std::string> fitting_budgets(const CostTotals& totals);

/// The needs of a design as exported with `options`; without a part no flash, RAM and time.
Needs needs_of(const Design& design, const std::optional<Part>& part, const FirmwareOptions& options = {});

/// One line that names every limit the design breaks, the largest part of flash and RAM, and what would keep a limit of
/// time: a longer hop, fewer multiply-accumulates, state that is kept. "": it keeps all.
std::string over_budget(const Design& design, const Budget& budget, const FirmwareOptions& options = {});
/// The hop of FirmwareOptions, or the next longer one at which the design keeps the budget's limits of time; 0: none up
/// to kLongestHopThatHears, or half of a shorter clip; of a carried state a multiple of its steps, within its window.
int hop_that_keeps(const Design& design, const Budget& budget, const FirmwareOptions& options = {});
/// Half a window: a word of half a second still lies in one of them as a whole.
inline constexpr int kLongestHopThatHears = 500;

///   throws  Error (Exit::over_budget) with that line
void require_fit(const Design& design, const Budget& budget, const FirmwareOptions& options = {});

}  // namespace kws
