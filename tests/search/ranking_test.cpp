#include "kws/search/ranking.h"

#include <gmock/gmock.h>

#include "fake_evaluator.h"
#include "families/random_design.h"
#include "kws/search/finalists.h"

namespace kws {
namespace {

using testing::two_budgets;

TEST(BestTrial, TieGoesToLessMemoryThenToTheLowerNumber) {
  const auto dnn = [](int number, int width) {
    Trial trial;
    trial.proposal.number = number;
    trial.proposal.design.network = test::network_from(R"({"type": "dnn", "hidden": [)" + std::to_string(width) + "]}");
    trial.state = TrialState::done;
    trial.rungs.push_back({.epochs = 9, .reason = "", .result = TrialResult{}, .failure = ""});
    trial.rungs.back().result->int8_validation = 0.9;
    return trial;
  };
  SearchOptions options = two_budgets();
  options.limits[MeasureId::memory] = 10;
  const std::vector<TrialFacts> trials = facts_of(std::vector{dnn(0, 40), dnn(1, 32), dnn(2, 32)}, options);
  EXPECT_EQ(best_trial(trials, "small"), &trials[1]);
  EXPECT_EQ(best_trial(trials, "custom"), nullptr);
}

TEST(SeedMean, OfATrialThatALimitCutShortIsItsOwnAccuracy) {
  Trial trial;
  trial.proposal.design.network = test::network_from(R"({"type": "dnn", "hidden": [40]})");
  trial.proposal.training.epochs = 9;
  trial.rungs.push_back({.epochs = 3, .reason = "", .result = TrialResult{}, .failure = ""});
  trial.rungs.back().result->int8_validation = 0.8;
  const std::vector<TrialFacts> trials = facts_of(std::vector{trial}, two_budgets());
  const SeedMean mean = seed_mean(trials, trials[0]);
  EXPECT_EQ(mean.seeds, 1);
  EXPECT_EQ(mean.accuracy, 0.8);
  EXPECT_FALSE(mean.error);
}

TEST(BestTrial, OfFinalistsTheMeanOverTheSeedsCounts) {
  const auto run = [](int of, int seed, double accuracy) {
    Trial trial;
    trial.proposal.number = finalist_number(of, seed);
    const std::string width = std::to_string(32 + of);
    trial.proposal.design.network = test::network_from(R"({"type": "dnn", "hidden": [)" + width + "]}");
    trial.proposal.training.epochs = 9;
    trial.rungs.push_back({.epochs = 9, .reason = "", .result = TrialResult{}, .failure = ""});
    trial.rungs.back().result->int8_validation = accuracy;
    return trial;
  };
  const std::vector<Trial> runs{run(0, 1, 0.95), run(0, 2, 0.85), run(1, 1, 0.91), run(1, 2, 0.93)};
  const std::vector<TrialFacts> trials = facts_of(runs, two_budgets());
  EXPECT_EQ(best_trial(trials, "small"), &trials[3]) << "a lucky run is not a better design";
  const SeedMean mean = seed_mean(trials, trials[3]);
  EXPECT_EQ(mean.seeds, 2);
  EXPECT_NEAR(mean.accuracy, 0.92, 1e-9);
  EXPECT_NEAR(mean.error.value(), 0.01, 1e-9);
  EXPECT_FALSE(seed_mean(std::vector{0.92}).error) << "one seed tells none";
}

}  // namespace
}  // namespace kws
