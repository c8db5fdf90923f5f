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
    "count networks with recurrent layers (gru, lstm, basic_lstm, crnn) as streams that carry their state on, where a "
    "decision comes every whole number of their time steps";
inline constexpr const char* kHopHelp =
    "from decision to decision, in whole frames; 0: as many as 100 ms hold, or fewer where the network then computes "
    "new "
    "frames alone";

}  // namespace kws::cli
