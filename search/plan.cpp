#include "kws/search/plan.h"

#include <algorithm>
#include <array>
#include <utility>

#include "kws/core/table.h"
#include "kws/search/finalists.h"
#include "kws/search/schedule.h"
#include "workers.h"

namespace kws {
namespace {

constexpr double kFinalShare = 0.4;     ///< of the time, at most,
constexpr double kLongestFinals = 0.6;  ///< and where the fewest take more
constexpr int kMostTrials = 600;

constexpr int kLongLength = 120;  ///< as configs/recipes/long.json

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

/// How long a search takes at that pace, its trials and its finalists.
struct PlannedSeconds {
  double trials = 0.0, finals = 0.0;
};
PlannedSeconds seconds_of(const SearchOptions& options, const TrainingPace& pace) {
  const ScheduleOptions schedule = options.schedule();
  const std::vector<int> rungs = rungs_of(schedule);
  Workers workers(pace.at_once, options.slots);
  workers.take_rungs(expected_jobs(schedule, options.budgets().size()), [&](std::size_t rung, int) {
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

}  // namespace

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
  options.slots = std::min(kMostSlots, pace.at_once);      // with more, decisions know less (docs/search_strategies.md)
  const int limit = std::exchange(options.max_epochs, 0);  // another end, that the time knows nothing of
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
  options.max_epochs = limit;
  return options;
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
  std::vector<std::string> names = planned_options();
  names.emplace_back("precision");  // whose default is the machine's
  for (const std::string& name : names) {
    if (!given.contains(name) && all.contains(name)) kept[name] = all.at(name);  // not where it is the usual one
  }
  read_options(kept, options, "plan", "search");
  options.clock = before.clock;  // by which its decisions were taken
  return options;
}

void require_no_fewer_trials(const Study& study, const SearchOptions& options) {
  const auto there = begun_trials(study.trials());
  if (there <= options.max_trials) return;
  throw Error(study.name() + ": has begun " + grouped(there) + " trials, more than --max-trials " +
                  grouped(options.max_trials) + "; it can be raised only: give at least as many, or another --study",
              Exit::usage);
}

}  // namespace kws
