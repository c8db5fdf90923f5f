#include "kws/cost/measure.h"

#include <algorithm>
#include <cmath>

#include "kws/core/table.h"

namespace kws {

const std::array<Measure, kMeasures>& measures() {
  static constexpr std::array<Measure, kMeasures> rows = {{
      {.id = MeasureId::memory,
       .column = "memory_bytes",
       .option = "max_memory",
       .unit = "bytes of memory",
       .help = "most bytes of memory by the paper's rule",
       .of_part = false,
       .need = [](const Needs& n) { return std::optional(static_cast<double>(n.memory_bytes)); }},
      {.id = MeasureId::ops,
       .column = "ops",
       .option = "max_ops",
       .unit = "operations",
       .help = "most operations per inference by the paper's rule",
       .of_part = false,
       .need = [](const Needs& n) { return std::optional(static_cast<double>(n.ops)); }},
      {.id = MeasureId::flash,
       .column = "flash_bytes",
       .option = "max_flash",
       .unit = "bytes of flash",
       .help = "most bytes of flash that the export takes",
       .of_part = true,
       .need =
           [](const Needs& n) {
             return n.firmware ? std::optional(static_cast<double>(n.firmware->flash_bytes)) : std::nullopt;
           }},
      {.id = MeasureId::ram,
       .column = "ram_bytes",
       .option = "max_ram",
       .unit = "bytes of RAM",
       .help = "most bytes of RAM that the export takes",
       .of_part = true,
       .need =
           [](const Needs& n) {
             return n.firmware ? std::optional(static_cast<double>(n.firmware->ram_bytes)) : std::nullopt;
           }},
  }};
  return rows;
}

std::string Measure::amount(double value) const { return grouped(std::llround(value)); }

std::string Measure::text(double value) const { return amount(value) + " " + std::string(unit); }

bool Limits::limits(bool of_part) const {
  return std::ranges::any_of(measures(), [&](const Measure& m) { return m.of_part == of_part && (*this)[m.id]; });
}

}  // namespace kws
