#include "kws/search/measured_plan.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "fake_evaluator.h"
#include "kws/search/plan.h"
#include "temp_folder.h"

namespace kws {
namespace {

using ::testing::Contains;
using testing::FakeEvaluator;
using ::testing::HasSubstr;
using testing::two_budgets;

SearchRequest half_an_hour() {
  SearchOptions options = two_budgets();
  options.budget_names = {"small"};
  options.no_prior = false;
  options.threads = 2;
  return {.options = options, .given = Json::object(), .seconds = 1800.0};
}

/// Where an epoch of bc_resnet takes 40 s and of others 2.
TrainingSite slow_for_bc_resnet(const std::filesystem::path& cache = {}) {
  return {.speed = [](const Design& design) { return design.type() == "bc_resnet" ? 250.0 : 5000.0; },
          .clips = 10000,
          .cache = cache,
          .circumstances = {{"data", "abc"}}};
}

TEST(MeasuredPlan, OfADryRunIsThatOfTheSearchOnceItsOverheadIsKnown) {
  const test::TemporaryFolder folder;
  FakeEvaluator evaluator;
  TrainingSite site = slow_for_bc_resnet(folder.path);
  site.evaluator = &evaluator;
  const MeasuredPlan search = measured_plan(half_an_hour(), site);
  EXPECT_GT(evaluator.trained, 0);
  site.evaluator = nullptr;
  const MeasuredPlan dry = measured_plan(half_an_hour(), site);
  EXPECT_EQ(search_options_to_json(dry.options), search_options_to_json(search.options));
  EXPECT_LE(planned_seconds(dry.options, dry.pace), 1800.0);
  evaluator.trained = 0;
  site.evaluator = &evaluator;
  measured_plan(half_an_hour(), site);
  EXPECT_EQ(evaluator.trained, 0) << "a second search begins at once";
}

TEST(MeasuredPlan, LeavesOutWhatIsTooSlowUnlessItIsAskedFor) {
  SearchRequest request = half_an_hour();
  const MeasuredPlan plan = measured_plan(request, slow_for_bc_resnet());
  EXPECT_FALSE(std::ranges::count(plan.options.types, "bc_resnet"));
  EXPECT_THAT(plan.left_out, Contains(HasSubstr("bc_resnet: left out, training is too slow here for a search of 30 "
                                                "minutes; a longer --time or --types takes it in")));
  EXPECT_GT(plan.options.max_training_cost, 0.0);
  request.types_given = true;
  request.given["max_training_cost"] = request.options.max_training_cost = 1000.0;
  const MeasuredPlan all = measured_plan(request, slow_for_bc_resnet());
  EXPECT_TRUE(std::ranges::count(all.options.types, "bc_resnet"));
  EXPECT_EQ(all.options.max_training_cost, 1000.0);
  EXPECT_TRUE(all.left_out.empty());
}

TEST(MeasuredPlan, WhereWorkersTrainThereIsOneForEachSlot) {
  SearchRequest request = half_an_hour();
  request.options.threads = 0;
  request.options.slots = 8;
  const MeasuredPlan plan = measured_plan(request, slow_for_bc_resnet());
  EXPECT_EQ(plan.pace.at_once, 8);
  EXPECT_EQ(plan.options.slots, 8);
  EXPECT_GT(plan.options.max_trials, measured_plan(half_an_hour(), slow_for_bc_resnet()).options.max_trials);
}

TEST(MeasuredPlan, WithoutATimeThePaceAloneIsMeasured) {
  SearchRequest request = half_an_hour();
  request.seconds.reset();
  const MeasuredPlan plan = measured_plan(request, slow_for_bc_resnet());
  EXPECT_EQ(search_options_to_json(plan.options), search_options_to_json(request.options));
  EXPECT_GE(plan.pace.epoch_seconds, 2.0);
  EXPECT_TRUE(plan.left_out.empty());
}

}  // namespace
}  // namespace kws
