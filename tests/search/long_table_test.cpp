#include "kws/search/long_table.h"

#include <gmock/gmock.h>

#include <set>

#include "../../search/columns.h"
#include "families/random_design.h"
#include "kws/search/view.h"
#include "studied.h"

namespace kws {
namespace {

using testing::FakeEvaluator;
using testing::studied;
using testing::StudyFolder;
using testing::two_budgets;

StudyView studied_view(SearchOptions options) {
  const StudyFolder folder;
  FakeEvaluator evaluator;
  evaluator.before_run = [](const Proposal& proposal, int epochs) {
    if (proposal.number == 2 && epochs > 1) throw std::runtime_error("diverged");
  };
  options.reduction = 1;  // nobody is stopped
  options.epochs = 4;
  studied(options, folder.path, evaluator);
  return view_study(folder.path.string());
}

TEST(LongTable, HasARowForEachRungOfEachTrialWithItsFiguresThere) {
  const StudyView view = studied_view(two_budgets());
  const Json rows = long_rows(view.trials, view.options);
  std::size_t at = 0;
  for (const TrialFacts& trial : view.trials) {
    double seconds = 0.0;
    for (const Rung& rung : trial.rungs) {
      ASSERT_LT(at, rows.size());
      const Json& row = rows[at++];
      EXPECT_EQ(row.at("trial"), trial.proposal.number);
      EXPECT_EQ(row.at("epochs"), rung.epochs);
      EXPECT_EQ(row.at("decided"), rung.reason);
      EXPECT_EQ(row.at("failure"), rung.result ? Json() : Json("diverged"));
      EXPECT_EQ(row.at("int8_validation"), rung.result ? Json(rung.result->int8_validation) : Json());
      seconds += rung.result ? rung.result->seconds : 0.0;
      EXPECT_EQ(row.at("seconds"), seconds);
      EXPECT_EQ(row.at("window_ms"), trial.proposal.design.features.window_ms);
    }
  }
  EXPECT_EQ(at, rows.size());
  EXPECT_GT(at, view.trials.size());
}

TEST(LongTable, AllRowsHaveTheSameKeysAndNoLists) {
  SearchOptions options = two_budgets();
  options.deterministic = true;
  StudyView view = studied_view(options);
  view.options.deterministic = true;
  const Json rows = long_rows(view.trials, view.options);
  const auto keys = [](const Json& row) {
    std::vector<std::string> names;
    for (const auto& [name, value] : row.items()) {
      names.push_back(name);
      EXPECT_FALSE(value.is_structured()) << name;
    }
    return names;
  };
  const std::vector<std::string> first = keys(rows.front());
  for (const Json& row : rows) ASSERT_EQ(keys(row), first);
  EXPECT_THAT(first, ::testing::Not(::testing::Contains("seconds")));
}

TEST(LongTable, EachDialOfADesignHasAColumnOfItsOwn) {
  std::set<std::string> taken = {"decided", "failure"};
  for (const Column& column : trial_columns()) taken.insert(column.name);
  const Space space;
  for (const std::string& type : network_types()) {
    Rng rng({1});
    const Sample drawn = sample(space, type, 12, rng);
    const FeatureOptions& features = drawn.design.features;
    const Json values = dial_values(drawn.design.network, {frame_count(features), features.coefficients});
    for (const Dial& dial : dials_of(type)) {
      EXPECT_TRUE(values.contains(dial.name)) << type << " " << dial.name;
    }
    for (const auto& [name, value] : values.items()) EXPECT_FALSE(taken.contains(name)) << type << " " << name;
  }
}

TEST(LongTable, WidthsOfLayersAreNumberedAndWordsAreWords) {
  const Json dnn = Json::parse(R"({"schema": "kwsmith.design/1", "name": "d", "classes": 12,
    "features": {"kind": "mfcc", "coefficients": 10, "window_ms": 40, "stride_ms": 20, "mel_bins": 40, "low_hz": 20,
                 "high_hz": 4000}, "network": {"type": "dnn", "hidden": [144, 100, 40]}})");
  EXPECT_EQ(dial_values(design_from_json(dnn, "d").network, {49, 10}),
            Json({{"layers", 3}, {"width", 144}, {"width.2", 100}, {"width.3", 40}}));
  const std::vector<Design> published = published_designs();
  const auto cnn = std::ranges::find(published, "cnn_s", &Design::name);
  ASSERT_NE(cnn, published.end());
  const Json values = dial_values(cnn->network, {49, 10});
  EXPECT_EQ(values.at("time_padding"), "valid");
  EXPECT_EQ(values.at("conv.filters"), 28);
  EXPECT_EQ(values.at("conv.filters.2"), 30);
}

}  // namespace
}  // namespace kws
