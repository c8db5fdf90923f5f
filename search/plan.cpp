#include "kws/search/plan.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <exception>
#include <limits>
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
#include "strategies.h"
#include "workers.h"

namespace kws {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kMeasuredEpochs = 2;      ///< the first makes what all trials share, so that the second counts
constexpr double kFinalShare = 0.4;     ///< of the time, at most,
constexpr double kLongestFinals = 0.6;  ///< and where the fewest take more
constexpr double kOneFinalist = 0.5;    ///< that the slowest design worth a search takes at kShortLength
/// Slots for each training at once: with one, workers wait for results that a decision must see, a seventh of the time on
/// two cores; with more, decisions know less (docs/search_strategies.md).
constexpr int kSlotsEach = 2;
constexpr int kFullLength = TrainOptions().epochs;
constexpr int kMostTrials = 600;

constexpr int kLongLength = 120;  ///< as configs/recipes/long.json
constexpr int kShortLength = 27;  ///< which a slow network of more than others can do still beats them with

struct Finals {
  int finalists, seeds, epochs;
};
constexpr std::array kFinals = {Finals{3, 3, kLongLength}, Finals{3, 3, kFullLength}, Finals{2, 3, kFullLength},
                                Finals{2, 2, kFullLength}, Finals{1, 2, kFullLength}, Finals{1, 1, kFullLength}};
/// Where one at full length takes too long; the second seed takes no time where two run at once.
constexpr Finals kFewest = {1, 2, kShortLength};

/// A top rung, and the trials of each budget that make it worth its epochs.
struct TopRung {
  int epochs, trials;
};
constexpr std::array kTopRungs = {TopRung{81, 250}, TopRung{27, 12}, TopRung{9, 6}, TopRung{3, 0}};

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// How long a search takes at that pace, its trials and its finalists.
struct PlannedSeconds {
  double trials = 0.0, finals = 0.0;
};
PlannedSeconds seconds_of(const SearchOptions& options, const TrainingPace& pace) {
  const std::vector<int> rungs = rungs_of(options.schedule());
  Workers workers(pace.at_once);
  workers.take_rungs(expected_jobs(options.schedule(), options.budgets().size()), [&](std::size_t rung, int) {
    const double epochs = rungs[rung] - (rung == 0 ? 0 : rungs[rung - 1]);
    return epochs * (rung == 0 ? pace.epoch_seconds : pace.late_epoch_seconds) + pace.rung_seconds;
  });
  workers.wait_for_all();
  const double trials = workers.end();
  const double epochs = final_epochs(options) + kQuantAwareCost * options.tuning_epochs;
  for (int i = 0; i < finalist_trainings(options); ++i) {
    workers.take(epochs * pace.late_epoch_seconds + pace.rung_seconds);
  }
  return {.trials = trials, .finals = workers.end() - trials};
}

/// The most trials that the time allows.
int affordable_trials(SearchOptions options, const TrainingPace& pace, double seconds) {
  int low = 1, high = kMostTrials;
  while (low < high) {
    options.max_trials = (low + high + 1) / 2;
    if (seconds_of(options, pace).trials <= seconds) {
      low = options.max_trials;
    } else {
      high = options.max_trials - 1;
    }
  }
  return low;
}

/// Seconds of an epoch of each type's quickest design.
std::map<std::string, double> quickest_of_types(const std::vector<FirstDesign>& first) {
  std::map<std::string, double> quickest;
  for (const FirstDesign& design : first) {
    double& least = quickest.try_emplace(design.proposal.design.type(), design.step_seconds).first->second;
    least = std::min(least, design.step_seconds);
  }
  return quickest;
}

/// The median, the upper one of two; 0 of none.
double middle_of(const std::map<std::string, double>& of_types) {
  if (of_types.empty()) return 0.0;
  std::vector<double> all;
  all.reserve(of_types.size());
  for (const auto& [type, value] : of_types) all.push_back(value);
  std::ranges::sort(all);
  return all[all.size() / 2];
}

}  // namespace

std::vector<Proposal> first_proposals(Proposer& proposer, std::size_t budgets, int count) {
  std::vector<Proposal> first;
  const std::vector<Outlook> nothing_known(static_cast<std::size_t>(std::max(0, count)));
  for (int number = 0; number < count; ++number) {
    const std::size_t budget = static_cast<std::size_t>(number) % budgets;
    if (proposer.needs_results(budget)) continue;
    auto proposed = proposer.propose(budget, number, nothing_known);
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
  const std::map<std::string, double> quickest = quickest_of_types(first);
  const double most = kMostTimes * middle_of(quickest);
  std::vector<std::string> slow;
  for (const auto& [type, epoch] : quickest) {
    if (kFullLength * epoch > kOneTraining * seconds && epoch > most) slow.push_back(type);
  }
  return slow;
}

double most_training_cost(const std::vector<FirstDesign>& first, double seconds) {
  const double epochs = kShortLength + kQuantAwareCost * SearchOptions().tuning_epochs;
  const double epoch_seconds = kOneFinalist * seconds / epochs;
  if (first.empty() || epoch_seconds < middle_of(quickest_of_types(first))) return 0.0;
  std::vector<double> each;  // seconds of a unit of cost
  each.reserve(first.size());
  double least = std::numeric_limits<double>::infinity();
  for (const FirstDesign& one : first) {
    const double cost = training_cost(one.proposal.design);
    each.push_back(one.step_seconds / cost);
    least = std::min(least, cost);
  }
  std::ranges::sort(each);
  // The cost tells times to a third: in doubt a design stays, and one does in any case.
  const double most = std::max(least, epoch_seconds / each[each.size() / 4]);
  constexpr double kAny = 1e6;  // the largest limit there is
  return most < kAny ? most : 0.0;
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
  static const std::vector<std::string> names = {"slots",        "max_training_cost", "max_published", "max_trials",
                                                 "epochs",       "finalists",         "final_seeds",   "final_epochs",
                                                 "tuning_epochs"};
  return names;
}

SearchOptions planned(SearchOptions options, const TrainingPace& pace, double seconds, const Json& given) {
  const auto budgets = static_cast<int>(options.budgets().size());
  Json fixed = Json::object();
  for (const std::string& name : planned_options()) {
    if (given.contains(name)) fixed[name] = given.at(name);
  }
  const auto keep_given = [&] { read_options(fixed, options, "command line", "search"); };
  options.slots = kSlotsEach * pace.at_once;
  const auto choose = [&](const Finals& finals) {
    options.finalists = finals.finalists;
    options.final_seeds = finals.seeds;
    options.final_epochs = finals.epochs;
    keep_given();
  };
  const auto final_seconds = [&] { return seconds_of(options, pace).finals; };
  options.max_trials = kMostTrials;
  const auto row = std::ranges::find_if(kFinals, [&](const Finals& finals) {
    choose(finals);
    return final_seconds() <= kFinalShare * seconds;
  });
  if (row == kFinals.end()) choose(kFewest);
  // Where even those take too long, finalists are as short as trials.
  const bool as_trials = final_seconds() > kLongestFinals * seconds;
  if (as_trials) options.final_epochs = 0;
  for (const TopRung& top : kTopRungs) {
    options.epochs = top.epochs;
    options.max_trials = kMostTrials;
    keep_given();
    const double finals = final_seconds();
    const int affordable = affordable_trials(options, pace, seconds - finals);
    const int wanted = fixed.contains("max_trials") ? options.max_trials : top.trials * budgets;
    options.max_trials = affordable;
    keep_given();
    if (affordable >= wanted && (!as_trials || finals <= kFinalShare * seconds)) break;
  }
  options.max_published = std::max(1, options.max_trials / budgets / 2);  // the other half is new
  keep_given();
  return with_strategy(std::move(options));
}

double planned_seconds(const SearchOptions& options, const TrainingPace& pace) {
  const PlannedSeconds all = seconds_of(options, pace);
  return all.trials + all.finals;
}

std::string describe_plan(const SearchOptions& options, const TrainingPace& pace) {
  const int epochs = expected_epochs(options.schedule(), options.budgets().size()) + finalist_epochs(options);
  const int length = final_epochs(options) + options.tuning_epochs;
  const std::string finals = options.finalists == 0
                                 ? ""
                                 : ", then " + counted(options.finalists, "finalist") + " of each budget, " +
                                       counted(options.final_seeds, "seed") + " of " + counted(length, "epoch");
  return counted(options.max_trials, "trial") + " of up to " + counted(options.epochs, "epoch") + finals + ": " +
         counted(epochs, "epoch") + ", about " + describe_time(planned_seconds(options, pace));
}

SearchOptions as_planned_before(SearchOptions options, const SearchOptions& before, const Json& given) {
  const Json all = search_options_to_json(before).at("search");
  Json kept = Json::object();
  for (const std::string& name : planned_options()) {
    if (!given.contains(name) && all.contains(name)) kept[name] = all.at(name);  // not where it is the usual one
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
