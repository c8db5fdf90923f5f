#include "kws/search/driver.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <thread>

#include "kws/core/interrupt.h"
#include "kws/search/proposals.h"

namespace kws {
namespace {

/// What the workers share.
class Run {
 public:
  Run(const SearchOptions& options, Evaluator& evaluator, Study& study, ProgressSink& sink)
      : options_(options),
        evaluator_(evaluator),
        study_(study),
        sink_(sink),
        proposer_(options),
        schedule_(options.schedule(), options.budgets().size(),
                  [this](std::size_t budget, int trial, std::span<const double> expected) {
                    return propose(budget, trial, expected);
                  }) {
    for (const Trial& trial : study.trials()) {
      for (const Rung& rung : trial.rungs) known_.emplace(std::pair(trial.proposal.number, rung.epochs), rung);
    }
    study.stand({});  // of another run; with more trials to come they no longer hold
    progress_.trials = options.max_trials;
    progress_.epochs = expected_epochs(options.schedule(), options.budgets().size());
  }

  /// Returns whether the search was interrupted.
  bool work() {
    sink_.progress(progress_);
    tell_warnings();
    std::vector<std::thread> workers;
    for (int i = 0; i < std::max(1, options_.threads); ++i) workers.emplace_back([this] { worker(); });
    for (std::thread& worker : workers) worker.join();
    if (error_) std::rethrow_exception(error_);
    study_.stand(standings());
    return interrupted_;
  }

 private:
  struct Step {
    Job job;
    Proposal proposal;
  };

  void worker() {
    try {
      while (std::optional<Step> step = take()) run(*step);
    } catch (...) {
      const std::scoped_lock lock(mutex_);
      if (!error_) error_ = std::current_exception();
      stop();
    }
  }

  std::optional<std::string> propose(std::size_t budget, int trial, std::span<const double> expected) {
    std::optional<Proposal> proposal = proposer_.propose(budget, trial, expected);
    tell_warnings();
    if (!proposal) return std::nullopt;
    study_.add(*proposal);
    std::string type = proposal->design.type();
    proposals_.push_back(*std::move(proposal));
    return type;
  }

  /// The next job that no earlier run has done; waits where the schedule must see a result first.
  std::optional<Step> take() {
    std::unique_lock lock(mutex_);
    while (!stop_) {
      if (interrupted()) {
        interrupted_ = true;
        stop();
        break;
      }
      const std::optional<Job> job = schedule_.next();
      if (!job) {
        if (schedule_.finished()) break;
        changed_.wait(lock);
        continue;
      }
      const auto known = known_.find({job->trial, job->to});
      if (known == known_.end()) return Step{*job, proposals_[static_cast<std::size_t>(job->trial)]};
      // A shorter search of this study may have had another reason.
      if (known->second.decided != job->reason) study_.decide(job->trial, job->to, job->reason);
      progress_.epochs_known += job->to - job->from;
      end(*job, known->second);
    }
    return std::nullopt;
  }

  void run(const Step& step) {
    const auto& [job, proposal] = step;
    Rung rung{.epochs = job.to, .decided = job.reason, .result = {}, .failure = {}};
    try {
      const std::string checkpoint = job.from == 0 ? "" : study_.checkpoint(job.trial);
      rung.result = evaluator_.run(proposal, job.to, checkpoint,
                                   [&, &one = job](int epochs) { trained(one.number, epochs - one.from); });
    } catch (const Interrupted&) {
      const std::scoped_lock lock(mutex_);
      interrupted_ = true;
      stop();
      return;
    } catch (const Error& error) {
      if (error.exit_code() == Exit::data || error.exit_code() == Exit::store) throw;
      rung.failure = error.what();
    } catch (const std::exception& error) {
      rung.failure = error.what();
    }
    if (rung.result) {
      study_.finish(job.trial, job.to, job.reason, *rung.result);
      rung.result->model.clear();
      rung.result->checkpoint.clear();
    } else {
      // A reason of many lines would spoil logs and tables.
      rung.failure = rung.failure.substr(0, rung.failure.find('\n'));
      study_.fail(job.trial, job.to, job.reason, rung.failure);
    }
    trained(job.number, job.to - job.from);
    const std::scoped_lock lock(mutex_);
    fresh_.emplace(job.number, rung);
    end(job, rung);
  }

  /// Hands a result to the schedule; called under the lock.
  void end(const Job& job, const Rung& rung) {
    schedule_.report(job.number, rung.result ? std::optional(rung.result->int8_validation) : std::nullopt);
    outcomes_[{job.trial, job.to}] = rung.failure;
    if (job.from == 0) ++progress_.trials_done;
    sink_.progress(progress_);
    ended_.emplace(job.number, job);
    tell_ended();
    changed_.notify_all();
  }

  void trained(int job, int epochs) {
    const std::scoped_lock lock(mutex_);
    progress_.epochs_done += epochs - std::exchange(trained_[job], epochs);
    sink_.progress(progress_);
  }

  /// Passes ended jobs on as soon as all with lower numbers have been; those of earlier runs are not told again.
  void tell_ended() {
    for (auto it = ended_.find(tell_next_); it != ended_.end(); it = ended_.find(++tell_next_)) {
      const Job& job = it->second;
      if (const auto fresh = fresh_.find(job.number); fresh != fresh_.end()) {
        sink_.rung_ended(proposals_[static_cast<std::size_t>(job.trial)], fresh->second);
        fresh_.erase(fresh);
      }
      ended_.erase(it);
    }
  }

  /// Ends all workers as soon as their jobs end; called under the lock.
  void stop() {
    stop_ = true;
    changed_.notify_all();
  }

  [[nodiscard]] std::vector<Standing> standings() const {
    const std::vector<int>& rungs = schedule_.rungs();
    std::vector<Standing> all;
    for (std::size_t budget = 0; budget < options_.budgets().size(); ++budget) {
      for (const Bracket::Standing& one : schedule_.standings(budget)) {
        Standing& standing = all.emplace_back(Standing{
            .number = one.trial, .epochs = rungs[one.rung], .state = TrialState::stopped, .reason = one.reason});
        if (one.running) standing.state = TrialState::waiting;
        if (one.failed) {
          standing.state = TrialState::failed;
          standing.reason = outcomes_.at({one.trial, standing.epochs});
        } else if (!one.running && standing.epochs == rungs.back()) {
          standing.state = TrialState::done;
        }
      }
    }
    return all;
  }

  void tell_warnings() {
    for (; warned_ < proposer_.warnings().size(); ++warned_) sink_.warn(proposer_.warnings()[warned_]);
  }

  const SearchOptions& options_;
  Evaluator& evaluator_;
  Study& study_;
  ProgressSink& sink_;
  std::map<std::pair<int, int>, Rung> known_;  ///< by trial and epochs, of earlier runs

  std::mutex mutex_;  ///< guards all below, and the sink
  std::condition_variable changed_;
  Proposer proposer_;
  std::vector<Proposal> proposals_;  ///< [trial]
  Schedule schedule_;
  bool stop_ = false;
  bool interrupted_ = false;
  std::exception_ptr error_;
  SearchProgress progress_;
  std::map<std::pair<int, int>, std::string> outcomes_;  ///< by trial and epochs: the failure, or ""
  std::map<int, int> trained_;                           ///< epochs of this run's jobs
  std::map<int, Job> ended_;                             ///< waiting for a job of lower number
  std::map<int, Rung> fresh_;                            ///< what this run's jobs came to, until it is told
  int tell_next_ = 0;
  std::size_t warned_ = 0;
};

void write_model(Evaluator& evaluator, const std::string& model, const std::filesystem::path& folder) {
  std::filesystem::path fresh = folder, old = folder;
  fresh += ".new";
  old += ".old";
  std::filesystem::remove_all(fresh);
  std::filesystem::create_directories(folder.parent_path());
  evaluator.write_model(model, fresh);
  std::filesystem::remove_all(old);
  if (std::filesystem::exists(folder)) std::filesystem::rename(folder, old);
  std::filesystem::rename(fresh, folder);
  std::filesystem::remove_all(old);
}

Winner crown(const Trial& trial, const std::string& budget, Evaluator& evaluator, Study& study) {
  const int number = trial.proposal.number;
  const std::string model = study.model(number, trial.rungs.back().epochs);
  Winner winner{.budget = budget, .trial = trial, .test = {}, .folder = study.folder() / "best" / budget};
  if (const auto known = study.test(number)) {
    winner.test = *known;
  } else {
    winner.test = evaluator.test(model);
    study.set_test(number, winner.test);
  }
  try {
    write_model(evaluator, model, winner.folder);
  } catch (const std::filesystem::filesystem_error& error) {
    throw Error(winner.folder.string() + ": cannot be written: " + error.code().message() +
                "; make room or check the permissions, then run again");
  }
  return winner;
}

}  // namespace

SearchOutcome run_search(const SearchOptions& options, Evaluator& evaluator, Study& study, ProgressSink& sink) {
  SearchOutcome outcome;
  outcome.interrupted = Run(options, evaluator, study, sink).work();
  const std::vector<Trial> trials = study.trials();
  try {
    for (const Budget& budget : options.budgets()) {
      if (outcome.interrupted) break;
      if (const Trial* best = best_trial(trials, budget)) {
        outcome.winners.push_back(crown(*best, budget.name, evaluator, study));
      } else {
        sink.warn("budget \"" + budget.name + "\": no trial that keeps it could be trained");
      }
    }
  } catch (const Interrupted&) {
    outcome = {.interrupted = true, .winners = {}};
  }
  write_reports(study, outcome.winners, options);
  const auto has_failed = [](const Trial& trial) { return trial.state == TrialState::failed; };
  if (!outcome.interrupted && !trials.empty() && std::ranges::all_of(trials, has_failed)) {
    throw Error("search: every trial failed; the first: " + trials.front().reason);
  }
  return outcome;
}

}  // namespace kws
