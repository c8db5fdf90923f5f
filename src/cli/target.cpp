#include "target.h"

namespace kws::cli {

void Target::add_to(CLI::App& verb) {
  verb.add_option("--board", board_text, kBoardHelp);
  verb.add_option("--max-flash", max_flash, "most bytes of flash: exit 5 if a design needs more; beats the board's")
      ->check(CLI::PositiveNumber);
  verb.add_option("--max-ram", max_ram, "most bytes of RAM: exit 5 if a design needs more; beats the board's")
      ->check(CLI::PositiveNumber);
  verb.add_option("--core", core, "that flash and RAM are counted for where no board is given (default: m4)")
      ->check(CLI::IsMember(core_names()))
      ->excludes("--board");
}

std::optional<Board> Target::board() const {
  if (board_text.empty()) return std::nullopt;
  return board_by_name_or_file(board_text);
}

Budget Target::budget() const {
  Budget budget{.name = "custom", .max_memory_bytes = {}, .max_ops = {}};
  if (const std::optional<Board> part = board()) budget = budget_of(*part);
  if (!core.empty()) budget.core = core_by_name(core);
  if (max_flash > 0 || max_ram > 0) budget.name = "custom";
  if (max_flash > 0) budget.max_flash_bytes = max_flash;
  if (max_ram > 0) budget.max_ram_bytes = max_ram;
  return budget;
}

}  // namespace kws::cli
