#include "time_left.h"

#include <algorithm>
#include <cstddef>
#include <tuple>

#include "kws/core/median.h"
#include "kws/search/finalists.h"
#include "kws/search/plan.h"
#include "kws/search/rungs.h"
#include "kws/search/schedule.h"
#include "workers.h"

namespace kws {
namespace {

constexpr double kEnoughKnown = 8.0;  ///< designs that have been timed

int trial_of(int number) { return is_finalist(number) ? finalist_of(number) : number; }

}  // namespace

TimeLeft::TimeLeft(const SearchOptions& options)
    : options_(options),
      rungs_(rungs_of(options.schedule())),
      jobs_(expected_jobs(options.schedule(), options.budgets().size())),
      offered_(rungs_.size()) {}

void TimeLeft::offered(const Step& step) {
  steps_[{step.trial, step.to}] = {.step = step, .epochs = step.from};
  Shown& design = designs_[trial_of(step.trial)];
  design.budget = step.budget;
  design.cost = step.cost;
  if (is_finalist(step.trial)) return;
  design.level = step.to;
  const auto rung = std::ranges::find(rungs_, step.to) - rungs_.begin();
  ++offered_[static_cast<std::size_t>(rung)];
}

void TimeLeft::trained(int trial, int to, int epochs, double now) {
  const auto found = steps_.find({trial, to});
  if (found == steps_.end()) return;  // of an earlier search, whose worker goes on
  UnderWay& step = found->second;
  if (step.last && epochs > step.epochs) {
    const double took = now - *step.last;
    if (step.epochs == step.step.from && epochs < to) {
      step.first = took;
    } else if (epochs == step.epochs + 1) {
      times_.add(trial_of(trial), span(trial, step.epochs, epochs), took);
    }
    step.resumed |= epochs > step.epochs + 1;
    step.since_begun += took;
  } else {  // begun, perhaps once more
    step.first.reset();
    step.since_begun = 0.0;
  }
  step.epochs = epochs;
  step.last = now;
}

void TimeLeft::ended(int trial, int to, std::optional<double> seconds, std::optional<double> accuracy) {
  const auto found = steps_.find({trial, to});
  if (found == steps_.end()) return;
  const UnderWay& step = found->second;
  if (step.resumed) {
    // Its seconds are those of earlier holders, too, and which of them were spent on what nobody knows.
  } else if (seconds && step.last && step.epochs == to) {
    rung_seconds_.add(std::max(0.0, *seconds - step.since_begun));
    if (step.first) opening_.add(std::max(0.0, *step.first - times_.epoch_seconds(trial_of(trial))));
  } else if (seconds) {
    const double epochs = std::max(0.0, *seconds - rung_seconds_.value());
    times_.add(trial_of(trial), span(trial, step.step.from, to), epochs);
  }
  if (!is_finalist(trial)) designs_[trial].accuracy[to] = accuracy.value_or(-1.0);
  steps_.erase(found);
}

EpochSpan TimeLeft::span(int trial, int from, int to) const {
  return {.from = from, .to = to, .plain = is_finalist(trial) ? final_epochs(options_) : to};
}

void TimeLeft::known(int epochs, bool went_on, double seconds) {
  (went_on ? known_later_ : known_first_).add(seconds / std::max(1, epochs));
}

/// Seconds of an epoch before any has been timed here: as the plan has measured them, else as in earlier runs.
std::optional<double> TimeLeft::pace(bool goes_on) const {
  if (options_.pace) return goes_on ? options_.pace->late_epoch_seconds : options_.pace->epoch_seconds;
  const Mean& known = goes_on && known_later_.count > 0 ? known_later_ : known_first_;
  return known.count > 0 ? std::optional(known.value()) : std::nullopt;
}

/// Of a design that has not been timed, by its cost.
double TimeLeft::epoch_seconds(int design) const {
  const auto found = designs_.find(design);
  if (times_.knows(design) || found == designs_.end()) return times_.epoch_seconds(design);
  double seconds = 0.0, cost = 0.0;
  for (const auto& [number, shown] : designs_) {
    if (!times_.knows(number)) continue;
    seconds += times_.epoch_seconds(number);
    cost += shown.cost;
  }
  if (cost > 0.0) return found->second.cost * seconds / cost;
  return pace(false).value_or(0.0);
}

/// Of a design nobody knows: by the plan's pace, else the median of those that a budget has had.
double TimeLeft::typical_epoch_seconds(const std::string& budget, bool goes_on) const {
  const auto known = pace(goes_on);
  if (known && (options_.pace || times_.epoch_seconds() == 0.0)) return *known;
  std::vector<double> all;
  for (const auto& [number, shown] : designs_) {
    if (shown.budget == budget) all.push_back(epoch_seconds(number));
  }
  return all.empty() ? times_.epoch_seconds() : median(std::move(all));
}

/// What it is to show at its level: what it has shown below, and what others of its budget have gained since.
double TimeLeft::accuracy_at_level(const Shown& design) const {
  const auto [epochs, shown] = *design.accuracy.rbegin();
  if (epochs >= design.level || shown < 0.0) return shown;
  Mean gain;
  for (const auto& [trial, other] : designs_) {
    const auto before = other.accuracy.find(epochs), there = other.accuracy.find(design.level);
    if (other.budget == design.budget && before != other.accuracy.end() && there != other.accuracy.end()) {
      gain.add(there->second - before->second);
    }
  }
  return shown + gain.value();
}

/// Mean of the best `share` of a budget's trials: those that came furthest, the most accurate first. Trials on their way
/// to a rung count as there, as the quick ones arrive before the best. As long as few are known, which may be among the
/// slowest there are, it is drawn to a typical one.
double TimeLeft::best_epoch_seconds(const std::string& budget, double share) const {
  std::vector<std::tuple<int, double, int>> known;  // the best first: - level, - accuracy there, trial
  for (const auto& [trial, design] : designs_) {
    if (design.budget != budget || !times_.knows(trial) || design.accuracy.empty()) continue;
    known.emplace_back(-design.level, -accuracy_at_level(design), trial);
  }
  const double typical = typical_epoch_seconds(budget, share < 1.0);
  if (known.empty()) return typical;
  std::ranges::sort(known);
  const double best = std::clamp(share * static_cast<double>(known.size()), 1.0, static_cast<double>(known.size()));
  Mean mean;
  for (std::size_t i = 0; i < static_cast<std::size_t>(best); ++i)
    mean.add(times_.epoch_seconds(std::get<2>(known[i])));
  const double seen = std::min(1.0, static_cast<double>(known.size()) / kEnoughKnown);
  return seen * mean.value() + (1.0 - seen) * typical;
}

/// Of every finalist's training still to be offered.
std::vector<double> TimeLeft::finalist_seconds() const {
  std::vector<double> all;
  if (finalists_known_) return all;
  const double epochs = times_.plain_epochs(span(kFirstFinalist, 0, final_epochs(options_) + options_.tuning_epochs));
  const int finalists = std::min(options_.finalists, options_.max_trials);
  const std::vector<Budget> budgets = options_.budgets();
  const double share = static_cast<double>(finalists) * static_cast<double>(budgets.size()) / options_.max_trials;
  const std::size_t of_a_budget = static_cast<std::size_t>(finalist_trainings(options_)) / budgets.size();
  for (const Budget& budget : budgets) {
    const double each = epochs * best_epoch_seconds(budget.name, share);
    all.insert(all.end(), of_a_budget, opening_.value() + each + rung_seconds_.value());
  }
  return all;
}

double TimeLeft::rest(const UnderWay& step, double now) const {
  const double epochs = times_.plain_epochs(span(step.step.trial, step.epochs, step.step.to));
  const double opening = step.epochs == step.step.from ? opening_.value() : 0.0;
  const double all = opening + epochs * epoch_seconds(trial_of(step.step.trial)) + rung_seconds_.value();
  return std::max(0.0, all - (step.last ? now - *step.last : 0.0));
}

std::optional<double> TimeLeft::seconds(double now) const {
  if (times_.epoch_seconds() == 0.0 && !pace(false)) return std::nullopt;
  int local = 0;
  for (const auto& [key, step] : steps_) local += step.last ? 1 : 0;
  // Where others train, there is one for each slot.
  Workers workers(options_.threads == 0 ? options_.slots : std::min(std::max(options_.threads, local), options_.slots),
                  options_.slots);
  for (const bool begun : {true, false}) {
    for (const auto& [key, step] : steps_) {
      if (step.last.has_value() == begun) workers.take(rest(step, now));
    }
  }
  const std::vector<Budget> budgets = options_.budgets();
  std::vector<int> left;
  std::vector<std::vector<double>> each;  // [rung][budget] seconds; budgets take turns
  for (std::size_t rung = 0; rung < rungs_.size(); ++rung) {
    const int epochs = rungs_[rung] - (rung == 0 ? 0 : rungs_[rung - 1]);
    const double share = static_cast<double>(jobs_[rung]) / jobs_[0];
    // Budgets of unequal numbers of trials may send fewer on than all of them together would.
    left.push_back(finalists_known_ ? 0 : std::max(0, jobs_[rung] - offered_[rung]));
    std::vector<double>& of_budgets = each.emplace_back();
    for (const Budget& budget : budgets) {
      of_budgets.push_back(opening_.value() + epochs * best_epoch_seconds(budget.name, share) + rung_seconds_.value());
    }
  }
  workers.take_rungs(left,
                     [&](std::size_t rung, int i) { return each[rung][static_cast<std::size_t>(i) % budgets.size()]; });
  workers.wait_for_all();
  for (const double training : finalist_seconds()) workers.take(training);
  // At the end each winner reads the test split, which takes about as long as measuring it at a rung.
  return workers.end() + static_cast<double>(budgets.size()) * rung_seconds_.value();
}

}  // namespace kws
