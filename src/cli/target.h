#pragma once

#include <optional>
#include <string>

#include "cli.h"
#include "kws/cost/board.h"

namespace kws::cli {

/// The part a design is meant for: --board, --core and a limit for each measure, of the verbs that take a finished
/// design.
struct Target {
  std::string board_text, core;
  Limits given;  ///< 0: none, not even the board's

  void add_to(CLI::App& verb);
  /// throws Error (Exit::usage)
  [[nodiscard]] std::optional<Board> board() const;
  /// The board's, unless a limit of its own is given.
  ///   throws  Error (Exit::usage) when time is limited and no board says the clock
  [[nodiscard]] Budget budget() const;
};

/// Which board to name in --board, for the help of the verbs.
inline constexpr const char* kBoardHelp =
    "a name of `list boards` or a FILE.json; its whole flash and RAM and 0.8 of its time are the limits, so leave room "
    "for the rest of the application with --max-flash, --max-ram and --max-load";

}  // namespace kws::cli
