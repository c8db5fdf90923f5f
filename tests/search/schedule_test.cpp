#include "kws/search/schedule.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>

#include "kws/core/rng.h"

namespace kws {
namespace {

/// Accuracy of a trial after some epochs: later epochs are better, trials differ.
double accuracy_of(int trial, int epochs) {
  const double quality = Rng({9, static_cast<std::uint64_t>(trial)}).uniform();
  return 0.9 * quality * (1.0 - 0.5 / epochs);
}

Schedule::Propose endless() {
  return [](std::size_t, int trial, std::span<const Outlook>) {
    return std::optional(Schedule::Begun{trial % 2 == 0 ? "dnn" : "gru", "new design"});
  };
}

std::string text_of(const Job& job) {
  return std::to_string(job.number) + ": " + std::to_string(job.trial) + " b" + std::to_string(job.budget) + " " +
         std::to_string(job.from) + "-" + std::to_string(job.to) + " " + job.reason;
}

/// Runs a schedule with workers that take jobs as they get free and that take a random time for each.
std::vector<Job> run(Schedule& schedule, int workers, std::uint64_t timing) {
  struct Busy {
    double end = 0.0;
    Job job;
  };
  Rng rng({timing});
  std::vector<Busy> busy;
  std::vector<Job> jobs;
  double now = 0.0;
  for (;;) {
    while (static_cast<int>(busy.size()) < workers) {
      const auto job = schedule.next();
      if (!job) break;
      jobs.push_back(*job);
      busy.push_back({now + rng.uniform(0.1, 10.0), *job});
    }
    if (busy.empty()) break;
    const auto first = std::ranges::min_element(busy, {}, &Busy::end);
    now = first->end;
    schedule.report(first->job.number, accuracy_of(first->job.trial, first->job.to));
    busy.erase(first);
  }
  EXPECT_TRUE(schedule.finished());
  return jobs;
}

TEST(Schedule, DecidesTheSameForAnyNumberOfWorkersAndAnyTiming) {
  const ScheduleOptions options{.trials = 60, .epochs = 27, .slots = 4};
  const auto decisions = [&](int workers, std::uint64_t timing) {
    Schedule schedule(options, 2, endless());
    std::vector<std::string> texts;
    for (const Job& job : run(schedule, workers, timing)) texts.push_back(text_of(job));
    return texts;
  };
  const auto one = decisions(1, 1);
  EXPECT_GT(one.size(), 80U);
  for (const int workers : {1, 2, 3, 8}) {
    for (std::uint64_t timing = 2; timing < 12; ++timing) ASSERT_EQ(decisions(workers, timing), one) << workers;
  }
}

TEST(Schedule, ItsClockGoesByWhatTrainingsCost) {
  // The first design takes ten times as long as the others, which do not wait for it.
  const auto decided = [](bool by_cost) {
    Schedule schedule({.trials = 8, .epochs = 27, .slots = 2, .by_cost = by_cost}, 1,
                      [](std::size_t, int trial, std::span<const Outlook>) {
                        Schedule::Begun begun{"dnn", "new design"};
                        begun.cost = trial == 0 ? 10.0 : 1.0;
                        return std::optional(begun);
                      });
    int jobs = 0;
    while (const auto job = schedule.next()) {
      if (job->trial > 0) schedule.report(job->number, accuracy_of(job->trial, job->to));
      ++jobs;
    }
    EXPECT_FALSE(schedule.finished());
    return jobs;
  };
  EXPECT_EQ(decided(false), 2) << "both end at once on a clock of epochs";
  EXPECT_EQ(decided(true), 1 + 8 - 1);
}

TEST(Schedule, EveryTrialClimbsRungByRung) {
  Schedule schedule({.trials = 40, .epochs = 27, .slots = 3}, 2, endless());
  std::map<int, int> reached;
  std::map<int, std::size_t> budget;
  for (const Job& job : run(schedule, 2, 1)) {
    EXPECT_EQ(job.from, reached[job.trial]);
    reached[job.trial] = job.to;
    EXPECT_EQ(budget.try_emplace(job.trial, job.budget).first->second, job.budget);
  }
  EXPECT_EQ(reached.size(), 40U);
  for (std::size_t i = 0; i < 2; ++i) {
    int full = 0;
    for (const auto& [trial, epochs] : reached) full += budget[trial] == i && epochs == 27 ? 1 : 0;
    EXPECT_GE(full, 1) << "at the latest as the search closes";
    EXPECT_LE(full, 3);
  }
  EXPECT_EQ(schedule.positions(0).size() + schedule.positions(1).size(), 40U);
}

TEST(RungsOf, GoOnFromATopThatHasBeenRaised) {
  EXPECT_EQ(rungs_of({.epochs = 81}), (std::vector{3, 9, 27, 81}));
  EXPECT_EQ(rungs_of({.epochs = 81, .raised_from = {27}}), (std::vector{3, 9, 27, 81}));
  EXPECT_EQ(rungs_of({.epochs = 100, .raised_from = {8, 20}}), (std::vector{3, 8, 20, 60, 100}));
  EXPECT_EQ(rungs_of({.epochs = 5, .raised_from = {3}, .reduction = 1}), (std::vector{1, 2, 3, 4, 5}));
  EXPECT_EQ(rungs_of({.epochs = 5, .raised_from = {3}, .reduction = 1'000'000'000}), (std::vector{3, 5}));
}

TEST(Schedule, RaisedTopChangesNoDecisionBelowIt) {
  const auto decisions = [](const ScheduleOptions& options, int workers) {
    Schedule schedule(options, 2, endless());
    std::vector<std::string> texts;
    for (const Job& job : run(schedule, workers, 1)) texts.push_back(text_of(job));
    return texts;
  };
  const ScheduleOptions before{.trials = 90, .epochs = 9, .slots = 4};
  ScheduleOptions after = before;
  after.raised_from = {9};
  after.epochs = 40;
  const std::vector<std::string> low = decisions(before, 2), high = decisions(after, 2);
  EXPECT_EQ(decisions(after, 8), high);
  ASSERT_GT(high.size(), low.size());
  EXPECT_TRUE(std::equal(low.begin(), low.end(), high.begin()));
  int to_27 = 0, to_40 = 0;
  for (std::size_t i = low.size(); i < high.size(); ++i) {
    to_27 += high[i].find(" 9-27 ") != std::string::npos ? 1 : 0;
    to_40 += high[i].find(" 27-40 ") != std::string::npos ? 1 : 0;
  }
  EXPECT_EQ(to_27 + to_40, static_cast<int>(high.size() - low.size()));
  EXPECT_GE(to_27, 2);
  EXPECT_EQ(to_40, 2) << "one of each budget";
}

TEST(Schedule, TrainsTheBaselineOfEachBudgetInFullWhichIsExpected) {
  const auto begun = [](std::size_t budget, int trial, std::span<const Outlook>) {
    return std::optional(Schedule::Begun{"dnn", "new design", static_cast<std::size_t>(trial) == budget});
  };
  ScheduleOptions options{.trials = 60, .epochs = 27, .slots = 4, .baselines = 2};
  for (const std::vector<int>& raised_from : {std::vector<int>{}, std::vector{9}}) {
    options.raised_from = raised_from;
    Schedule schedule(options, 2, begun);
    std::map<int, int> jobs;  // by rung
    int baselines = 0;
    for (const Job& job : run(schedule, 2, 1)) {
      ++jobs[job.to];
      baselines += job.trial < 2 && job.to == 27 ? 1 : 0;
    }
    EXPECT_EQ(baselines, 2);
    const std::vector<int> expected = expected_jobs(options, 2);
    EXPECT_THAT(expected, ::testing::ElementsAre(60, 22, 9));
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_NEAR(jobs[schedule.rungs()[i]], expected[i], 2) << schedule.rungs()[i];
    }
  }
  EXPECT_THAT(expected_jobs({.trials = 2, .epochs = 27, .baselines = 3}, 3), ::testing::ElementsAre(2, 2, 2));
  EXPECT_THAT(expected_jobs({.trials = 5, .epochs = 27, .baselines = 1}, 1), ::testing::ElementsAre(5, 2, 2));
}

TEST(Schedule, UnderALimitOfEpochsIsExpectedToComeToWhatThereIsRoomFor) {
  ScheduleOptions options{.trials = 28, .epochs = 9, .first_rung = 1, .max_epochs = 20};
  EXPECT_THAT(expected_jobs(options, 2), ::testing::ElementsAre(17, 1, 0)) << "16 results are there before one goes on";
  EXPECT_EQ(expected_epochs(options, 2), 19);
  options.max_epochs = 100;
  EXPECT_LE(expected_epochs(options, 2), 100);
  EXPECT_EQ(expected_jobs(options, 2).front(), 28);
  options = {.trials = 4, .epochs = 8, .reduction = 1, .max_epochs = 4};
  EXPECT_THAT(expected_jobs(options, 1), ::testing::ElementsAre(1, 1, 1, 1, 0, 0, 0, 0));
}

TEST(Schedule, BudgetsGetEqualShares) {
  Schedule schedule({.trials = 90, .epochs = 9, .slots = 4}, 3, endless());
  std::map<std::size_t, int> epochs;
  for (const Job& job : run(schedule, 2, 1)) epochs[job.budget] += job.to - job.from;
  for (const auto& [budget, count] : epochs) EXPECT_NEAR(count, epochs[0], 9) << budget;
}

TEST(Schedule, SavesMostEpochsAndStillFindsTheBest) {
  Schedule schedule({.trials = 81, .epochs = 27, .slots = 1}, 1, endless());
  int epochs = 0, best = 0;
  std::vector<int> full;
  for (const Job& job : run(schedule, 1, 1)) {
    epochs += job.to - job.from;
    if (job.to == 27) full.push_back(job.trial);
  }
  for (int trial = 0; trial < 81; ++trial) best = accuracy_of(trial, 27) > accuracy_of(best, 27) ? trial : best;
  EXPECT_THAT(full, ::testing::Contains(best));
  EXPECT_LE(epochs, 81 * 3 + 27 * 6 + 9 * 18) << "a third of each rung goes on, from three epochs";
}

TEST(Schedule, BudgetWithoutFurtherDesignsLeavesTheTrialsToTheOthers) {
  const auto propose = [](std::size_t budget, int trial, std::span<const Outlook>) {
    return budget == 0 && trial >= 4 ? std::nullopt : std::optional(Schedule::Begun{"dnn", "new design"});
  };
  Schedule schedule({.trials = 30, .epochs = 3, .slots = 1}, 2, propose);
  const std::vector<Job> jobs = run(schedule, 1, 1);
  EXPECT_EQ(std::ranges::count(jobs, 0, &Job::from), 30);
  EXPECT_LE(schedule.positions(0).size(), 4U);
  EXPECT_TRUE(std::ranges::any_of(jobs, [](const Job& job) { return job.budget == 0 && job.to == 3; }));
}

TEST(Schedule, ProposalsSeeWhatIsExpectedOfEarlierTrials) {
  std::vector<std::size_t> sizes;
  std::vector<double> last;
  const auto propose = [&](std::size_t, int, std::span<const Outlook> known) {
    sizes.push_back(known.size());
    last.clear();
    for (const Outlook& one : known) last.push_back(one.accuracy);
    return std::optional(Schedule::Begun{"dnn", "new design"});
  };
  Schedule schedule({.trials = 4, .epochs = 1, .slots = 2}, 1, propose);
  run(schedule, 1, 1);
  EXPECT_THAT(sizes, ::testing::ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(last, ::testing::ElementsAre(accuracy_of(0, 1), accuracy_of(1, 1), 0.0)) << "the third still runs";
}

TEST(Schedule, LimitOfEpochsCutsTheSameDecisionsShort) {
  ScheduleOptions options{.trials = 60, .epochs = 27, .slots = 4};
  Schedule unlimited(options, 2, endless());
  const std::vector<Job> all = run(unlimited, 2, 1);
  options.max_epochs = 100;
  Schedule limited(options, 2, endless());
  const std::vector<Job> some = run(limited, 3, 1);
  ASSERT_LT(some.size(), all.size());
  int epochs = 0;
  for (std::size_t i = 0; i < some.size(); ++i) {
    EXPECT_EQ(text_of(some[i]), text_of(all[i]));
    epochs += some[i].to - some[i].from;
  }
  EXPECT_LE(epochs, 100);
  EXPECT_GT(epochs + all[some.size()].to - all[some.size()].from, 100);
}

TEST(Schedule, BudgetThatHasReachedTheTargetGetsNoFurtherJobs) {
  const ScheduleOptions options{.trials = 60, .epochs = 27, .slots = 1, .target_accuracy = 0.5};
  Schedule schedule(options, 2, endless());
  std::vector<bool> reached(2);
  for (const Job& job : run(schedule, 1, 1)) {
    EXPECT_FALSE(reached[job.budget]) << text_of(job);
    if (accuracy_of(job.trial, job.to) >= 0.5) reached[job.budget] = true;
  }
  EXPECT_TRUE(reached[0] && reached[1]);
}

TEST(Schedule, StoppedOneBeginsNothing) {
  Schedule schedule({}, 1, endless());
  ASSERT_TRUE(schedule.next());
  schedule.stop();
  EXPECT_FALSE(schedule.next());
  EXPECT_FALSE(schedule.finished()) << "a job is under way";
  schedule.report(0, 0.5);
  EXPECT_FALSE(schedule.next());
  EXPECT_TRUE(schedule.finished());
}

}  // namespace
}  // namespace kws
