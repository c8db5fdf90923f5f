#include "progress_teller.h"

#include <algorithm>

#include "kws/search/finalists.h"

namespace kws {

ProgressTeller::ProgressTeller(const SearchOptions& options, Study& study, ProgressSink& sink)
    : study_(study), sink_(sink), time_left_(options) {
  const std::size_t budgets = options.budgets().size();
  progress_.trials = expected_jobs(options.schedule(), budgets).front();
  progress_.epochs = expected_epochs(options.schedule(), budgets) + finalist_epochs(options);
}

void ProgressTeller::offered(const Job& job, const Proposal& proposal) {
  time_left_.offered({.trial = job.trial,
                      .from = job.from,
                      .to = job.to,
                      .budget = proposal.budget,
                      .cost = training_cost(proposal.design)});
}

void ProgressTeller::trained(const Lease& lease, int epochs) {
  // Where the checkpoint has gone it begins from the start: what was trained before is not counted twice.
  count(lease.trial, lease.to, std::max(0, epochs - lease.from));
  time_left_.trained(lease.trial, lease.to, epochs, passed());
  tell();
}

void ProgressTeller::ended(const Job& job, const Rung& rung, bool fresh) {
  if (fresh) count(job.trial, job.to, job.to - job.from);
  if (job.from == 0 && !is_finalist(job.trial)) ++progress_.trials_done;
  if (!fresh && rung.result) time_left_.known(job.to - job.from, job.from > 0, rung.result->seconds);
  time_left_.ended(job.trial, job.to, fresh && rung.result ? std::optional(rung.result->seconds) : std::nullopt,
                   rung.result ? std::optional(rung.result->int8_validation) : std::nullopt);
  tell();
}

SearchProgress ProgressTeller::now() {
  progress_.trials = std::max(progress_.trials, progress_.trials_done);  // what is expected is no promise
  progress_.seconds_left = time_left_.seconds(passed());
  return progress_;
}

void ProgressTeller::tell_study(const SearchProgress& progress) {
  constexpr double kTellSeconds = 2.0, kTellAgain = 10.0;  // between two messages, and where nothing is new but the end
  const int done = progress.done();
  if (told_ && passed() < told_->at + (done == told_->epochs ? kTellAgain : kTellSeconds)) return;
  study_.tell(progress);
  told_ = Told{.epochs = done, .at = passed()};
}

/// Epochs of a step.
void ProgressTeller::count(int trial, int to, int epochs) {
  progress_.epochs_done += epochs - std::exchange(trained_[{trial, to}], epochs);
}

}  // namespace kws
