#include "kws/search/plan.h"

#include <gmock/gmock.h>

#include "fake_evaluator.h"

namespace kws {
namespace {

using testing::FakeEvaluator;
using testing::two_budgets;

SearchOptions default_search(const std::vector<std::string>& budgets) {
  SearchOptions options = two_budgets();
  options.first_rung = SearchOptions().first_rung;
  options.budget_names = budgets;
  return options;
}

TEST(Plan, TakesTheTimeAskedForAndNoMore) {
  const TrainingPace pace{.epoch_seconds = 2.0, .rung_seconds = 0.5, .at_once = 2};
  for (const double minutes : {2.0, 10.0, 30.0, 120.0}) {
    for (const std::vector<std::string>& budgets : {std::vector<std::string>{"small"}, {"small", "medium"}}) {
      const SearchOptions options = planned(default_search(budgets), pace, 60.0 * minutes);
      EXPECT_LE(planned_seconds(options, pace), 60.0 * minutes) << minutes;
      EXPECT_GT(planned_seconds(options, pace), 0.75 * 60.0 * minutes) << minutes;
    }
  }
}

TEST(Plan, HalfAnHourOfTwoCoresHasFullLengthFinalistsOverSeeds) {
  const TrainingPace pace{.epoch_seconds = 2.0, .rung_seconds = 0.5, .at_once = 2};
  const SearchOptions options = planned(default_search({"small"}), pace, 1800.0);
  EXPECT_EQ(options.final_epochs, TrainOptions().epochs);
  EXPECT_EQ(options.final_seeds, 3);
  EXPECT_EQ(options.finalists, 3);
  EXPECT_EQ(options.epochs, 27);
  EXPECT_GT(options.max_trials, 60);
}

TEST(Plan, OfAnEarlierRunStays) {
  const TrainingPace pace{.epoch_seconds = 0.1, .rung_seconds = 0.1, .at_once = 1};
  const SearchOptions before = planned(default_search({"small"}), pace, 600.0);
  const SearchOptions again = as_planned_before(default_search({"small"}), before, Json::object());
  EXPECT_EQ(search_options_to_json(again), search_options_to_json(before));
}

TEST(Plan, PaceIsThatOfTheSecondEpoch) {
  FakeEvaluator evaluator;
  const TrainingPace pace = measure_pace(default_search({"small"}), evaluator, 2, 0.0);
  EXPECT_EQ(evaluator.ran.size(), 2U);
  EXPECT_GE(pace.epoch_seconds, 0.0);
  EXPECT_EQ(pace.at_once, 2);
}

}  // namespace
}  // namespace kws
