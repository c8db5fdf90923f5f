#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kws/cost/firmware.h"

namespace kws {

/// What a design takes of all that a budget may limit. Flash and RAM need longer to be found: only where a limit asks.
struct Needs {
  std::int64_t memory_bytes = 0;
  std::int64_t ops = 0;
  std::optional<FirmwareSizes> firmware = {};
};

/// The things a budget may limit; measures() holds a row for each, in this order.
enum class MeasureId { memory, ops, flash, ram };
inline constexpr std::size_t kMeasures = 4;

/// One of them. Budgets, options, tables and reports loop over the rows; nothing else lists them.
struct Measure {
  MeasureId id;
  std::string_view column;  ///< of tables and JSON: "flash_bytes"
  const char* option;       ///< that limits it: "max_flash"
  std::string_view unit;    ///< "bytes of flash"
  const char* help;         ///< of the option
  bool of_part;             ///< of the part the design runs on, so that it binds every budget of a search
  std::optional<double> (*need)(const Needs& needs);     ///< nothing: not found
  [[nodiscard]] std::string amount(double value) const;  ///< as people read it, without the unit
  [[nodiscard]] std::string text(double value) const;    ///< with it: "81,920 bytes of memory"
};
const std::array<Measure, kMeasures>& measures();

/// The most of each measure; nothing: no limit.
class Limits {
 public:
  std::optional<double>& operator[](MeasureId id) { return at_[static_cast<std::size_t>(id)]; }
  const std::optional<double>& operator[](MeasureId id) const { return at_[static_cast<std::size_t>(id)]; }
  /// Whether anything of the part is limited, or of the design alone.
  [[nodiscard]] bool limits(bool of_part) const;
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

}  // namespace kws
