#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kws/cost/cost.h"
#include "kws/cost/firmware.h"

namespace kws {

/// What a design takes of all that a budget may limit. Flash and RAM need longer to be found: only where a limit asks.
struct Needs {
  std::int64_t memory_bytes = 0;
  std::int64_t ops = 0;
  std::optional<FirmwareSizes> firmware = {};
};

/// One of the things a budget may limit.
struct LimitUse {
  std::string_view unit;  ///< "bytes of memory", "operations", "bytes of flash", "bytes of RAM"
  std::optional<std::int64_t> limit;
  std::int64_t need = 0;
  [[nodiscard]] bool broken() const { return limit && need > *limit; }
};

/// Limits a design must keep; every limit that is set counts.
struct Budget {
  std::string name;                                  ///< "small", "medium", "large", "custom" or a board's
  std::optional<std::int64_t> max_memory_bytes;      ///< by the hello_edge rule, as max_ops
  std::optional<std::int64_t> max_ops;               ///< per inference
  std::optional<std::int64_t> max_flash_bytes = {};  ///< of the export, see FirmwareSizes
  std::optional<std::int64_t> max_ram_bytes = {};
  Core core = Core::m4;  ///< that flash and RAM are counted for

  [[nodiscard]] bool limits_firmware() const { return max_flash_bytes || max_ram_bytes; }
  /// Memory, operations, flash, RAM. Where flash or RAM is limited, needs.firmware must be there.
  [[nodiscard]] std::array<LimitUse, 4> uses(const Needs& needs) const;
  [[nodiscard]] bool fits(const Needs& needs) const;
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
