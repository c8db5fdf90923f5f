#include "kws/search/driver.h"

#include <algorithm>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "kws/core/interrupt.h"
#include "kws/search/proposals.h"

namespace kws {
namespace {

/// What the workers share.
class Run {
 public:
  Run(const SearchOptions& options, Evaluator& evaluator, Study& study, ProgressSink& sink)
      : options_(options), evaluator_(evaluator), study_(study), sink_(sink), proposer_(options) {
    for (Trial& trial : study.trials()) {
      const int number = trial.proposal.number;
      known_.emplace(number, std::move(trial));
    }
    progress_.trials = options.max_trials;
    for (const auto& [number, trial] : known_) {
      if (number < options.max_trials && trial.state != TrialState::waiting) ++progress_.trials_done;
    }
    progress_.epochs = (progress_.trials - progress_.trials_done) * options.epochs;
  }

  /// Returns whether the search was interrupted.
  bool work() {
    sink_.progress(progress_);
    tell_warnings();
    std::vector<std::thread> workers;
    for (int i = 0; i < std::max(1, options_.threads); ++i) workers.emplace_back([this] { worker(); });
    for (std::thread& worker : workers) worker.join();
    if (error_) std::rethrow_exception(error_);
    return interrupted_;
  }

 private:
  void worker() {
    try {
      while (std::optional<Proposal> proposal = take()) run(*proposal);
    } catch (...) {
      const std::scoped_lock lock(mutex_);
      stop_ = true;
      if (!error_) error_ = std::current_exception();
    }
  }

  /// The next trial that is still to be run.
  std::optional<Proposal> take() {
    const std::scoped_lock lock(mutex_);
    while (!stop_ && next_ < options_.max_trials) {
      if (interrupted()) {
        interrupted_ = stop_ = true;
        break;
      }
      std::optional<Proposal> proposal = proposer_.next();
      tell_warnings();
      if (!proposal) {
        progress_.trials = next_;
        break;
      }
      ++next_;
      const auto known = known_.find(proposal->number);
      if (known == known_.end()) {
        study_.add(*proposal);
        return proposal;
      }
      if (known->second.state == TrialState::waiting) return known->second.proposal;
      reported(proposal->number, std::nullopt);
    }
    return std::nullopt;
  }

  void run(const Proposal& proposal) {
    Trial trial{.proposal = proposal, .state = TrialState::failed, .result = {}, .reason = {}};
    try {
      trial.result = evaluator_.run(proposal, [&](int done, int) { trained(proposal.number, done); });
      trial.state = TrialState::done;
    } catch (const Interrupted&) {
      const std::scoped_lock lock(mutex_);
      interrupted_ = stop_ = true;
      return;
    } catch (const Error& error) {
      if (error.exit_code() == Exit::data || error.exit_code() == Exit::store) throw;
      trial.reason = error.what();
    } catch (const std::exception& error) {
      trial.reason = error.what();
    }
    // A reason of many lines would spoil logs and tables.
    trial.reason = trial.reason.substr(0, trial.reason.find('\n'));
    if (trial.state == TrialState::done) {
      study_.finish(proposal.number, trial.result);
    } else {
      study_.fail(proposal.number, trial.reason);
    }
    trial.result.model.clear();
    trained(proposal.number, options_.epochs);
    const std::scoped_lock lock(mutex_);
    ++progress_.trials_done;
    sink_.progress(progress_);
    reported(proposal.number, std::move(trial));
  }

  void trained(int number, int epochs) {
    const std::scoped_lock lock(mutex_);
    progress_.epochs_done += epochs - std::exchange(trained_[number], epochs);
    sink_.progress(progress_);
  }

  /// Passes ended trials on as soon as all with lower numbers have been.
  void reported(int number, std::optional<Trial> trial) {
    ended_.emplace(number, std::move(trial));
    for (auto it = ended_.find(report_next_); it != ended_.end(); it = ended_.find(report_next_)) {
      if (it->second) sink_.trial_ended(*it->second);
      ended_.erase(it);
      ++report_next_;
    }
  }

  void tell_warnings() {
    for (; warned_ < proposer_.warnings().size(); ++warned_) sink_.warn(proposer_.warnings()[warned_]);
  }

  const SearchOptions& options_;
  Evaluator& evaluator_;
  Study& study_;
  ProgressSink& sink_;
  Proposer proposer_;
  std::map<int, Trial> known_;  ///< of earlier runs

  std::mutex mutex_;  ///< guards all below, the proposer and the sink
  int next_ = 0;
  bool stop_ = false;
  bool interrupted_ = false;
  std::exception_ptr error_;
  SearchProgress progress_;
  std::map<int, int> trained_;                 ///< epochs of this run's trials
  std::map<int, std::optional<Trial>> ended_;  ///< waiting for a lower number; nothing: ended in an earlier run
  int report_next_ = 0;
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
  const std::string model = study.model(number);
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
