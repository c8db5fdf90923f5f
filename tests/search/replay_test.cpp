#include "kws/search/replay.h"

#include <gmock/gmock.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <set>

#include "../../search/table_pool.h"
#include "fake_evaluator.h"
#include "repository.h"
#include "synthetic_curves.h"

namespace kws {
namespace {

using Rows = std::map<std::string, std::map<std::string, ReplayRow>>;  ///< by budget and strategy

Rows rows_of(const CurveTable& table, const ReplayOptions& options) {
  Rows rows;
  for (const ReplayRow& row : replay(table, options)) rows[row.budget][row.strategy] = row;
  return rows;
}

/// Curves of small networks that end as told after rising by half of what is left, epoch for epoch.
CurveTable table_ending_at(const std::vector<double>& ends, int epochs) {
  CurveTable table = testing::synthetic_curves(7 * static_cast<int>(ends.size()), 1, epochs);
  std::erase_if(table.curves, [](const Curve& curve) { return curve.memory_bytes > 80000 || curve.ops > 6000000; });
  table.curves.resize(ends.size());
  for (std::size_t i = 0; i < ends.size(); ++i) {
    for (int epoch = 1; epoch <= epochs; ++epoch) {
      table.curves[i].accuracy[static_cast<std::size_t>(epoch) - 1] = ends[i] * (1.0 - std::ldexp(1.0, -epoch));
    }
  }
  return table;
}

TEST(InterquartileMean, DropsAQuarterAtEitherEnd) {
  EXPECT_DOUBLE_EQ(interquartile_mean({100, 2, 3, -50}), 2.5);
  EXPECT_DOUBLE_EQ(interquartile_mean({3, 1, 2}), 2.0);
}

TEST(Replay, CountsEpochsUntilTheTargetIsShown) {
  // One design alone: 99 % of 1 - 2^-8 is reached after 7 epochs (99.2 %).
  Rows rows = rows_of(table_ending_at({1.0}, 8), {.seeds = 5});
  ASSERT_EQ(rows.size(), 3U) << "a small design keeps all three budgets";
  for (auto& [budget, strategies] : rows) {
    ASSERT_EQ(strategies.size(), 4U);
    for (const auto& [strategy, row] : strategies) {
      EXPECT_DOUBLE_EQ(row.epochs_iqm, 7) << strategy;
      EXPECT_DOUBLE_EQ(row.epochs_low, 7);
      EXPECT_DOUBLE_EQ(row.epochs_high, 7);
    }
  }
}

TEST(Replay, TheTargetMayBeSoManyPointsBelowTheBest) {
  // 1 - 2^-8 less half a point is reached after 7 epochs, less 20 points after 3.
  EXPECT_DOUBLE_EQ(rows_of(table_ending_at({1.0}, 8), {.seeds = 2, .within = 0.5}).at("small").at("random").epochs_iqm,
                   7);
  EXPECT_DOUBLE_EQ(rows_of(table_ending_at({1.0}, 8), {.seeds = 2, .within = 20}).at("small").at("random").epochs_iqm,
                   3);
}

TEST(Replay, OneEpochFilterTrainsAllOnceThenTheBest) {
  const Rows rows = rows_of(table_ending_at({0.5, 0.6, 1.0, 0.7}, 8), {.seeds = 5, .slots = 1});
  EXPECT_DOUBLE_EQ(rows.at("small").at("one_epoch").epochs_iqm, 4 + 6) << "four first epochs, six more of the best";
}

TEST(Replay, RandomSearchPaysForEveryDesignBeforeTheBest) {
  // The best of four comes first, second, third or fourth: 7, 15, 23 or 31 epochs, 19 on average.
  const ReplayRow row = rows_of(table_ending_at({0.5, 0.6, 1.0, 0.7}, 8), {.seeds = 400}).at("small").at("random");
  EXPECT_NEAR(row.epochs_iqm, 19.0, 1.5);
  EXPECT_LT(row.epochs_low, row.epochs_iqm);
  EXPECT_GT(row.epochs_high, row.epochs_iqm);
}

TEST(Replay, EveryStrategyReachesTheTargetHoweverMisleadingTheCurves) {
  CurveTable table = table_ending_at({0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 1.0}, 8);
  // The best shows nothing before its last epoch.
  std::fill(table.curves[6].accuracy.begin(), table.curves[6].accuracy.end() - 1, 0.0);
  for (const ReplayRow& row : replay(table, {.seeds = 10})) {
    EXPECT_GT(row.epochs_iqm, 7.0);
    EXPECT_LE(row.epochs_high, 7 * 8);
  }
}

TEST(Replay, IsTheSameForAnyNumberOfThreads) {
  const CurveTable table = testing::synthetic_curves(60, 2);
  const Json one = replay_to_json(replay(table, {.seeds = 6, .threads = 1}));
  EXPECT_EQ(replay_to_json(replay(table, {.seeds = 6, .threads = 3})), one);
  EXPECT_EQ(one.at("schema"), "kwsmith.replay/1");
  EXPECT_EQ(one.at("rows").size(), 12U);
}

// The regression test of scheduler, forecast and model together.
TEST(Replay, OursBeatsTheOthersOverManyTables) {
  constexpr int kTables = 12;
  std::map<std::string, double> against;  // logarithm of the mean ratio
  for (std::uint64_t seed = 11; seed < 11 + kTables; ++seed) {
    for (const auto& [budget, rows] : rows_of(testing::synthetic_curves(150, seed), {.seeds = 12, .slots = 1})) {
      for (const auto& [strategy, row] : rows) {
        against[strategy] += std::log(rows.at("kwsmith").epochs_iqm / row.epochs_iqm) / (3 * kTables);
      }
    }
  }
  EXPECT_LT(std::exp(against.at("random")), 1.0 / 3.0);
  // Rungs from three epochs on, at which slow learners are not thrown away, cost an eighth more than halving from one.
  EXPECT_LT(std::exp(against.at("one_epoch")), 0.7);
  EXPECT_LT(std::exp(against.at("asha")), 1.15);
}

// What docs/search_strategies.md shows.
TEST(Replay, OursStopsFewerGoodDesignsOnTheRecordedCurvesOfEveryBudget) {
  const CurveTable table = load_curves(repository() / "configs" / "learning_curves.json.gz");
  EXPECT_GE(table.curves.size(), 150U);
  EXPECT_EQ(table.epochs(), 27);
  std::set<std::string> types;
  for (const Curve& curve : table.curves) types.insert(curve.design.type());
  EXPECT_EQ(types.size(), 7U);
  const std::map<std::string, double> times_random = {{"small", 1.8}, {"medium", 4.0}, {"large", 4.0}};
  const Rows rows = rows_of(table, {.seeds = 100, .threads = 2});
  ASSERT_EQ(rows.size(), 3U);
  for (const auto& [budget, strategies] : rows) {
    const double ours = strategies.at("kwsmith").epochs_iqm;
    EXPECT_LT(ours, strategies.at("one_epoch").epochs_iqm) << budget;
    EXPECT_LT(strategies.at("kwsmith").wrongly_stopped, strategies.at("asha").wrongly_stopped) << budget;
    EXPECT_LT(strategies.at("kwsmith").wrongly_stopped, 2.0 / 30.0) << budget;
    EXPECT_GT(strategies.at("random").epochs_iqm, times_random.at(budget) * ours) << budget;
  }
}

/// "Trains" designs of a table.
class TableEvaluator : public testing::FakeEvaluator {
 public:
  explicit TableEvaluator(const CurveTable& table) {
    for (const Curve& curve : table.curves) curves_[design_hash(curve.design)] = &curve;
  }
  TrialResult run(const Proposal& proposal, int epochs, const std::string& checkpoint,
                  const TrialProgress& progress) override {
    TrialResult result = FakeEvaluator::run(proposal, epochs, checkpoint, progress);
    result.int8_validation = curves_.at(design_hash(proposal.design))->accuracy[static_cast<std::size_t>(epochs) - 1];
    return result;
  }

 private:
  std::map<std::string, const Curve*> curves_;
};

TEST(ReplaySteps, AreThoseOfASearchThatSeesTheSameResults) {
  CurveTable table = testing::synthetic_curves(150, 4);
  std::erase_if(table.curves, [](const Curve& curve) { return curve.memory_bytes > 80000 || curve.ops > 6000000; });
  ASSERT_GT(table.curves.size(), 30U);
  std::vector<const Curve*> kept;
  for (const Curve& curve : table.curves) kept.push_back(&curve);
  const RecordedDesigns designs(kept);

  SearchOptions options;
  options.budget_names = {"small"};
  options.max_trials = static_cast<int>(kept.size());
  options.epochs = table.epochs();
  options.slots = ReplayOptions().slots;
  options.seed = 0;
  options.finalists = 0;
  options.threads = 3;
  std::vector<std::unique_ptr<Pool>> pools;
  pools.push_back(table_pool(designs));
  const testing::StudyFolder folder;
  TableEvaluator evaluator(table);
  Study study(folder.path, testing::kStudyConfig);
  testing::RecordingSink sink;
  run_search(options, evaluator, study, sink, Proposer(options, {"small"}, std::move(pools)));

  std::vector<ReplayStep> steps = replay_steps(table, {});
  std::erase_if(steps, [](const ReplayStep& step) { return step.budget != "small"; });
  ASSERT_EQ(sink.ended.size(), steps.size());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Job& job = steps[i].job;
    EXPECT_EQ(sink.ended[i], std::pair(job.trial, job.to)) << i;
    EXPECT_EQ(study.rung(job.trial, job.to)->reason, job.reason) << i;
    EXPECT_EQ(study.proposal(job.trial).design.name, steps[i].design) << i;
  }
}

TEST(ReplaySteps, SayWhatWasDecidedAndWhy) {
  const std::vector<ReplayStep> steps = replay_steps(testing::synthetic_curves(60, 2), {});
  ASSERT_GT(steps.size(), 20U);
  EXPECT_EQ(steps.front().budget, "small");
  EXPECT_EQ(steps.front().job.reason, "the first of its type");
  EXPECT_TRUE(std::ranges::any_of(steps, [](const ReplayStep& step) {
    return step.job.from == 3 && step.job.to == 9 && step.job.reason.find("may go on") != std::string::npos;
  }));
}

}  // namespace
}  // namespace kws
