#pragma once

#include <spdlog/spdlog.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "cli.h"

namespace kws::cli {

/// Everything that is not a result goes to stderr through this.
spdlog::logger& log();
void set_up_log(const Common& common);

/// Lines at the end of a terminal's output, drawn again in their place however wide the terminal is; what is logged
/// meanwhile stands above them. Nothing of them stays. One at a time.
class LiveBlock {
 public:
  /// Draws nothing where `descriptor` is no terminal that moves its cursor, and nothing with --quiet unless it is a
  /// result.
  explicit LiveBlock(int descriptor, bool result = false);
  ~LiveBlock() { erase(); }
  LiveBlock(const LiveBlock&) = delete;
  LiveBlock& operator=(const LiveBlock&) = delete;

  [[nodiscard]] bool draws() const { return draws_; }
  void draw(std::vector<std::string> lines);
  void erase();

 private:
  friend class AboveBlock;
  void put_lines();
  void remove_lines();
  int descriptor_;
  bool draws_;
  std::vector<std::string> lines_;  ///< as they stand on the terminal
};

/// "[####....]" as wide as suits the terminal.
std::string bar(int done, int total);

/// A bar with rate and time left when stderr is a terminal, one log line a step when it is not, nothing with --quiet.
class Progress {
 public:
  explicit Progress(std::string unit) : unit_(std::move(unit)) {}
  /// done of total units; `note` says what the last one brought.
  ///   seconds_left  where units differ; nothing: the rest takes as long a unit as those so far
  void show(int done, int total, const std::string& note, std::optional<double> seconds_left = {});
  /// Takes the bar away.
  void done() { block_.erase(); }
  /// Seconds between two calls of show() for what counts faster than anyone reads.
  [[nodiscard]] double interval() const { return block_.draws() ? 0.2 : 10.0; }

 private:
  std::string unit_;
  LiveBlock block_{2};
  int first_ = -1;  ///< units that were done before this run
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace kws::cli
