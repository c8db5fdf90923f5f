#include "kws/search/commands.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "kws/cost/stream_plan.h"

namespace kws {

std::string shell_word(const std::string& word) {
  const auto plain = [](unsigned char c) {
    return std::isalnum(c) != 0 || std::string_view("_-./:@%+,").find(static_cast<char>(c)) != std::string_view::npos;
  };
  if (!word.empty() && std::ranges::all_of(word, plain)) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string export_command(const std::string& folder, const std::string& budget, const SearchOptions& options,
                           const Design& design) {
  std::string command = "kwsmith export " + shell_word(folder + "/best/" + budget) + " --out " +
                        shell_word("firmware" + (options.budgets().size() > 1 ? "_" + budget : ""));
  if (options.clock_hz > 0) command += " --board " + (options.board.empty() ? "BOARD" : shell_word(options.board));
  const int stride_ms = design.features.stride_ms;
  const int frames = options.hop_ms > 0 ? std::max(1, options.hop_ms / stride_ms) : 0;
  if (frames > 0) command += " --hop-ms " + std::to_string(frames * stride_ms);
  if (options.carry_state && plan_carried(build_graph(design), frames)) command += " --carry-state";
  return command;
}

}  // namespace kws
