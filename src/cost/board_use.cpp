#include "kws/core/options.h"
#include "kws/cost/board.h"

namespace kws {

BoardUse board_use(const Board& board, const Design& design, const FirmwareOptions& options) {
  const FirmwareCost cost = firmware_cost(design.features, build_graph(design), options);
  BoardUse use;
  use.sizes = cost.sizes(board.core);
  use.fits = use.sizes.flash_bytes <= board.flash_bytes && use.sizes.ram_bytes <= board.ram_bytes;
  use.hop_ms = cost.hop_ms;
  use.cycles = cycle_range(board.core, of(cost.hop, board.core));
  use.basis = cycle_basis(board.core);
  const double cycles_per_ms = board.clock_hz / 1000.0;
  use.ms_low = static_cast<double>(use.cycles.low) / cycles_per_ms;
  use.ms_high = static_cast<double>(use.cycles.high) / cycles_per_ms;
  use.load_low = use.ms_low / use.hop_ms;
  use.load_high = use.ms_high / use.hop_ms;
  return use;
}

Json board_use_to_json(const Board& board, const BoardUse& use) {
  return {{"name", board.name},
          {"core", core_name(board.core)},
          {"clock_hz", board.clock_hz},
          {"flash_bytes", use.sizes.flash_bytes},
          {"ram_bytes", use.sizes.ram_bytes},
          {"fits", use.fits},
          {"hop_ms", use.hop_ms},
          {"cycles", {use.cycles.low, use.cycles.high}},
          {"ms", {use.ms_low, use.ms_high}},
          {"load", {use.load_low, use.load_high}},
          {"basis", use.basis}};
}

std::string advice(const Board& board, const Design& design) {
  if (board.fpu || design.features.arithmetic == "integer") return "";
  return design.name + ": board \"" + board.name +
         "\" has no floating-point unit, which the front end needs to be fast; set features.arithmetic to \"integer\" "
         "in "
         "the design, or export with --front-end integer";
}

}  // namespace kws
