#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kws/search/forecast.h"
#include "kws/search/rungs.h"

namespace kws {

struct ScheduleOptions {
  int trials = 28;  ///< designs to begin with, all budgets together
  int epochs = 8;   ///< the top rung
  /// Top rungs of before, rising: the search is first what it was with each of them.
  std::vector<int> raised_from = {};
  int first_rung = 3;   ///< epochs before trials are compared
  int reduction = 3;    ///< one of so many goes on, also the ratio of neighbouring rungs; 1: all go on, epoch by epoch
  int slots = 8;        ///< trainings under way at once on the schedule's own clock
  bool by_cost = true;  ///< on that clock an epoch takes what the design's training costs, not one unit
  /// Ranks by forecast() of what trials reach at the top rung, the best of each type first, see Bracket; otherwise by
  /// what they have shown.
  bool fair = true;
  int baselines = 0;             ///< budgets whose proposals begin with one, see Bracket
  int max_epochs = 0;            ///< of all trainings together; 0: no limit
  double target_accuracy = 0.0;  ///< a budget in which a trial shows it gets no further jobs; 0: none
};

/// Epochs of all rungs, rising. Above a top that has been raised they go on from it in the same ratio.
std::vector<int> rungs_of(const ScheduleOptions& options);

/// How many trainings a schedule comes to at each rung, give or take one for each budget, where no trial fails and
/// designs do not run out; under a limit of epochs those of as many trials as it has room for.
std::vector<int> expected_jobs(const ScheduleOptions& options, std::size_t budgets);

/// Epochs that a schedule comes to at most: what it comes to where no trial fails and designs do not run out, give or
/// take a promotion for each budget and rung.
int expected_epochs(const ScheduleOptions& options, std::size_t budgets);

/// One step of training: a trial from its last checkpoint to the next rung.
struct Job {
  int number = 0;          ///< 0, 1, 2 ... in the order of the decisions
  int trial = 0;           ///< a new number when `from` is 0
  std::size_t budget = 0;  ///< index
  int from = 0, to = 0;    ///< epochs
  std::string reason;      ///< why it is trained, in words
};

/// Decides what a search trains next: one bracket for each budget, so that a design is compared with those of its own
/// budget; the budget that has had the fewest epochs is served first, and in it a promotion before a new trial.
///
/// Decisions must not depend on which worker happens to be quick, so the schedule has a clock of its own, on which an
/// epoch takes what its design's training costs and `slots` jobs run at once. A decision sees the results of exactly
/// those jobs that have ended on that clock. Real workers, however many, run the jobs as they are handed out; next()
/// holds the following decision back until the results it must see are there. The sequence of jobs is the same for any
/// number of workers; more of them than `slots` do not help.
///
/// A top rung that is raised later changes no decision that has been made: the schedule comes to its end below, and
/// then the best that stand there go on as they would to any rung. So it does not matter when it was raised.
class Schedule {
 public:
  /// A new trial.
  struct Begun {
    std::string type;       ///< of its network
    std::string reason;     ///< why this design, in words
    bool baseline = false;  ///< goes on to the top, see Bracket
    double cost = 1.0;      ///< of an epoch, see training_cost()
  };
  /// A further design for `budget`, which becomes trial `trial`; nothing: there is none.
  ///   known  [trial] from the results the decision may see
  using Propose = std::function<std::optional<Begun>(std::size_t budget, int trial, std::span<const Outlook> known)>;
  Schedule(const ScheduleOptions& options, std::size_t budgets, Propose propose);

  /// The next job; nothing: report() must be called first or, if `finished()`, there is none.
  std::optional<Job> next();
  /// The result of a job, in any order.
  void report(int job, std::optional<double> accuracy);
  [[nodiscard]] bool finished() const { return finished_; }
  /// No further job is begun; those under way still count.
  void stop() { stopped_ = true; }
  /// By stop() or by max_epochs.
  [[nodiscard]] bool stopped() const { return stopped_; }

  /// Handed out, all budgets together.
  [[nodiscard]] int epochs() const { return epochs_; }
  /// Epochs of the rungs, rising.
  [[nodiscard]] const std::vector<int>& rungs() const { return rungs_; }
  /// Where the trials of a budget stand and why no further.
  [[nodiscard]] std::vector<Bracket::Position> positions(std::size_t budget) const {
    return per_budget_[budget].bracket.positions();
  }

 private:
  struct PerBudget {
    Bracket bracket;
    int epochs = 0;        ///< handed out
    bool open = true;      ///< proposals come
    bool reached = false;  ///< the target accuracy
  };
  struct Running {
    Job job;
    std::int64_t end = 0;               ///< on the clock
    bool reported = false;              ///< a worker is done with it
    std::optional<double> result = {};  ///< nothing: failed
  };
  void take_notice(const Running& ended);
  bool raise();
  std::optional<Job> decide();
  std::optional<Job> decide(std::size_t budget);
  Job begin(Job job);

  ScheduleOptions options_;
  std::vector<int> rungs_;
  std::size_t open_ = 0;  ///< rungs up to the top of the present
  Propose propose_;
  std::vector<PerBudget> per_budget_;
  std::vector<Running> running_;
  std::vector<Measured> measured_;
  std::vector<std::string> types_;        ///< [trial]
  std::vector<std::int64_t> epoch_time_;  ///< [trial] on the clock
  std::vector<Outlook> known_;            ///< [trial]
  std::int64_t now_ = 0;
  int jobs_ = 0;
  int epochs_ = 0;  ///< handed out
  bool stopped_ = false;
  bool finished_ = false;
};

}  // namespace kws
