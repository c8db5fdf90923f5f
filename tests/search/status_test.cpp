#include "kws/search/status.h"

#include <gmock/gmock.h>

#include <chrono>
#include <optional>
#include <thread>
#include <tuple>

#include "kws/search/finalists.h"
#include "kws/search/proposals.h"
#include "kws/search/ranking.h"
#include "studied.h"

namespace kws {
namespace {

using testing::study_config;
using testing::StudyFolder;
using testing::two_budgets;

Rung measured(int epochs, double accuracy, double seconds) {
  const TrialResult result{.int8_validation = accuracy, .seconds = seconds};
  return {.epochs = epochs, .reason = "", .result = result, .failure = ""};
}

Rung failed(int epochs) { return {.epochs = epochs, .reason = "", .result = {}, .failure = "diverged"}; }

/// Trials of those states and rungs, numbered as they stand there.
StudyView study_of(const std::vector<std::pair<TrialState, std::vector<Rung>>>& trials) {
  StudyView view{.study = "none", .options = two_budgets(), .data = "", .trials = {}};
  Proposer proposer(view.options);
  for (const auto& [state, rungs] : trials) {
    const int number = static_cast<int>(view.trials.size());
    Trial trial{.proposal = proposer.propose(0, number, {})->proposal, .state = state, .rungs = rungs};
    view.trials.push_back(facts_of(std::span(&trial, 1), view.options).front());
  }
  return view;
}

TEST(Status, CountsATrialOnceAndItsEpochsToTheLastMeasuredRung) {
  const StudyStatus status = status_of(study_of({{TrialState::done, {measured(1, 0.5, 1.5), measured(9, 0.6, 8.0)}},
                                                 {TrialState::waiting, {measured(1, 0.7, 2.0)}},
                                                 {TrialState::failed, {measured(1, 0.9, 1.0), failed(3)}},
                                                 {TrialState::failed, {failed(1)}},
                                                 {TrialState::waiting, {}}}));
  EXPECT_EQ(status.trials,
            (std::map<TrialState, int>{
                {TrialState::waiting, 2}, {TrialState::stopped, 0}, {TrialState::done, 1}, {TrialState::failed, 2}}));
  EXPECT_EQ(status.epochs, 9 + 1 + 1);
  EXPECT_EQ(status.top_epochs, 9);
  EXPECT_EQ(status.seconds, 12.5);
  EXPECT_FALSE(status.running);
  ASSERT_EQ(status.best.size(), 2U) << "what keeps small keeps medium";
  EXPECT_EQ(status.best[0].budget, "small");
  EXPECT_EQ(status.best[0].trial.proposal.number, 1) << "the better one has failed";
}

TEST(Status, NamesTheFinalistOfTheHighestMeanOverSeeds) {
  StudyView view =
      study_of({{TrialState::done, {measured(9, 0.80, 1.0)}}, {TrialState::done, {measured(9, 0.82, 1.0)}}});
  EXPECT_EQ(status_of(view).best.at(0).trial.proposal.number, 1);
  EXPECT_EQ(status_of(view).best.at(0).mean.seeds, 1);
  for (const auto& [trial, run, accuracy] :
       std::vector<std::tuple<int, int, double>>{{0, 1, 0.90}, {0, 2, 0.86}, {1, 1, 0.91}, {1, 2, 0.83}}) {
    TrialFacts& finalist = view.trials.emplace_back(view.trials.at(static_cast<std::size_t>(trial)));
    finalist.proposal.number = finalist_number(trial, run);
    finalist.rungs = {measured(9, accuracy, 1.0)};
  }
  const StudyStatus status = status_of(view);
  ASSERT_EQ(status.best.size(), 2U);
  EXPECT_EQ(finalist_of(status.best[0].trial.proposal.number), 0) << "0.91 is the best run, 0.88 the best mean";
  EXPECT_NEAR(status.best[0].mean.accuracy, 0.88, 1e-12);
  ASSERT_TRUE(status.best[0].mean.error);
  EXPECT_NEAR(*status.best[0].mean.error, 0.02, 1e-12);
  EXPECT_EQ(status_to_json(status).at("best").at(0).at("seeds"), 2);
}

TEST(Status, TellsWhetherASearchHoldsTheStudy) {
  const StudyFolder folder;
  const auto running = [&] { return status_of(view_study(folder.path.string())).running; };
  {
    const Study study(folder.path, study_config(two_budgets()));
    EXPECT_TRUE(running());
    EXPECT_TRUE(running()) << "looking does not take the lock from its owner";
  }
  EXPECT_FALSE(running());
  { const Study study(folder.path, study_config(two_budgets())); }  // looking has let go of it
}

TEST(Status, TellsWhatTheSearchThatRunsSaysOfItself) {
  const StudyFolder folder;
  SearchOptions options = two_budgets();
  testing::FakeEvaluator evaluator;
  std::optional<StudyStatus> seen;
  const auto look = [&](const Proposal&, int epoch) {
    if (!seen && epoch == options.epochs) seen = status_of(view_study(folder.path.string()));
  };
  {
    Study study(folder.path, study_config(options));
    EXPECT_FALSE(status_of(view_study(folder.path.string())).progress) << "it has not said anything yet";
    evaluator.each_epoch = look;
    testing::RecordingSink sink;
    run_search(options, evaluator, study, sink);
    ASSERT_TRUE(seen && seen->progress);
    EXPECT_EQ(seen->progress->trials, options.max_trials);
    EXPECT_EQ(seen->progress->total(), sink.last.epochs);
  }
  EXPECT_FALSE(status_of(view_study(folder.path.string())).progress) << "no search runs any more";
}

TEST(Status, TakesTheTimeSinceASearchHasToldOffWhatWasLeft) {
  const StudyFolder folder;
  Study study(folder.path, study_config(two_budgets()));
  const SearchProgress progress{.trials_done = 3, .trials = 28, .epochs_done = 5, .epochs_known = 2, .epochs = 90};
  study.tell(progress);
  EXPECT_FALSE(study.told()->seconds_left) << "no epoch has been timed";
  EXPECT_EQ(study.told()->done(), 7);
  SearchProgress timed = progress;
  timed.seconds_left = 1000.0;
  study.tell(timed);
  const double first = study.told()->seconds_left.value();
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const double second = study.told()->seconds_left.value();
  EXPECT_LT(second, first);
  EXPECT_LE(first, 1000.0);
  const Json json = status_to_json(status_of(view_study(folder.path.string())))["progress"];
  EXPECT_EQ(json["trials_done"], 3);
  EXPECT_EQ(json["trials"], 28);
  EXPECT_EQ(json["epochs_done"], 7);
  EXPECT_EQ(json["epochs"], 90);
  EXPECT_LE(json["seconds_left"], second);
}

TEST(Status, IsJsonWithASchema) {
  const StudyFolder folder;
  testing::studied(two_budgets(), folder.path);
  const StudyView view = view_study(folder.path.string());
  const Json json = status_to_json(status_of(view));
  EXPECT_EQ(json["schema"], "kwsmith.status/1");
  EXPECT_EQ(json["running"], false);
  EXPECT_TRUE(json["progress"].is_null());
  EXPECT_THAT(json["changed"].get<std::string>(), ::testing::MatchesRegex("20..-..-..T..:..:..Z"));
  int trials = 0;
  for (const Json& count : json["trials"]) trials += count.get<int>();
  EXPECT_EQ(trials, 28);
  ASSERT_EQ(json["best"].size(), 2U);
  EXPECT_EQ(json["best"][0]["trial"], best_so_far(view.trials, "small")->proposal.number);
}

}  // namespace
}  // namespace kws
