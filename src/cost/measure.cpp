#include "kws/cost/measure.h"

#include <algorithm>
#include <cmath>

#include "kws/core/options.h"
#include "kws/core/table.h"

namespace kws {
namespace {

std::optional<double> if_found(const std::optional<FirmwareSizes>& sizes, std::int64_t FirmwareSizes::*field) {
  return sizes ? std::optional(static_cast<double>((*sizes).*field)) : std::nullopt;
}

std::optional<double> if_found(const std::optional<Timing>& time, double Timing::*field) {
  return time ? std::optional((*time).*field) : std::nullopt;
}

}  // namespace

Timing timing_of(const FirmwareCost::Work& hop, Core core, int clock_hz, int hop_ms) {
  Timing time{.hop_ms = hop_ms, .cycles = cycle_range(core, hop)};
  const double cycles_per_ms = clock_hz / 1000.0;
  time.ms_low = static_cast<double>(time.cycles.low) / cycles_per_ms;
  time.ms_high = static_cast<double>(time.cycles.high) / cycles_per_ms;
  time.load_low = time.ms_low / hop_ms;
  time.load_high = time.ms_high / hop_ms;
  return time;
}

const std::array<Measure, kMeasures>& measures() {
  static constexpr std::array<Measure, kMeasures> rows = {{
      {.id = MeasureId::memory,
       .column = "memory_bytes",
       .option = "max_memory",
       .kind = Amount::bytes,
       .unit = "bytes of memory",
       .help = "most bytes of memory by the paper's rule, as 80K",
       .of_part = false,
       .need = [](const Needs& n) { return std::optional(static_cast<double>(n.memory_bytes)); }},
      {.id = MeasureId::ops,
       .column = "ops",
       .option = "max_ops",
       .kind = Amount::count,
       .unit = "operations",
       .help = "most operations per inference by the paper's rule, as 6M",
       .of_part = false,
       .need = [](const Needs& n) { return std::optional(static_cast<double>(n.ops)); }},
      {.id = MeasureId::ops_per_second,
       .column = "ops_per_second",
       .option = "max_ops_per_second",
       .kind = Amount::count,
       .unit = "operations a second",
       .help = "most operations by the paper's rule for a second of audio, as 60M",
       .of_part = true,
       .need =
           [](const Needs& n) {
             return n.ops_per_second ? std::optional(static_cast<double>(*n.ops_per_second)) : std::nullopt;
           }},
      {.id = MeasureId::flash,
       .column = "flash_bytes",
       .option = "max_flash",
       .kind = Amount::bytes,
       .unit = "bytes of flash",
       .help = "most bytes of flash that the export takes",
       .of_part = true,
       .need = [](const Needs& n) { return if_found(n.firmware, &FirmwareSizes::flash_bytes); }},
      {.id = MeasureId::ram,
       .column = "ram_bytes",
       .option = "max_ram",
       .kind = Amount::bytes,
       .unit = "bytes of RAM",
       .help = "most bytes of RAM that the export takes",
       .of_part = true,
       .need = [](const Needs& n) { return if_found(n.firmware, &FirmwareSizes::ram_bytes); }},
      {.id = MeasureId::ms,
       .column = "ms",
       .option = "max_ms",
       .kind = Amount::milliseconds,
       .unit = "a decision",
       .help = "most milliseconds that a decision takes on the board, at the slow end of the range",
       .of_part = true,
       .need = [](const Needs& n) { return if_found(n.time, &Timing::ms_high); }},
      {.id = MeasureId::load,
       .column = "load",
       .option = "max_load",
       .kind = Amount::share,
       .unit = "of the core's time",
       .help = "largest share of the board's time, at the slow end of the range",
       .of_part = true,
       .need = [](const Needs& n) { return if_found(n.time, &Timing::load_high); }},
  }};
  return rows;
}

const Measure& measure(MeasureId id) { return measures()[static_cast<std::size_t>(id)]; }

std::string Measure::amount(double value) const {
  switch (kind) {
    case Amount::milliseconds:
      return fixed(value, 2) + " ms";
    case Amount::share:
      return percent(value);
    default:
      return grouped(std::llround(value));
  }
}

std::string Measure::text(double value) const { return amount(value) + " " + std::string(unit); }

std::string Measure::rounded_text(double value) const {
  constexpr std::string_view kBytes = "bytes ";
  if (kind == Amount::bytes && value >= 1024.0) {
    return rounded_amount(value, kind) + " " +
           std::string(unit.starts_with(kBytes) ? unit.substr(kBytes.size()) : unit);
  }
  return kind == Amount::count ? rounded_amount(value, kind) + " " + std::string(unit) : text(value);
}

Json Measure::json(double value) const {
  const bool whole = kind == Amount::bytes || kind == Amount::count;
  return whole ? Json(std::llround(value)) : Json(value);
}

Json needs_to_json(const Needs& needs) {
  Json json = Json::object();
  for (const Measure& measure : measures()) {
    if (const std::optional<double> need = measure.need(needs)) json[measure.column] = measure.json(*need);
  }
  return json;
}

bool Limits::limits(bool of_part) const {
  return std::ranges::any_of(measures(), [&](const Measure& m) { return m.of_part == of_part && (*this)[m.id]; });
}

bool Limits::limits_time() const { return (*this)[MeasureId::ms] || (*this)[MeasureId::load]; }

}  // namespace kws
