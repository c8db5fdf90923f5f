#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kws/cost/budget.h"

namespace kws {

/// What a part offers an application: all of its flash and RAM, although a spotter is seldom alone there.
struct Board {
  std::string name;  ///< lower-case letters, digits, '_' and '-', a letter first
  std::string summary;
  Core core = Core::m0;  ///< m0 stands for the M0+ too
  int clock_hz = 0;
  int flash_bytes = 0;
  int ram_bytes = 0;
  bool fpu = false;
  std::string source;  ///< of the figures
};

/// {"m0", "m3", "m4", "m7", "m33", "m55"}: kCores by name.
const std::vector<std::string>& core_names();

/// The files of configs/boards/, which travel inside the program, by name.
const std::vector<Board>& standard_boards();

/// A standard board by its name, or a file of schema kwsmith.board/1 when `text` ends in ".json" or holds a '/'.
///   throws  Error (Exit::usage), one line that tells the nearest known name or what is wrong in the file
Board board_by_name_or_file(std::string_view text);

/// Reads schema kwsmith.board/1; `origin` is named in errors.
///   throws  Error (Exit::usage), `origin: path: fact; remedy`
Board board_from_json(const nlohmann::ordered_json& json, const std::string& origin);

/// Which board to name in --board, and what that means.
inline constexpr const char* kBoardHelp =
    "a name of `list boards` or a FILE.json: its core and clock, and as limits its whole flash and RAM and 0.8 of its "
    "time, so leave room for the rest of the application with --max-flash, --max-ram and --max-load";

/// All flash and RAM of a board and kMaxLoad of its time, under its name.
Budget budget_of(const Board& board);

/// What the streaming export of a design takes of a board.
struct BoardUse {
  Board board;
  FirmwareSizes sizes;
  Timing time;
  std::int64_t ops_per_second = 0;
  std::string_view basis;  ///< of the time's range
  Limits limits;           ///< of the budget
  bool fits = false;       ///< keeps all of them, the times at the slow end
};
///   budget  of the board, see budget_of()
BoardUse board_use(const Board& board, const Budget& budget, const Design& design, const FirmwareOptions& options = {});

/// {"name", "core", "clock_hz", "flash_bytes", "ram_bytes", "fits", "hop_ms", "ops_per_second", "cycles": [low, high],
/// "ms": [low, high],
///  "load": [low, high], "basis", "limits": {"flash_bytes", "ram_bytes", "ms", "load"}}
nlohmann::ordered_json board_use_to_json(const BoardUse& use);

/// An entry of kwsmith.cost/1 for a design on a board: cost_to_json() with "board", if there is one.
nlohmann::ordered_json cost_to_json(const Design& design, const std::optional<Board>& board, const Budget& budget,
                                    const FirmwareOptions& options = {});
/// The document of schema kwsmith.cost/1.
nlohmann::ordered_json cost_document(nlohmann::ordered_json designs);

/// A line for the user when the design suits the board badly; else "".
std::string advice(const Board& board, const Design& design);

}  // namespace kws
