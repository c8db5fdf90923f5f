#include "kws/search/view.h"

#include <gmock/gmock.h>

#include <fstream>
#include <functional>
#include <set>

#include "kws/core/files.h"
#include "kws/search/ranking.h"
#include "kws/search/reports.h"
#include "studied.h"

namespace kws {
namespace {

using ::testing::ElementsAre;
using testing::FakeEvaluator;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::studied;
using testing::StudyFolder;
using testing::two_budgets;

std::string complaint(Exit expected, const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), expected);
    EXPECT_THAT(std::string(error.what()), ::testing::Not(HasSubstr("\n")));
    return error.what();
  }
  return "nothing was thrown";
}

SearchOptions every_epoch(std::uint64_t seed) {
  SearchOptions options = two_budgets();
  options.max_trials = 6;
  options.epochs = 4;
  options.reduction = 1;
  options.seed = seed;
  return options;
}

TEST(View, ShowsAStudyAsItsReportsDo) {
  const StudyFolder folder;
  const SearchOptions options = two_budgets();
  studied(options, folder.path);
  const StudyView view = view_study(folder.path.string());
  EXPECT_EQ(view.data, "recordings");
  EXPECT_EQ(view.options.classes, 4);
  EXPECT_EQ(trials_table(filter_trials(view, {}), view.options).csv(), read_file(folder.path / "trials.csv"));
  EXPECT_EQ(pareto_json(view.trials, view.options).dump(2) + "\n", read_file(folder.path / "pareto.json"));
}

TEST(View, FiltersByStateBudgetAndType) {
  const StudyFolder folder;
  studied(two_budgets(), folder.path);
  const StudyView view = view_study(folder.path.string());
  std::size_t all = 0;
  for (const TrialState state : kTrialStates) {
    const std::vector<TrialFacts> trials = filter_trials(view, {.state = std::string(state_name(state))});
    all += trials.size();
    for (const Trial& trial : trials) EXPECT_EQ(trial.state, state);
  }
  EXPECT_EQ(all, 28U);
  const std::vector<TrialFacts> small = filter_trials(view, {.budget = "small"});
  EXPECT_FALSE(small.empty());
  EXPECT_LT(small.size(), 28U);
  for (const TrialFacts& trial : small) EXPECT_TRUE(fits(trial, "small"));
  const std::vector<TrialFacts> gru = filter_trials(view, {.type = "gru"});
  EXPECT_FALSE(gru.empty());
  for (const Trial& trial : gru) EXPECT_EQ(trial.proposal.design.type(), "gru");
}

TEST(View, TheBestComeFirst) {
  const StudyFolder folder;
  studied(two_budgets(), folder.path);
  const StudyView view = view_study(folder.path.string());
  const std::vector<TrialFacts> best = filter_trials(view, {.state = "done", .budget = "small", .best = 3});
  ASSERT_FALSE(best.empty());
  EXPECT_LE(best.size(), 3U);
  EXPECT_EQ(best[0].proposal.number, best_trial(view.trials, "small")->proposal.number);
  const std::vector<TrialFacts> all = filter_trials(view, {.best = 1000});
  EXPECT_EQ(all.size(), 28U);
  EXPECT_TRUE(std::ranges::is_sorted(all, better));
}

TEST(View, UnknownNamesAreErrorsWithTheNearestOne) {
  const StudyFolder folder;
  studied(every_epoch(7), folder.path);
  const StudyView view = view_study(folder.path.string());
  const auto asked = [&](const TrialFilter& filter) {
    return complaint(Exit::usage, [&] { filter_trials(view, filter); });
  };
  EXPECT_THAT(asked({.state = "stoped"}), HasSubstr("state \"stoped\": unknown; did you mean \"stopped\"?"));
  EXPECT_THAT(asked({.type = "ds_cn"}), HasSubstr("did you mean \"ds_cnn\"?"));
  EXPECT_THAT(asked({.budget = "large"}), HasSubstr("budget \"large\": unknown; choose one of small, medium"));
}

TEST(View, OfARunningSearchTheLastRungTellsTheState) {
  const StudyFolder folder;
  std::vector<StudyView> views;  // one before each training
  FakeEvaluator evaluator;
  evaluator.before_run = [&](const Proposal& proposal, int) {
    views.push_back(view_study(folder.path.string()));
    if (proposal.number == 2) throw std::runtime_error("diverged");
  };
  studied(two_budgets(), folder.path, evaluator);
  EXPECT_THAT(filter_trials(views.front(), {}), IsEmpty()) << "nothing has begun";
  const StudyView& view = views.back();
  std::set<TrialState> states;
  for (const Trial& trial : view.trials) {
    states.insert(trial.state);
    const bool full = trial.result() != nullptr && trial.rungs.back().epochs == 9;
    EXPECT_EQ(trial.state == TrialState::done, full);
    EXPECT_EQ(trial.state == TrialState::failed, trial.proposal.number == 2);
  }
  EXPECT_THAT(states, ElementsAre(TrialState::waiting, TrialState::done, TrialState::failed));
  EXPECT_EQ(view.trials[2].reason, "diverged");
}

TEST(View, WhatIsNoStudyIsTold) {
  const StudyFolder folder;
  const std::string path = folder.path.string();
  EXPECT_THAT(complaint(Exit::usage, [&] { view_study(path); }), HasSubstr(path + ": holds no study.db"));
  std::ofstream(folder.path / "study.db") << std::string(5000, 'x');
  EXPECT_THAT(complaint(Exit::store, [&] { view_study(path); }), HasSubstr("study.db"));
  std::filesystem::remove(folder.path / "study.db");
  { Study study(folder.path, {{"data", "recordings"}}); }
  EXPECT_THAT(complaint(Exit::store, [&] { view_study(path); }), HasSubstr("config"));
}

TEST(View, CurvesAreThoseOfTrialsMeasuredAfterEveryEpoch) {
  const StudyFolder a, b;
  FakeEvaluator evaluator;
  evaluator.before_run = [](const Proposal& proposal, int epochs) {
    if (proposal.number == 2 && epochs == 3) throw std::runtime_error("diverged");
  };
  studied(every_epoch(7), a.path, evaluator);
  studied(every_epoch(8), b.path);
  const StudyView view = view_study(a.path.string());
  const CurveTable one = curves_of(view), other = curves_of(view_study(b.path.string()));
  EXPECT_EQ(one.curves.size(), 5U) << "one has failed";
  EXPECT_EQ(one.epochs(), 4);
  const Trial& trial = view.trials[0];
  EXPECT_EQ(design_hash(one.curves[0].design), design_hash(trial.proposal.design));
  for (std::size_t epoch = 0; epoch < 4; ++epoch) {
    EXPECT_EQ(one.curves[0].accuracy[epoch], trial.rungs[epoch].result->int8_validation);
  }
  const std::vector<std::string> names = {"one", "other"};
  EXPECT_EQ(joined(names, std::vector{one, other}).curves.size(), 11U);
  save_curves(a.path / "curves.json.gz", one);
  const CurveTable before = load_curves(a.path / "curves.json.gz");
  EXPECT_EQ(joined(names, std::vector{before, one}).curves.size(), 5U) << "equal designs are kept once";
}

TEST(View, CurvesThatDoNotCompareAreRefused) {
  const StudyFolder folder;
  studied(every_epoch(7), folder.path);
  StudyView view = view_study(folder.path.string());
  const std::vector<std::string> names = {"one", "other"};
  std::vector<CurveTable> tables(2, curves_of(view));
  const auto refusal = [&] { return complaint(Exit::usage, [&] { joined(names, tables); }); };
  tables[1].data = "others";
  EXPECT_THAT(refusal(), HasSubstr("other: has learned from other recordings than one"));
  tables[1].data = tables[0].data;
  for (Curve& curve : tables[1].curves) curve.accuracy.push_back(0.9);
  EXPECT_THAT(refusal(), HasSubstr("other: has 5 epochs, one 4"));
  view.options.epochs = 5;
  EXPECT_THAT(complaint(Exit::usage, [&] { curves_of(view); }), HasSubstr("--reduction 1"));
}

}  // namespace
}  // namespace kws
