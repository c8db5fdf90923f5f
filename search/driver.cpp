#include "kws/search/driver.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <thread>

#include "kws/core/interrupt.h"
#include "kws/search/epoch_times.h"
#include "kws/search/finalists.h"
#include "kws/search/plan.h"
#include "kws/search/ranking.h"
#include "kws/search/worker.h"
#include "progress_teller.h"
#include "raised_rung.h"
#include "standings.h"
#include "winner.h"

namespace kws {
namespace {

constexpr std::chrono::milliseconds kResultPause{200};  ///< between looks at the store for results of other processes

/// The search's own side of a study: decides, offers, collects, while workers here and elsewhere train.
class Run {
 public:
  Run(const SearchOptions& options, Evaluator& evaluator, Study& study, ProgressSink& sink, Proposer&& proposer)
      : options_(options),
        evaluator_(evaluator),
        study_(study),
        sink_(sink),
        progress_(options, study, sink),
        proposer_(std::move(proposer)),
        schedule_(options.schedule(), options.budgets().size(),
                  [this](std::size_t budget, int trial, std::span<const Outlook> known) {
                    return propose(budget, trial, known);
                  }) {
    study.stand({});  // of another run: with more trials to come its decisions no longer hold
    for (const Trial& trial : study.trials()) {
      for (const Rung& rung : trial.rungs) known_.emplace(std::pair(trial.proposal.number, rung.epochs), rung);
    }
    study.set_finished(false);
    study.withdraw(worker_is_gone);
  }

  /// Returns whether the search was interrupted.
  bool work() {
    progress_.tell();
    tell_warnings();
    std::vector<std::thread> workers;
    guarded([&] {  // the system may refuse a thread
      workers.reserve(static_cast<std::size_t>(options_.threads));
      for (int i = 0; i < options_.threads; ++i) workers.emplace_back([this, i] { train(i); });
      decide();
    });
    for (std::thread& worker : workers) worker.join();
    if (error_) std::rethrow_exception(error_);
    study_.stand(standings());
    return interrupted_;
  }
  /// Whether a limit to its time or its epochs has ended it, so that a later run may take it further.
  [[nodiscard]] bool limited() const { return cut_ || (schedule_.stopped() && !finalists_offered_); }

 private:
  /// Keeps the first exception and ends all.
  void guarded(const std::function<void()>& body) {
    try {
      body();
    } catch (...) {
      const std::scoped_lock lock(mutex_);
      if (!error_) error_ = std::current_exception();
      stop();
    }
  }

  /// A thread that trains.
  void train(int number) {
    guarded([&] {
      Worker worker(study_, evaluator_, worker_name(number), options_.lease_seconds, [this](const std::string& line) {
        const std::scoped_lock lock(mutex_);
        sink_.warn(line);
      });
      while (!stopped()) {
        const Worker::Outcome outcome =
            worker.work_one([this](const Lease& lease, int epochs) { trained(lease, epochs); });
        std::unique_lock lock(mutex_);
        if (outcome == Worker::Outcome::interrupted) {
          interrupted_ = true;
          stop();
        } else if (outcome == Worker::Outcome::nothing || outcome == Worker::Outcome::none_more) {
          if (!stop_) offered_.wait_for(lock, kResultPause);
        } else {
          ++delivered_;
          changed_.notify_all();
        }
      }
    });
  }

  /// Offers what the schedule decides and collects what came of it, until nothing is left to do.
  void decide() {
    std::unique_lock lock(mutex_);
    while (!stop_) {
      if (interrupted()) {
        interrupted_ = true;
        break;
      }
      const bool over = options_.max_seconds > 0.0 && progress_.passed() > options_.max_seconds;
      if (over) schedule_.stop();
      const int delivered = delivered_;
      const SearchProgress progress = progress_.now();
      lock.unlock();
      progress_.tell_study(progress);
      if (over) withdraw();
      const std::vector<std::pair<Job, Rung>> ended = collect();
      lock.lock();
      for (const auto& [job, rung] : ended) {
        fresh_.emplace(job.number, rung);
        end(job, rung);
      }
      bool more = offer();
      if (offer_finalists()) more = true;
      if ((over || schedule_.finished()) && outstanding_.empty()) break;
      if (ended.empty() && !more && delivered == delivered_ && !stop_) changed_.wait_for(lock, kResultPause);
    }
    stop();
  }

  /// Steps that nobody has begun are not begun any more.
  void withdraw() {
    const std::vector<std::pair<int, int>> withdrawn = study_.withdraw(worker_is_gone);
    const std::scoped_lock lock(mutex_);
    cut_ = cut_ || !withdrawn.empty();
    std::erase_if(outstanding_, [&](const Job& job) {
      const bool gone = std::ranges::find(withdrawn, std::pair(job.trial, job.to)) != withdrawn.end();
      if (gone) ended_.emplace(job.number, job);  // those after it are told
      return gone;
    });
    tell_ended();
  }

  /// Jobs on offer that have got a result.
  std::vector<std::pair<Job, Rung>> collect() {
    std::vector<std::pair<Job, Rung>> ended;
    std::erase_if(outstanding_, [&](const Job& job) {
      std::optional<Rung> rung = study_.rung(job.trial, job.to);
      if (rung) ended.emplace_back(job, *std::move(rung));
      return !ended.empty() && ended.back().first.number == job.number;
    });
    return ended;
  }

  /// Hands out all that the schedule decides now; steps whose result an earlier run has left are not run again.
  ///   returns  whether there was any
  bool offer() {
    bool any = false;
    while (const std::optional<Job> job = schedule_.next()) {
      any = true;
      jobs_ = job->number + 1;
      hand_out(*job);
    }
    return any;
  }

  void hand_out(const Job& job) {
    progress_.offered(job, proposals_.at(job.trial));
    const auto known = known_.find({job.trial, job.to});
    if (known == known_.end()) {
      study_.offer(job.number, {.trial = job.trial, .from = job.from, .to = job.to, .reason = job.reason, .fence = 0});
      outstanding_.push_back(job);
      offered_.notify_one();
      return;
    }
    progress_.known(job);
    end(job, known->second);
  }

  /// Once the schedule has come to its end, hands out what is trained anew.
  ///   returns  whether that is now
  bool offer_finalists() {
    if (!schedule_.finished() || schedule_.stopped() || std::exchange(finalists_offered_, true)) return false;
    std::vector<Trial> trials = study_.trials();
    apply_standings(standings(), trials);
    leave_out_others(trials);
    const std::vector<Proposal> proposals = finalists(facts_of(trials, options_), options_);
    int left = options_.max_epochs > 0 ? options_.max_epochs - schedule_.epochs() : std::numeric_limits<int>::max();
    for (const Proposal& proposal : proposals) {
      left -= proposal.training.all_epochs();
      if (left < 0) {
        cut_ = true;
        break;
      }
      add(proposal);
      proposals_[proposal.number] = proposal;
      finals_.push_back({.number = jobs_++,
                         .trial = proposal.number,
                         .to = proposal.training.all_epochs(),
                         .reason = "trial " + std::to_string(finalist_of(proposal.number)) + " anew"});
    }
    const std::vector<Job> jobs = finals_;
    progress_.finalists_offered();
    for (const Job& job : jobs) hand_out(job);
    return !jobs.empty();
  }

  std::optional<Schedule::Begun> propose(std::size_t budget, int trial, std::span<const Outlook> known) {
    std::optional<Proposer::Proposed> proposed = proposer_.propose(budget, trial, known);
    tell_warnings();
    if (!proposed) return std::nullopt;
    add(proposed->proposal);
    Schedule::Begun begun{.type = proposed->proposal.design.type(),
                          .reason = std::move(proposed->reason),
                          .baseline = proposed->baseline,
                          .cost = training_cost(proposed->proposal.design)};
    proposals_[trial] = std::move(proposed->proposal);
    return begun;
  }

  void add(const Proposal& proposal) {
    if (!study_.add(proposal)) return;
    std::erase_if(known_, [&](const auto& known) { return known.first.first == proposal.number; });
    sink_.warn("trial " + std::to_string(proposal.number) + ": is another design or training than before, " +
               proposal.design.name + "; what is known of the one before is left out");
  }

  /// Hands a result to the schedule; called under the lock.
  void end(const Job& job, const Rung& rung) {
    // A shorter search of this study, or one whose offer is still there, may have had another reason.
    if (rung.reason != job.reason) study_.set_reason(job.trial, job.to, job.reason);
    if (!is_finalist(job.trial)) {
      schedule_.report(job.number, rung.result ? std::optional(rung.result->int8_validation) : std::nullopt);
    }
    outcomes_[{job.trial, job.to}] = rung.failure;
    progress_.ended(job, rung, fresh_.contains(job.number));
    ended_.emplace(job.number, job);
    tell_ended();
  }

  void trained(const Lease& lease, int epochs) {
    const std::scoped_lock lock(mutex_);
    progress_.trained(lease, epochs);
  }

  /// Passes ended jobs on as soon as all with lower numbers have been; those of earlier runs are not told again.
  void tell_ended() {
    for (auto it = ended_.find(tell_next_); it != ended_.end(); it = ended_.find(++tell_next_)) {
      const Job& job = it->second;
      if (const auto fresh = fresh_.find(job.number); fresh != fresh_.end()) {
        Rung rung = fresh->second;
        rung.reason = job.reason;
        sink_.rung_ended(proposals_.at(job.trial), rung);
        fresh_.erase(fresh);
      }
      ended_.erase(it);
    }
  }

  /// Ends all workers as soon as their jobs end; called under the lock.
  void stop() {
    stop_ = true;
    changed_.notify_all();
    offered_.notify_all();
  }
  bool stopped() {
    const std::scoped_lock lock(mutex_);
    return stop_;
  }

  [[nodiscard]] std::vector<Standing> standings() const {
    return standings_of(schedule_, options_.budgets().size(), finals_, outcomes_);
  }

  void tell_warnings() {
    for (; warned_ < proposer_.warnings().size(); ++warned_) sink_.warn(proposer_.warnings()[warned_]);
  }

  const SearchOptions& options_;
  Evaluator& evaluator_;
  Study& study_;
  ProgressSink& sink_;
  std::map<std::pair<int, int>, Rung> known_;  ///< by trial and epochs, of earlier runs

  std::vector<Job> outstanding_;  ///< on offer; decide()'s own
  std::vector<Job> finals_;       ///< trainings of finalists; the same
  bool finalists_offered_ = false;
  bool cut_ = false;  ///< a limit has left something out that was to be trained
  int jobs_ = 0;      ///< handed out
  std::mutex mutex_;  ///< guards all below, and the sink
  std::condition_variable changed_, offered_;
  ProgressTeller progress_;
  Proposer proposer_;
  std::map<int, Proposal> proposals_;  ///< by trial
  Schedule schedule_;
  int delivered_ = 0;  ///< by this process
  bool stop_ = false;
  bool interrupted_ = false;
  std::exception_ptr error_;
  std::map<std::pair<int, int>, std::string> outcomes_;  ///< by trial and epochs: the failure, or ""
  std::map<int, Job> ended_;                             ///< waiting for a job of lower number
  std::map<int, Rung> fresh_;                            ///< what this run's jobs came to, until it is told
  int tell_next_ = 0;
  std::size_t warned_ = 0;
};

}  // namespace

SearchOutcome run_search(const SearchOptions& options, Evaluator& evaluator, Study& study, ProgressSink& sink) {
  return run_search(options, evaluator, study, sink, Proposer(options));
}

SearchOutcome run_search(const SearchOptions& options, Evaluator& evaluator, Study& study, ProgressSink& sink,
                         Proposer proposer) {
  require_no_fewer_trials(study, options);
  study.raise();
  SearchOutcome outcome;
  Run run(options, evaluator, study, sink, std::move(proposer));
  outcome.interrupted = run.work();
  std::vector<Trial> decided = study.trials();
  if (!outcome.interrupted) leave_out_others(decided);
  const std::vector<TrialFacts> trials = facts_of(decided, options);
  try {
    for (const Budget& budget : options.budgets()) {
      if (outcome.interrupted) break;
      if (auto winner = crown_winner(trials, budget, evaluator, study)) {
        outcome.winners.push_back(*std::move(winner));
      } else {
        sink.warn("budget \"" + budget.name + "\": " +
                  (run.limited()
                       ? "the limit ended the search before a trial of it was trained; raise it, and the same "
                         "command goes on"
                       : "no trial that keeps it could be trained"));
      }
    }
  } catch (const Interrupted&) {
    outcome = {.interrupted = true, .winners = {}};
  }
  if (!outcome.interrupted && !run.limited()) {
    std::vector<int> models;
    for (const Winner& winner : outcome.winners) models.push_back(winner.trial.proposal.number);
    study.shrink(models, may_go_on(trials, options));
  }
  study.set_finished(!outcome.interrupted);
  write_reports(study, outcome.winners, options);
  const auto has_failed = [](const TrialFacts& trial) { return trial.state == TrialState::failed; };
  if (!outcome.interrupted && !trials.empty() && std::ranges::all_of(trials, has_failed)) {
    throw Error("search: every trial failed; the first: " + trials.front().reason +
                "; mend that and use another --study");
  }
  return outcome;
}

}  // namespace kws
