#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "kws/core/options.h"
#include "kws/cost/firmware.h"

namespace kws {
namespace {

/// Factors that lead from the cycle table (or from instructions) to what boards were seen to take.
struct Silicon {
  std::string_view name;
  double low, high;
  bool per_instruction;
  std::string_view basis;
};

/// Source: published MLPerf Tiny results for one network on M0+, M4, M7 and M33 boards, set against counts of the same
/// kernels under emulation; the figures stand in README.md.
constexpr PerCore<Silicon> kSilicon = {{
    {"m0", 0.65, 1.35, false, "M0 cycle table, +-35 %"},
    {"m3", 1.0, 1.3, false, "M3 cycle table, to +30 % for flash wait states"},
    {"m4", 1.0, 1.3, false, "M4 cycle table, to +30 % for flash wait states"},
    {"m7", 0.53, 0.68, false, "0.53 to 0.68 of the M4 cycle table, as boards were measured"},
    {"m33", 0.79, 0.90, false, "0.79 to 0.90 of the M4 cycle table, as boards were measured"},
    {"m55", 1.0, 1.6, true, "1.0 to 1.6 cycles an instruction, not validated"},
}};

}  // namespace

std::string_view core_name(Core core) { return of(kSilicon, core).name; }

bool may_have_fpu(Core core) { return core != Core::m0 && core != Core::m3; }

Core core_by_name(std::string_view name) {
  for (const Core core : kCores) {
    if (core_name(core) == name) return core;
  }
  throw Error("core " + Json(name).dump(-1, ' ', true, Json::error_handler_t::replace) +
                  ": unknown; one of m0, m3, m4, m7, m33, m55",
              Exit::usage);
}

CycleRange cycle_range(Core core, const FirmwareCost::Work& work) {
  const Silicon& silicon = of(kSilicon, core);
  const double cycles = silicon.per_instruction ? work.instructions : work.cycles;
  return {.low = std::llround(cycles * silicon.low), .high = std::llround(cycles * silicon.high)};
}

std::string_view cycle_basis(Core core) { return of(kSilicon, core).basis; }

}  // namespace kws
