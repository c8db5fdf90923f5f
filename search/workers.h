#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace kws {

/// Workers that take the trainings of a search in turn, each as soon as it is free; counted, not run.
class Workers {
 public:
  ///   slots  of the schedule: where there are no more of them than workers, these wait for results that a decision
  ///          must see
  Workers(int count, int slots)
      : free_(static_cast<std::size_t>(std::max(1, count)), 0.0),
        waiting_(count > 1 && slots <= count ? kWaiting : 1.0) {}

  void take(double seconds, double not_before = 0.0) {
    double& next = *std::ranges::min_element(free_);
    next = std::max(next, not_before) + seconds;
  }
  /// Rung after rung.
  ///   jobs     [rung] trainings
  ///   seconds  of the i-th training of a rung
  void take_rungs(std::span<const int> jobs, const std::function<double(std::size_t rung, int i)>& seconds) {
    double below = end();
    for (std::size_t rung = 0; rung < jobs.size(); ++rung) {
      for (int i = 0; i < jobs[rung]; ++i) {
        // The last of a rung waits for the results of the one below.
        take(seconds(rung, i) * waiting_, i + 1 == jobs[rung] && rung > 0 ? below : 0.0);
      }
      below = end();
    }
  }

  /// Seconds until all are free.
  [[nodiscard]] double end() const { return *std::ranges::max_element(free_); }
  void wait_for_all() { std::ranges::fill(free_, end()); }

 private:
  /// Source: recorded curves, two workers, times that the clock of the schedule meets within a third
  /// (docs/search_strategies.md).
  static constexpr double kWaiting = 1.12;
  std::vector<double> free_;
  double waiting_;
};

}  // namespace kws
