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

  ///   consequence  of a design that needs more, for the help
  void add_to(CLI::App& verb, const std::string& consequence = "exit 5 if a design needs more");
  /// throws Error (Exit::usage)
  [[nodiscard]] std::optional<Board> board() const;
  /// The board's, unless a limit of its own is given.
  ///   throws  Error (Exit::usage) when time is limited and no board says the clock
  [[nodiscard]] Budget budget() const;
  /// Of another board: the limits that are given, and the board's own.
  [[nodiscard]] Budget budget_on(const Board& board) const;

 private:
  void limit(Budget& budget) const;
};

inline constexpr int kLongestHop = 1000;  ///< ms
inline constexpr const char* kCarryHelp =
    "count networks that are recurrent from the first layer on (gru, lstm) as streams that carry their state";
inline constexpr const char* kHopHelp = "from decision to decision, in whole frames; 0: as many frames as 100 ms hold";

/// Which board to name in --board, for the help of the verbs.
inline constexpr const char* kBoardHelp =
    "a name of `list boards` or a FILE.json; its whole flash and RAM and 0.8 of its time are the limits, so leave room "
    "for the rest of the application with --max-flash, --max-ram and --max-load";

}  // namespace kws::cli
