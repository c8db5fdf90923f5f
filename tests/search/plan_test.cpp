#include "kws/search/plan.h"

#include <gmock/gmock.h>

#include "fake_evaluator.h"
#include "kws/search/epoch_times.h"

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
  const TrainingPace pace{.epoch_seconds = 2.0, .late_epoch_seconds = 2.0, .rung_seconds = 0.5, .at_once = 2};
  for (const double minutes : {2.0, 10.0, 30.0, 120.0}) {
    for (const std::vector<std::string>& budgets : {std::vector<std::string>{"small"}, {"small", "medium"}}) {
      const SearchOptions options = planned(default_search(budgets), pace, 60.0 * minutes);
      EXPECT_LE(planned_seconds(options, pace), 60.0 * minutes) << minutes;
      EXPECT_GT(planned_seconds(options, pace), 0.75 * 60.0 * minutes) << minutes;
    }
  }
}

TEST(Plan, HalfAnHourOfTwoCoresHasFullLengthFinalistsOverSeeds) {
  const TrainingPace pace{.epoch_seconds = 2.0, .late_epoch_seconds = 2.0, .rung_seconds = 0.5, .at_once = 2};
  const SearchOptions options = planned(default_search({"small"}), pace, 1800.0);
  EXPECT_EQ(options.final_epochs, TrainOptions().epochs);
  EXPECT_EQ(options.final_seeds, 3);
  EXPECT_EQ(options.finalists, 3);
  EXPECT_EQ(options.epochs, 27);
  EXPECT_GT(options.max_trials, 60);
}

TEST(Plan, KeepsTheDeviceThatLimitsSpeakOf) {
  const TrainingPace pace{.epoch_seconds = 2.0, .late_epoch_seconds = 2.0, .rung_seconds = 0.5, .at_once = 2};
  SearchOptions options = default_search({"small"});
  options.board = "nrf52840";
  options.carry_state = true;
  for (const SearchOptions& kept :
       {planned(options, pace, 600.0), as_planned_before(options, options, Json::object())}) {
    EXPECT_EQ(kept.board, "nrf52840");
    EXPECT_TRUE(kept.carry_state);
  }
}

TEST(Plan, GoesByWhatIsGiven) {
  const TrainingPace pace{.epoch_seconds = 2.0, .late_epoch_seconds = 2.0, .rung_seconds = 0.5, .at_once = 2};
  const auto with = [&](const Json& given) { return planned(default_search({"small"}), pace, 600.0, given); };
  const SearchOptions free = with({});
  EXPECT_EQ(free.slots, 2) << "one for each training at once";
  TrainingPace many = pace;
  many.at_once = 2000;
  EXPECT_EQ(planned(default_search({"small"}), many, 600.0, {}).slots, kMostSlots) << "a study must take it";
  const SearchOptions none = with({{"finalists", 0}});
  EXPECT_EQ(none.finalists, 0);
  EXPECT_GT(none.max_trials, free.max_trials) << "their time goes to trials";
  EXPECT_NEAR(planned_seconds(none, pace), 600.0, 60.0);
  EXPECT_EQ(describe_plan(none, pace).find("finalist"), std::string::npos);
  const SearchOptions few = with({{"max_trials", 6}, {"slots", 1}});
  EXPECT_EQ(few.max_trials, 6);
  EXPECT_EQ(few.max_published, 3);
  EXPECT_EQ(few.slots, 1);
  EXPECT_GE(few.epochs, free.epochs) << "what is left lengthens trials";
  EXPECT_EQ(with({{"epochs", 5}}).epochs, 5);
}

TEST(Plan, FinalistsAreTrainedLongerWhereThereIsTime) {
  const TrainingPace pace{.epoch_seconds = 2.0, .late_epoch_seconds = 2.0, .rung_seconds = 0.5, .at_once = 2};
  const SearchOptions options = planned(default_search({"small"}), pace, 7200.0);
  EXPECT_EQ(options.final_epochs, 120);
  EXPECT_EQ(options.finalists * options.final_seeds, 9);
  EXPECT_LE(planned_seconds(options, pace), 7200.0);
}

TEST(Plan, FinalistsOfTwoWorkersComeInPairs) {
  TrainingPace pace{.epoch_seconds = 8.0, .late_epoch_seconds = 22.0, .rung_seconds = 0.5, .at_once = 2};
  const SearchOptions options = planned(default_search({"medium"}), pace, 1800.0);
  EXPECT_EQ(options.finalists, 1);
  EXPECT_EQ(options.final_seeds, 2) << "the second one takes no time";
  EXPECT_EQ(options.final_epochs, 27) << "40 would take more than two fifths";
  EXPECT_NEAR(planned_seconds(options, pace), 1800.0, 200.0);
  pace.late_epoch_seconds = 16.0;
  EXPECT_EQ(planned(default_search({"medium"}), pace, 1800.0).final_epochs, TrainOptions().epochs);
}

TEST(Plan, LeavesHalfOfTheTrialsToNewDesigns) {
  const TrainingPace pace{.epoch_seconds = 8.0, .late_epoch_seconds = 18.0, .rung_seconds = 0.5, .at_once = 2};
  for (const std::vector<std::string>& budgets : {std::vector<std::string>{"medium"}, {"small", "medium"}}) {
    const SearchOptions options = planned(default_search(budgets), pace, 1800.0);
    EXPECT_EQ(options.max_published, options.max_trials / static_cast<int>(budgets.size()) / 2);
  }
}

TEST(Plan, OfAnEarlierRunStays) {
  const TrainingPace pace{.epoch_seconds = 0.1, .late_epoch_seconds = 0.1, .rung_seconds = 0.1, .at_once = 1};
  const SearchOptions before = planned(default_search({"small"}), pace, 600.0);
  const SearchOptions again = as_planned_before(default_search({"small"}), before, Json::object());
  EXPECT_EQ(search_options_to_json(again), search_options_to_json(before));
}

TEST(Plan, OfAnotherMachineKeepsItsPrecisionUnlessOneIsGiven) {
  SearchOptions here = default_search({"small"}), before = here;
  here.precision = "float32";
  before.precision = "bfloat16";
  EXPECT_EQ(as_planned_before(here, before, Json::object()).precision, "bfloat16");
  EXPECT_EQ(as_planned_before(here, before, {{"precision", "float32"}}).precision, "float32");
}

std::vector<FirstDesign> first_of_small(int count, const std::function<double(const std::string& type)>& seconds) {
  const SearchOptions options = default_search({"small"});
  Proposer proposer(options);
  std::vector<FirstDesign> first;
  for (Proposal& proposal : first_proposals(proposer, 1, count)) {
    const double steps = seconds(proposal.design.type());
    first.push_back({.proposal = std::move(proposal), .step_seconds = steps});
  }
  return first;
}

TEST(Plan, PaceIsTakenFromTheQuickestAndHoldsForAll) {
  FakeEvaluator evaluator;
  std::vector<FirstDesign> first = first_of_small(6, [](const std::string&) { return 30.0; });
  first[2].step_seconds = first[4].step_seconds = 0.0;
  const TrainingPace pace = pace_of(first, measure_overhead(first, evaluator, 2, 0.0), 2);
  std::vector<int> trained;
  for (const auto& [trial, epochs] : evaluator.ran) trained.push_back(trial);
  EXPECT_THAT(trained, ::testing::UnorderedElementsAre(2, 4));
  EXPECT_GE(pace.epoch_seconds, 20.0);
  EXPECT_LT(pace.epoch_seconds, 21.0);
  EXPECT_EQ(pace.at_once, 2);
}

TEST(Plan, EveryTypeCountsAlikeHoweverManyOfItsDesignsComeFirst) {
  std::vector<FirstDesign> first =
      first_of_small(10, [](const std::string& type) { return type == "bc_resnet" ? 11.0 : 1.0; });
  ASSERT_EQ(first.size(), 10U) << "one of each type";
  EXPECT_DOUBLE_EQ(pace_of_steps(first).epoch_seconds, 2.0);
  for (int i = 0; i < 5; ++i) {
    first.push_back(
        *std::ranges::find(first, "bc_resnet", [](const FirstDesign& one) { return one.proposal.design.type(); }));
  }
  EXPECT_DOUBLE_EQ(pace_of_steps(first).epoch_seconds, 2.0);
}

TEST(Plan, WhatGoesOnIsAsSlowAsTheSlowestQuarter) {
  std::vector<FirstDesign> first = first_of_small(4, [](const std::string&) { return 1.0; });
  first[1].step_seconds = 5.0;
  first[3].step_seconds = 7.0;
  TrainingPace pace = pace_of_steps(first);
  EXPECT_DOUBLE_EQ(pace.late_epoch_seconds, 7.0);
  pace.at_once = 2;
  pace.epoch_seconds = 2.0;
  const SearchOptions slow = planned(default_search({"small"}), pace, 1800.0);
  pace.late_epoch_seconds = 2.0;
  EXPECT_LT(slow.max_trials, planned(default_search({"small"}), pace, 1800.0).max_trials);
}

TEST(Plan, WhatGoesOnIsAsSlowAsTheBaselineOfItsBudget) {
  std::vector<FirstDesign> first = first_of_small(8, [](const std::string&) { return 1.0; });
  first[1].step_seconds = 7.0;
  first[2].step_seconds = 4.0;
  first[2].proposal.design.name = "tc_resnet8";
  EXPECT_DOUBLE_EQ(pace_of_steps(first).late_epoch_seconds, 4.0);
  first[5].proposal.design.name = "matchboxnet_3x1x64";
  first[5].step_seconds = 6.0;
  EXPECT_DOUBLE_EQ(pace_of_steps(first).late_epoch_seconds, 6.0) << "the more accurate one is";
  first[5].proposal.budget = "medium";
  EXPECT_DOUBLE_EQ(pace_of_steps(first).late_epoch_seconds, 5.0) << "each has its own";
  first[5].proposal.budget = "small";
  first[1].proposal.budget = "large";
  EXPECT_DOUBLE_EQ(pace_of_steps(first).late_epoch_seconds, 6.5) << "large has none: its slowest quarter";
  first[5].step_seconds = first[1].step_seconds = 0.1;
  EXPECT_DOUBLE_EQ(pace_of_steps(first).late_epoch_seconds, pace_of_steps(first).epoch_seconds)
      << "never less than all";
}

TEST(Plan, MeasuresWhatMayBeABaseline) {
  SearchOptions options = default_search({"small", "medium"});
  options.no_prior = false;
  options.types = {"gru", "ds_tc"};
  Proposer proposer(options);
  const std::vector<Proposal> few = few_of_each_type(first_proposals(proposer, 2, 40), 3);
  EXPECT_TRUE(std::ranges::any_of(
      few, [](const Proposal& one) { return one.design.name == "matchboxnet_3x2x64" && one.budget == "medium"; }));
}

TEST(Plan, MeasuresTheSmallestAndTheLargestOfAType) {
  std::vector<Proposal> first;
  for (const FirstDesign& design : first_of_small(40, [](const std::string&) { return 1.0; })) {
    first.push_back(design.proposal);
  }
  const auto of_type = [](const std::vector<Proposal>& proposals, const std::string& type) {
    std::vector<int> numbers;
    for (const Proposal& one : proposals) {
      if (one.design.type() == type) numbers.push_back(one.number);
    }
    return numbers;
  };
  const std::vector<Proposal> few = few_of_each_type(first, 3);
  for (const Proposal& one : first) {
    const std::vector<int> all = of_type(first, one.design.type()), kept = of_type(few, one.design.type());
    EXPECT_EQ(kept.size(), std::min<std::size_t>(3, all.size()));
    EXPECT_EQ(kept.front(), all.front());
    EXPECT_EQ(kept.back(), all.back());
  }
}

TEST(Plan, LeavesOutATypeThatWouldTakeTheTimeOfAllOthers) {
  const auto slow = [](const std::string& type) { return type == "bc_resnet" ? 30.0 : 2.0; };
  const std::vector<FirstDesign> first = first_of_small(10, slow);
  EXPECT_THAT(slow_types(first, 3600.0), ::testing::ElementsAre("bc_resnet"));
  EXPECT_THAT(slow_types(first, 8 * 3600.0), ::testing::IsEmpty()) << "time enough";
  EXPECT_THAT(slow_types(first_of_small(10, [](const std::string&) { return 30.0; }), 600.0), ::testing::IsEmpty())
      << "a short search, whose types are alike";
}

TEST(Plan, LeavesOutDesignsThatCouldNotBecomeFinalists) {
  std::vector<FirstDesign> first = first_of_small(30, [](const std::string&) { return 0.0; });
  constexpr double kSecondsOfCost = 0.5;
  for (FirstDesign& one : first) one.step_seconds = kSecondsOfCost * training_cost(one.proposal.design);
  const double longest = 27 + kQuantAwareCost * SearchOptions().tuning_epochs;
  EXPECT_NEAR(kSecondsOfCost * most_training_cost(first, 1800.0) * longest, 0.5 * 1800.0, 1e-6);
  EXPECT_EQ(most_training_cost(first, 60.0), 0.0) << "no time for a training in full at all";
  for (std::size_t i = 0; i < first.size(); i += 5) first[i].step_seconds *= 3.0;
  EXPECT_NEAR(kSecondsOfCost * most_training_cost(first, 1800.0) * longest, 0.5 * 1800.0, 1e-6) << "in doubt it stays";
}

}  // namespace
}  // namespace kws
