#pragma once

#include <string>
#include <vector>

#include "kws/search/evaluator.h"
#include "kws/search/options.h"
#include "kws/search/proposals.h"
#include "kws/search/reports.h"
#include "kws/search/study.h"

namespace kws {

/// Who wants to know. Calls come from the workers, one at a time.
class ProgressSink {
 public:
  virtual ~ProgressSink() = default;
  virtual void warn(const std::string& line) = 0;
  virtual void progress(const SearchProgress& progress) = 0;
  /// A trial has reached a rung or failed on the way, in this run; in the order of the schedule's jobs, whatever order
  /// they ended in.
  virtual void rung_ended(const Proposal& proposal, const Rung& rung) = 0;
};

struct SearchOutcome {
  bool interrupted = false;     ///< run again to continue; then there are no winners yet
  std::vector<Winner> winners;  ///< one for each budget that has a finished trial
};

/// Runs the jobs of the schedule of `options`: offers them to workers, options.threads of them in this process, and
/// takes the next decisions from what they deliver. Jobs whose result the study holds are not run again, so that a
/// search which was stopped takes the same decisions once more and goes on where it was. Each result, with the
/// checkpoint, is in the store before the next job of its worker starts. A trial that throws is kept as failed and the
/// search goes on, but an Error with Exit::data or Exit::store ends it, as no other trial could fare better. At the end
/// the best trial of each budget reads the test split, once in the study's life, and becomes the model folder
/// STUDY/best/BUDGET; trials.csv, trials.json, pareto.json and report.html are written, after an interruption too.
///   throws  Error: what Proposer and Study throw; Exit::failed when every trial failed
SearchOutcome run_search(const SearchOptions& options, Evaluator& evaluator, Study& study, ProgressSink& sink);
/// The same of designs from other pools.
SearchOutcome run_search(const SearchOptions& options, Evaluator& evaluator, Study& study, ProgressSink& sink,
                         Proposer proposer);

}  // namespace kws
