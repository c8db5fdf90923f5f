#pragma once

#include <string>
#include <vector>

#include "kws/search/evaluator.h"
#include "kws/search/options.h"
#include "kws/search/reports.h"
#include "kws/search/study.h"

namespace kws {

/// How far the search is. Epochs are those of this run, trials those of the study.
struct SearchProgress {
  int trials_done = 0, trials = 0;
  int epochs_done = 0, epochs = 0;
};

/// Who wants to know. Calls come from the workers, one at a time.
class ProgressSink {
 public:
  virtual ~ProgressSink() = default;
  virtual void warn(const std::string& line) = 0;
  virtual void progress(const SearchProgress& progress) = 0;
  /// Done or failed in this run; in the order of the trials' numbers, whatever order they ended in.
  virtual void trial_ended(const Trial& trial) = 0;
};

struct SearchOutcome {
  bool interrupted = false;     ///< run again to continue; then there are no winners yet
  std::vector<Winner> winners;  ///< one for each budget that has a finished trial
};

/// Trains the proposals of `options` that the study lacks, options.threads at a time, in the order of their numbers.
/// Each result is in the store before the next trial of its worker starts. A trial that throws is kept as failed and
/// the search goes on, but an Error with Exit::data or Exit::store ends it, as no other trial could fare better.
/// At the end the best trial of each budget reads the test split, once in the study's life, and becomes the model
/// folder STUDY/best/BUDGET; trials.csv, trials.json and pareto.json are written, after an interruption too.
///   throws  Error: what Proposer and Study throw; Exit::failed when every trial failed
SearchOutcome run_search(const SearchOptions& options, Evaluator& evaluator, Study& study, ProgressSink& sink);

}  // namespace kws
