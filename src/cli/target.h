#pragma once

#include <optional>
#include <string>

#include "cli.h"
#include "kws/cost/board.h"

namespace kws::cli {

/// The part a design is meant for: --board, --core, --max-flash and --max-ram of the verbs that take a finished design.
struct Target {
  std::string board_text, core;
  std::int64_t max_flash = 0;  ///< bytes; 0: the board's, or no limit
  std::int64_t max_ram = 0;

  void add_to(CLI::App& verb);
  /// throws Error (Exit::usage)
  [[nodiscard]] std::optional<Board> board() const;
  /// Flash and RAM: all of the board's, unless a limit of its own is given.
  [[nodiscard]] Budget budget() const;
};

/// Which board to name in --board, for the help of the verbs.
inline constexpr const char* kBoardHelp =
    "a name of `list boards` or a FILE.json; its whole flash and RAM are the limits, so leave room for the rest of the "
    "application with --max-flash and --max-ram";

}  // namespace kws::cli
