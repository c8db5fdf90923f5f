#pragma once

#include <spdlog/spdlog.h>

#include <chrono>
#include <string>

#include "cli.h"

namespace kws::cli {

/// Everything that is not a result goes to stderr through this.
spdlog::logger& log();
void set_up_log(const Common& common);

/// A bar with rate and time left when stderr is a terminal, one log line a step when it is not, nothing with --quiet.
class Progress {
 public:
  Progress(const Common& common, std::string unit);
  /// done of total units; `note` says what the last one brought.
  void show(int done, int total, const std::string& note);
  /// Ends the bar's line.
  void done();
  /// Seconds between two calls of show() for what counts faster than anyone reads.
  [[nodiscard]] double interval() const { return terminal_ ? 0.2 : 10.0; }

 private:
  std::string unit_;
  bool terminal_ = false;
  bool quiet_ = false;
  bool drawn_ = false;
  int first_ = -1;  ///< units that were done before this run
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace kws::cli
