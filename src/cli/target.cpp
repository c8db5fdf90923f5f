#include "target.h"

namespace kws::cli {

void Target::add_to(CLI::App& verb) {
  verb.add_option("--board", board_text, kBoardHelp);
  for (const Measure& measure : measures()) {
    verb.add_option(flag_of(measure.option), limits[measure.id],
                    std::string(measure.help) + ": exit 5 if a design needs more" +
                        (measure.of_part ? "; beats the board's" : ""))
        ->check(CLI::PositiveNumber);
  }
  verb.add_option("--core", core, "that flash and RAM are counted for where no board is given (default: m4)")
      ->check(CLI::IsMember(core_names()))
      ->excludes("--board");
}

std::optional<Board> Target::board() const {
  if (board_text.empty()) return std::nullopt;
  return board_by_name_or_file(board_text);
}

Budget Target::budget() const {
  Budget budget{.name = "custom", .limits = {}};
  if (const std::optional<Board> part = board()) budget = budget_of(*part);
  if (!core.empty()) budget.core = core_by_name(core);
  if (limits.limits(true) || limits.limits(false)) budget.name = "custom";
  for (const Measure& measure : measures()) {
    if (limits[measure.id]) budget.limits[measure.id] = limits[measure.id];
  }
  return budget;
}

}  // namespace kws::cli
