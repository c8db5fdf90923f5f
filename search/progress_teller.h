#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <utility>

#include "kws/search/driver.h"
#include "kws/search/options.h"
#include "kws/search/schedule.h"
#include "kws/search/study.h"
#include "time_left.h"

namespace kws {

/// Counts how far a search is and tells those who look on: the sink, and through the study those elsewhere. All but
/// tell_study() is called under the search's lock.
class ProgressTeller {
 public:
  ProgressTeller(const SearchOptions& options, Study& study, ProgressSink& sink);

  /// The job is to be trained.
  void offered(const Job& job, const Proposal& proposal);
  /// An earlier run has done it.
  void known(const Job& job) { progress_.epochs_known += job.to - job.from; }
  void finalists_offered() { time_left_.finalists_offered(); }
  /// A worker of this process has trained the step as far as `epochs`.
  void trained(const Lease& lease, int epochs);
  /// The job has come to its end.
  ///   fresh  in this run
  void ended(const Job& job, const Rung& rung, bool fresh);

  SearchProgress now();
  /// The sink.
  void tell() { sink_.progress(now()); }
  /// The study, now and then; between two messages the time left runs by itself. One thread calls this.
  void tell_study(const SearchProgress& progress);

  /// Seconds since this run began.
  [[nodiscard]] double passed() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  void count(int trial, int to, int epochs);
  Study& study_;
  ProgressSink& sink_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  SearchProgress progress_;
  TimeLeft time_left_;
  std::map<std::pair<int, int>, int> trained_;  ///< by trial and epochs: epochs of this run's steps
  struct Told {
    int epochs = 0;
    double at = 0.0;  ///< passed()
  };
  std::optional<Told> told_;  ///< what the study was told last; tell_study()'s own
};

}  // namespace kws
