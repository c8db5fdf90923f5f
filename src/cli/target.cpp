#include "target.h"

namespace kws::cli {

void Target::add_to(CLI::App& verb, const std::string& consequence) {
  verb.add_option("--board", board_text, kBoardHelp);
  for (const Measure& measure : measures()) {
    const std::string flag = flag_of(measure.option);
    const auto read = [this, flag, &measure](const std::string& text) {
      try {
        given[measure.id] = amount_from(text, measure.kind);
      } catch (const Error& error) {
        throw Error(flag + ": " + error.what(), error.exit_code());
      }
    };
    verb.add_option_function<std::string>(
        flag, read,
        std::string(measure.help) + ": " + consequence + (measure.of_part ? "; beats the board's; 0: no limit" : ""));
  }
  verb.add_option("--core", core, "that flash, RAM and cycles are counted for where no board is given (default: m4)")
      ->check(one_of(core_names()))
      ->excludes("--board");
  regroup(verb, kLimits, {"--board", "--core"});
  for (const Measure& measure : measures()) regroup(verb, kLimits, {flag_of(measure.option).c_str()});
}

std::optional<Board> Target::board() const {
  if (board_text.empty()) return std::nullopt;
  return board_by_name_or_file(board_text);
}

void Target::limit(Budget& budget) const {
  if (given.limits(true) || given.limits(false)) budget.name = "custom";
  for (const Measure& measure : measures()) {
    if (!given[measure.id]) continue;
    budget.limits[measure.id] = *given[measure.id] > 0.0 ? given[measure.id] : std::nullopt;
  }
}

Budget Target::budget() const {
  if (const std::optional<Board> part = board()) return budget_on(*part);
  Budget budget{.name = "custom", .limits = {}};
  if (!core.empty()) budget.core = core_by_name(core);
  limit(budget);
  if (budget.limits.limits_time() && budget.clock_hz == 0) {
    throw Error(
        flag_of(given[MeasureId::load] ? "max_load" : "max_ms") + ": needs the clock of the core; name a --board",
        Exit::usage);
  }
  return budget;
}

Budget Target::budget_on(const Board& board) const {
  Budget budget = budget_of(board);
  limit(budget);
  return budget;
}

}  // namespace kws::cli
