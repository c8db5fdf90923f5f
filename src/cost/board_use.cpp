#include "kws/core/options.h"
#include "kws/cost/board.h"
#include "real_time.h"
#include "report.h"

namespace kws {

BoardUse board_use(const Board& board, const Budget& budget, const Design& design, const FirmwareOptions& options) {
  const Needs needs = needs_of(design, budget.target(), options);
  return {.board = board,
          .sizes = needs.firmware.value_or(FirmwareSizes{}),
          .time = needs.time.value_or(Timing{}),
          .ops_per_second = needs.ops_per_second.value_or(0),
          .basis = cycle_basis(board.core),
          .limits = budget.limits,
          .fits = budget.fits(needs)};
}

Json board_use_to_json(const BoardUse& use) {
  Json limits = Json::object();
  for (const Measure& measure : measures()) {
    if (use.limits[measure.id]) limits[measure.column] = measure.json(*use.limits[measure.id]);
  }
  return {{"name", use.board.name},
          {"core", core_name(use.board.core)},
          {"clock_hz", use.board.clock_hz},
          {"flash_bytes", use.sizes.flash_bytes},
          {"ram_bytes", use.sizes.ram_bytes},
          {"fits", use.fits},
          {"hop_ms", use.time.hop_ms},
          {"ops_per_second", use.ops_per_second},
          {"cycles", {use.time.cycles.low, use.time.cycles.high}},
          {"ms", {use.time.ms_low, use.time.ms_high}},
          {"load", {use.time.load_low, use.time.load_high}},
          {"basis", use.basis},
          {"limits", std::move(limits)}};
}

Json cost_to_json(const Design& design, const std::optional<Board>& board, const Budget& budget,
                  const FirmwareOptions& options) {
  Json row = cost_to_json(design, on_part(options, budget.target()));
  if (board) row["board"] = board_use_to_json(board_use(*board, budget, design, options));
  return row;
}

Json cost_document(Json designs) { return {{"schema", "kwsmith.cost/1"}, {"designs", std::move(designs)}}; }

std::string advice(const Board& board, const Design& design) {
  if (board.fpu || design.features.arithmetic == "integer") return "";
  return design.name + ": board \"" + board.name +
         "\" has no floating-point unit, which the front end needs to be fast; set features.arithmetic to \"integer\" "
         "in the design, or export with --front-end integer";
}

}  // namespace kws
