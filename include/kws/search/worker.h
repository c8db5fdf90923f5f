#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "kws/core/rng.h"
#include "kws/search/evaluator.h"
#include "kws/search/study.h"

namespace kws {

/// Takes steps of training from a study, in a search's own thread or in a process anywhere. Holds nothing that the
/// store does not hold too: killed at any moment, its step is another worker's when the lease has run out.
class Worker {
 public:
  enum class Outcome {
    nothing,      ///< there was no step to take
    none_more,    ///< ... nor will there be one: the search is over
    delivered,    ///< a result or a failure
    refused,      ///< the lease was lost on the way, so that the result does not count
    interrupted,  ///< by the user; the step is given back with the epochs that are done
  };
  /// Called when a step begins, with lease.from, and after each epoch.
  using Progress = std::function<void(const Lease& lease, int epochs)>;

  using Warn = std::function<void(const std::string& line)>;

  /// name           in the store and in logs
  /// lease_seconds  after which others may take over a step of a silent worker; renewed three times in that span
  /// warn           gets a line on what went wrong and was mended
  Worker(
      Study& study, Evaluator& evaluator, std::string name, double lease_seconds,
      Warn warn = [](const std::string& /*line*/) {});

  /// Claims a step, trains it and delivers.
  ///   throws  Error with Exit::data or Exit::store, std::bad_alloc, as no other step could fare better; the step is
  ///           given back, but where the store has failed
  Outcome work_one(const Progress& progress);

 private:
  void give_back(const Lease& lease);
  Study& study_;
  Evaluator& evaluator_;
  std::string name_;
  double lease_seconds_;
  Warn warn_;
};

/// How long a training may go without the end of an epoch before its lease is left to run out, because it hangs: an
/// hour for the first, then 20 times the longest so far, ten minutes at least.
class Patience {
 public:
  using Time = std::chrono::steady_clock::time_point;
  explicit Patience(Time start);
  void epoch_ended(Time now);
  [[nodiscard]] bool ended(Time now) const;

 private:
  Time last_;
  std::chrono::duration<double> longest_{0.0}, seconds_;
};

struct WorkOptions {
  int threads = 1;  ///< trainings at once
  double lease_seconds = 60.0;
  double idle_seconds = 0.0;  ///< leave after so long without a step to take; 0: never
};
enum class WorkEnd { study_finished, idle, interrupted };

/// Works until the search says that it is over.
///   tell    one line for each step that begins or ends; one call at a time
///   throws  what Worker::work_one throws
WorkEnd work_on(Study& study, Evaluator& evaluator, const WorkOptions& options,
                const std::function<void(const std::string& line)>& tell);

/// How long a worker without a step waits before it asks again: a tenth of the time it has had none, between half a
/// second and five seconds, give or take a quarter. So a search that hands out steps all the time is answered at once,
/// while a thousand workers it has no use for ask the store 200 times a second, not 2,000, and not all together.
std::chrono::duration<double> idle_pause(std::chrono::duration<double> idle, Rng& rng);

/// "host:space:process:number" of a worker of this process; space as process_space() tells.
std::string worker_name(int number);
/// Whether a worker of that name ran on this machine and its process has ended, so that its lease need not be awaited.
bool worker_is_gone(const std::string& name);

}  // namespace kws
