#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "kws/core/amount.h"
#include "kws/cost/firmware.h"

namespace kws {

/// What flash, RAM and time are counted for.
struct Part {
  Core core = Core::m4;
  int clock_hz = 0;          ///< 0: not known, so that no times are found
  int hop_ms = 0;            ///< from decision to decision where FirmwareOptions do not say
  bool carry_state = false;  ///< or FirmwareOptions say so
  bool fpu = true;           ///< or FirmwareOptions say that there is none
  Part(Core core_, int clock_hz_ = 0, int hop_ms_ = 0, bool carry_state_ = false, bool fpu_ = true)
      : core(core_), clock_hz(clock_hz_), hop_ms(hop_ms_), carry_state(carry_state_), fpu(fpu_) {}
};

/// One decision with its frames of features, at both ends of what real cores are expected to take.
struct Timing {
  int hop_ms = 0;
  CycleRange cycles;
  double ms_low = 0, ms_high = 0;
  double load_low = 0, load_high = 0;  ///< share of the core's time; above 1 it is too slow
};
Timing timing_of(const FirmwareCost::Work& hop, Core core, int clock_hz, int hop_ms);

/// What a design takes of all that a budget may limit. What a part decides takes longer to be found: only where a limit
/// asks.
struct Needs {
  std::int64_t memory_bytes = 0;
  std::int64_t ops = 0;
  std::optional<FirmwareSizes> firmware = {};
  std::optional<Timing> time = {};
  std::optional<std::int64_t> ops_per_second = {};
};

/// The things a budget may limit; measures() holds a row for each, in this order.
enum class MeasureId { memory, ops, ops_per_second, flash, ram, ms, load };
inline constexpr std::size_t kMeasures = 7;

/// One of them. Budgets, options, tables and reports loop over the rows; nothing else lists them.
struct Measure {
  MeasureId id;
  std::string_view column;  ///< of tables and JSON: "flash_bytes"
  const char* option;       ///< that limits it: "max_flash"
  Amount kind;
  std::string_view unit;  ///< "bytes of flash"
  const char* help;       ///< of the option
  bool of_part;           ///< of the part the design runs on, so that it binds every budget of a search
  std::optional<double> (*need)(const Needs& needs);           ///< nothing: not found; times at the slow end
  [[nodiscard]] std::string amount(double value) const;        ///< as people read it, without the unit
  [[nodiscard]] std::string text(double value) const;          ///< with it: "81,920 bytes of memory"
  [[nodiscard]] std::string rounded_text(double value) const;  ///< "80.0 KiB of memory"
  [[nodiscard]] nlohmann::ordered_json json(double value) const;
};
const std::array<Measure, kMeasures>& measures();
const Measure& measure(MeasureId id);

/// {"memory_bytes", ...}: what was found, by column.
nlohmann::ordered_json needs_to_json(const Needs& needs);

/// The most of each measure; nothing: no limit.
class Limits {
 public:
  std::optional<double>& operator[](MeasureId id) { return at_[static_cast<std::size_t>(id)]; }
  const std::optional<double>& operator[](MeasureId id) const { return at_[static_cast<std::size_t>(id)]; }
  /// Whether anything of the part is limited, or of the design alone.
  [[nodiscard]] bool limits(bool of_part) const;
  [[nodiscard]] bool limits_time() const;
  /// Whether anything is that a longer way from decision to decision changes.
  [[nodiscard]] bool limits_pace() const { return limits_time() || (*this)[MeasureId::ops_per_second]; }
  friend bool operator==(const Limits&, const Limits&) = default;

 private:
  std::array<std::optional<double>, kMeasures> at_;
};

/// A limit that a design was held against.
struct LimitUse {
  const Measure* measure = nullptr;
  double limit = 0.0;
  double need = 0.0;
  [[nodiscard]] bool broken() const { return need > limit; }
  [[nodiscard]] double share() const { return need / limit; }  ///< 1: all of it
};

/// Share of a board's time that a spotter may take unless told: the rest is for the application, and for what the model
/// of cycles does not know.
inline constexpr double kMaxLoad = 0.8;

}  // namespace kws
