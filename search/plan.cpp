#include "kws/search/plan.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <exception>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "kws/core/interrupt.h"
#include "kws/core/table.h"
#include "kws/search/epoch_times.h"
#include "kws/search/finalists.h"
#include "kws/search/schedule.h"

namespace kws {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kMeasuredEpochs = 2;   ///< the first makes what all trials share, so that the second counts
constexpr double kFinalShare = 0.4;  ///< of the time, at most
constexpr int kFullLength = TrainOptions().epochs;
constexpr int kMostTrials = 600;

constexpr int kLongLength = 120;  ///< as configs/recipes/long.json

struct Finals {
  int finalists, seeds, epochs;
};
constexpr std::array kFinals = {Finals{3, 3, kLongLength}, Finals{3, 3, kFullLength}, Finals{2, 3, kFullLength},
                                Finals{2, 2, kFullLength}, Finals{1, 2, kFullLength}, Finals{1, 1, kFullLength}};

/// A top rung, and the trials of each budget that make it worth its epochs.
struct TopRung {
  int epochs, trials;
};
constexpr std::array kTopRungs = {TopRung{81, 250}, TopRung{27, 12}, TopRung{9, 6}, TopRung{3, 0}};

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

double final_seconds(const SearchOptions& options, const TrainingPace& pace) {
  const int tuning = finalist_tuning_epochs(options);
  const double trainings = static_cast<double>(tuning) / std::max(1, options.tuning_epochs);
  return ((finalist_epochs(options) - tuning) + kQuantAwareCost * tuning) * pace.late_epoch_seconds +
         trainings * pace.rung_seconds;
}

/// Of all trials, without finalists.
double trial_seconds(const SearchOptions& options, const TrainingPace& pace) {
  const double epochs = expected_epochs(options.schedule(), options.budgets().size());
  const double first = std::min<double>(epochs, options.max_trials * std::min(options.first_rung, options.epochs));
  const double results = 1.5 * options.max_trials;  // one of three goes on, one of nine again
  return first * pace.epoch_seconds + (epochs - first) * pace.late_epoch_seconds + results * pace.rung_seconds;
}

/// The most trials that the time allows.
int affordable_trials(SearchOptions options, const TrainingPace& pace, double seconds) {
  int low = 1, high = kMostTrials;
  while (low < high) {
    options.max_trials = (low + high + 1) / 2;
    if (trial_seconds(options, pace) <= seconds) {
      low = options.max_trials;
    } else {
      high = options.max_trials - 1;
    }
  }
  return low;
}

}  // namespace

std::vector<Proposal> first_proposals(Proposer& proposer, std::size_t budgets, int count) {
  std::vector<Proposal> first;
  for (int number = 0; number < count; ++number) {
    const std::size_t budget = static_cast<std::size_t>(number) % budgets;
    if (proposer.needs_results(budget)) continue;
    auto proposed = proposer.propose(budget, number, {});
    if (proposed) first.push_back(std::move(proposed->proposal));
  }
  return first;
}

std::vector<Proposal> few_of_each_type(const std::vector<Proposal>& proposals, std::size_t of_each) {
  std::map<std::string, std::vector<std::size_t>> of_type;
  for (std::size_t i = 0; i < proposals.size(); ++i) of_type[proposals[i].design.type()].push_back(i);
  std::set<std::size_t> kept;
  for (const auto& [type, places] : of_type) {
    const std::size_t gaps = std::max<std::size_t>(1, of_each - 1);
    for (std::size_t i = 0; i < of_each; ++i) kept.insert(places[i * (places.size() - 1) / gaps]);
  }
  std::vector<Proposal> few;
  few.reserve(kept.size());
  for (const std::size_t place : kept) few.push_back(proposals[place]);
  return few;
}

TrainingPace pace_of_steps(const std::vector<FirstDesign>& first) {
  std::map<std::string, int> of_type;
  for (const FirstDesign& design : first) ++of_type[design.proposal.design.type()];
  TrainingPace pace;
  std::vector<double> all;
  all.reserve(first.size());
  for (const FirstDesign& design : first) {
    pace.epoch_seconds += design.step_seconds / of_type.at(design.proposal.design.type());
    all.push_back(design.step_seconds);
  }
  pace.epoch_seconds /= static_cast<double>(of_type.size());
  std::ranges::sort(all);
  const std::size_t slower = (all.size() + 3) / 4;
  for (std::size_t i = all.size() - slower; i < all.size(); ++i) {
    pace.late_epoch_seconds += all[i] / static_cast<double>(slower);
  }
  pace.late_epoch_seconds = std::max(pace.late_epoch_seconds, pace.epoch_seconds);
  return pace;
}

std::vector<std::string> slow_types(const std::vector<FirstDesign>& first, double seconds) {
  constexpr double kOneTraining = 0.2;  // of the time, at most
  constexpr double kMostTimes = 4.0;    // as slow as most types
  std::map<std::string, double> quickest;
  for (const FirstDesign& design : first) {
    double& least = quickest.try_emplace(design.proposal.design.type(), design.step_seconds).first->second;
    least = std::min(least, design.step_seconds);
  }
  std::vector<double> all;
  all.reserve(quickest.size());
  for (const auto& [type, epoch] : quickest) all.push_back(epoch);
  std::ranges::sort(all);
  std::vector<std::string> slow;
  for (const auto& [type, epoch] : quickest) {
    if (kFullLength * epoch > kOneTraining * seconds && epoch > kMostTimes * all[all.size() / 2]) slow.push_back(type);
  }
  return slow;
}

TrainingPace measure_pace(const std::vector<FirstDesign>& first, Evaluator& evaluator, int at_once, double patience) {
  const auto start = Clock::now();
  std::vector<const FirstDesign*> quickest_first;
  quickest_first.reserve(first.size());
  for (const FirstDesign& design : first) quickest_first.push_back(&design);
  std::ranges::stable_sort(quickest_first, {}, &FirstDesign::step_seconds);
  std::mutex mutex;
  std::exception_ptr error;
  std::size_t next = 0;
  int measured = 0;
  double beside = 0.0, rungs = 0.0;
  const auto measure = [&] {
    try {
      for (bool begins = true; begins || seconds_since(start) < patience; begins = false) {
        const FirstDesign* design = nullptr;
        {
          const std::scoped_lock lock(mutex);
          if (next >= quickest_first.size() || interrupted()) return;
          design = quickest_first[next++];
        }
        Clock::time_point before = Clock::now(), last = before;
        const int epochs = std::min(kMeasuredEpochs, design->proposal.training.all_epochs());
        evaluator.run(design->proposal, epochs, "",
                      [&](int, const std::function<std::string()>&) { before = std::exchange(last, Clock::now()); });
        const double rung = seconds_since(last);
        const std::scoped_lock lock(mutex);
        beside += std::chrono::duration<double>(last - before).count() - design->step_seconds;
        rungs += rung;
        ++measured;
      }
    } catch (...) {
      const std::scoped_lock lock(mutex);
      error = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> threads;
    threads.reserve(static_cast<std::size_t>(at_once));
    for (int i = 0; i < at_once; ++i) threads.emplace_back(measure);
  }
  if (error) std::rethrow_exception(error);
  if (measured == 0) throw Interrupted{};
  TrainingPace pace = pace_of_steps(first);
  pace.epoch_seconds += std::max(0.0, beside / measured);
  pace.late_epoch_seconds += std::max(0.0, beside / measured);
  pace.rung_seconds = rungs / measured;
  pace.at_once = at_once;
  return pace;
}

const std::vector<std::string>& planned_options() {
  static const std::vector<std::string> names = {"max_trials",  "epochs",       "finalists",
                                                 "final_seeds", "final_epochs", "tuning_epochs"};
  return names;
}

SearchOptions planned(SearchOptions options, const TrainingPace& pace, double seconds) {
  const double all = seconds * pace.at_once;
  const auto budgets = static_cast<int>(options.budgets().size());
  options.max_trials = kMostTrials;
  for (const Finals& finals : kFinals) {
    options.finalists = finals.finalists;
    options.final_seeds = finals.seeds;
    options.final_epochs = finals.epochs;
    if (final_seconds(options, pace) <= kFinalShare * all) break;
  }
  const double left = std::max((1.0 - kFinalShare) * all, all - final_seconds(options, pace));
  for (const TopRung& top : kTopRungs) {
    options.epochs = top.epochs;
    options.max_trials = affordable_trials(options, pace, left);
    if (options.max_trials >= top.trials * budgets) break;
  }
  // Where even one full length takes too long, finalists are as short as trials.
  if (final_seconds(options, pace) > kFinalShare * all) options.final_epochs = 0;
  return options;
}

double planned_seconds(const SearchOptions& options, const TrainingPace& pace) {
  return (trial_seconds(options, pace) + final_seconds(options, pace)) / pace.at_once;
}

std::string describe_plan(const SearchOptions& options, const TrainingPace& pace) {
  const int epochs = expected_epochs(options.schedule(), options.budgets().size()) + finalist_epochs(options);
  const int length = final_epochs(options) + options.tuning_epochs;
  return counted(options.max_trials, "trial") + " of up to " + counted(options.epochs, "epoch") + ", then " +
         counted(options.finalists, "finalist") + " of each budget, " + counted(options.final_seeds, "seed") + " of " +
         counted(length, "epoch") + ": " + counted(epochs, "epoch") + ", about " +
         describe_time(planned_seconds(options, pace));
}

SearchOptions as_planned_before(SearchOptions options, const SearchOptions& before, const Json& given) {
  const Json all = search_options_to_json(before).at("search");
  Json kept = Json::object();
  for (const std::string& name : planned_options()) {
    if (!given.contains(name)) kept[name] = all.at(name);
  }
  read_options(kept, options, "config.json", "search");
  return options;
}

void require_no_fewer_trials(const Study& study, const SearchOptions& options) {
  const std::vector<Trial> trials = study.trials();
  const auto begun = std::ranges::count_if(trials, [](const Trial& one) { return !is_finalist(one.proposal.number); });
  if (begun <= options.max_trials) return;
  throw Error(study.name() + ": has begun " + grouped(begun) + " trials, more than --max-trials " +
                  grouped(options.max_trials) + "; it can be raised only: give at least as many, or another --study",
              Exit::usage);
}

std::string describe_time(double seconds) {
  if (seconds < 120.0) return fixed(seconds, 0) + " s";
  if (seconds < 7200.0) return fixed(seconds / 60.0, 0) + " minutes";
  return fixed(seconds / 3600.0, 1) + " hours";
}

}  // namespace kws
