#include "../../search/strategies.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>

#include "fake_evaluator.h"
#include "kws/search/plan.h"
#include "kws/search/study_config.h"

namespace kws {
namespace {

using testing::FakeEvaluator;
using testing::StudyFolder;
using testing::two_budgets;

constexpr TrainingPace kPace{.epoch_seconds = 2.0, .late_epoch_seconds = 2.0, .rung_seconds = 0.5, .at_once = 2};
constexpr double kTime = 1800.0;

SearchOptions with(const std::string& strategy) {
  SearchOptions options = two_budgets();
  options.budget_names = {"small"};
  options.first_rung = SearchOptions().first_rung;
  options.no_prior = false;
  options.strategy = strategy;
  return options;
}

Json config_of(const SearchOptions& options) {
  return to_json(StudyConfig{.search = options, .keywords = {}, .data = ""});
}

class OfEveryStrategy : public ::testing::TestWithParam<std::string> {};

TEST_P(OfEveryStrategy, APlanTakesItsTimeAndIsGoneOnWith) {
  const SearchOptions asked = with(GetParam());
  const SearchOptions plan = planned(asked, kPace, kTime);
  EXPECT_LE(planned_seconds(plan, kPace), kTime);
  EXPECT_GT(planned_seconds(plan, kPace), 0.7 * kTime);
  const SearchOptions kept = plan_from_json(search_options_to_json(plan), "study");
  EXPECT_EQ(kept.schedule().first_rung, plan.schedule().first_rung);
  EXPECT_EQ(config_of(as_planned_before(asked, kept, {})), config_of(plan));
}

TEST_P(OfEveryStrategy, AStudyKeepsItsClock) {
  Json stored = search_options_to_json(planned(with(GetParam()), kPace, kTime));
  EXPECT_EQ(stored.at("clock"), "cost");
  EXPECT_EQ(plan_from_json(stored, "study").clock, "cost");
  stored.erase("clock");  // as versions of before have written it
  const SearchOptions before = plan_from_json(stored, "study");
  EXPECT_EQ(before.clock, "epochs");
  const SearchOptions again = as_planned_before(with(GetParam()), before, {});
  EXPECT_FALSE(again.schedule().by_cost);
  EXPECT_EQ(config_of(again), config_of(before));
}

TEST_P(OfEveryStrategy, TrialsAndEpochsMayBeRaised) {
  SearchOptions options = with(GetParam());
  const Json before = config_of(options);
  options.max_trials *= 2;
  options.epochs = 27;
  EXPECT_EQ(raised_config(before, config_of(options), "study").at("raised_from"), Json::array({9}));
}

TEST_P(OfEveryStrategy, StudiesOfBeforeGoOnThoughTheyHoldWhatItsRowSets) {
  const SearchOptions options = with(GetParam());
  const Json before = config_of(with_strategy(options));
  EXPECT_EQ(raised_config(before, config_of(options), "study"), before);
  Json other = before;
  other["search"]["seed"] = 8;
  EXPECT_THROW(raised_config(before, other, "study"), Error);
  other = before;
  other["search"]["reduction"] = 4;
  if (GetParam() == "one_epoch") {
    EXPECT_NO_THROW(raised_config(before, other, "study")) << "its row sets it";
  } else {
    EXPECT_THROW(raised_config(before, other, "study"), Error);
  }
  other = before;
  other["search"]["strategy"] = GetParam() == "kwsmith" ? "asha" : "kwsmith";
  try {
    raised_config(before, other, "study");
    ADD_FAILURE() << "another strategy";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("search.strategy: "));
  }
}

TEST_P(OfEveryStrategy, ASearchRunsItsRungs) {
  const StudyFolder folder;
  FakeEvaluator evaluator;
  SearchOptions options = with(GetParam());
  options.max_trials = 24;
  options.epochs = 9;
  testing::search(options, evaluator, folder.path);
  std::map<int, int> trainings;  // by epochs
  for (const auto& [trial, epochs] : evaluator.ran) ++trainings[epochs];
  const std::map<std::string, std::map<int, int>> expected = {
      {"asha", {{1, 24}, {3, 8}, {9, 2}}}, {"one_epoch", {{1, 24}, {9, 1}}}, {"random", {{9, 24}}}};
  if (expected.contains(GetParam())) {
    EXPECT_EQ(trainings, expected.at(GetParam()));
  } else {
    EXPECT_EQ(trainings.begin()->first, 3);
  }
}

INSTANTIATE_TEST_SUITE_P(Names, OfEveryStrategy, ::testing::ValuesIn(strategy_names()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace kws
