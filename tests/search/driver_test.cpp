#include "kws/search/driver.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <set>

#include "fake_evaluator.h"
#include "kws/core/files.h"
#include "kws/cost/firmware.h"
#include "kws/search/finalists.h"
#include "kws/search/ranking.h"
#include "trials_file.h"

namespace kws {
namespace {

using ::testing::ElementsAre;
using testing::FakeEvaluator;
using ::testing::HasSubstr;
using testing::kStudyConfig;
using testing::RecordingSink;
using testing::StudyFolder;
using testing::trials_of;
using testing::two_budgets;

/// trials.json of a search nobody disturbs.
Json undisturbed(int threads = 1) {
  const StudyFolder folder;
  FakeEvaluator evaluator;
  SearchOptions options = two_budgets();
  options.threads = threads;
  search(options, evaluator, folder.path);
  return trials_of(folder.path);
}

TEST(Search, NumberOfThreadsChangesTheTimeOnly) {
  const Json one = undisturbed(1);
  EXPECT_EQ(one.at("trials").size(), 28U);
  EXPECT_EQ(one.at("winners").size(), 2U);
  EXPECT_EQ(undisturbed(2), one);
  EXPECT_EQ(undisturbed(8), one);
}

TEST(Search, EveryRowKeepsTheBudgetItWasDrawnFor) {
  const Json report = undisturbed();
  ASSERT_EQ(report.at("trials").size(), 28U);
  for (const Json& row : report.at("trials")) {
    EXPECT_THAT(row.at("fits").get<std::vector<std::string>>(), ::testing::Contains(row.at("budget")));
  }
}

TEST(Search, NoRowBreaksALimitOfFlashOrRam) {
  const StudyFolder folder;
  FakeEvaluator evaluator;
  SearchOptions options = two_budgets();
  options.limits[MeasureId::flash] = 100 * 1024;
  options.limits[MeasureId::ram] = 12 * 1024;
  options.core = "m0";
  const SearchOutcome outcome = search(options, evaluator, folder.path);
  const Json report = trials_of(folder.path);
  ASSERT_EQ(report.at("trials").size(), 28U);
  for (const Json& row : report.at("trials")) {
    EXPECT_EQ(row.at("core"), "m0");
    EXPECT_LE(row.at("flash_bytes"), 100 * 1024);
    EXPECT_LE(row.at("ram_bytes"), 12 * 1024);
    const Design design = design_from_json(row.at("design"), "row");
    const FirmwareCost cost = firmware_cost(design.features, build_graph(design));
    EXPECT_EQ(row.at("ram_bytes"), cost.sizes(Core::m0).ram_bytes);
    EXPECT_GE(row.at("ram_bytes"), cost.ram.front().bytes);  // a stream that flows holds a smaller arena than a window
    EXPECT_EQ(row.at("arena_bytes"), cost.arena_bytes);
    EXPECT_THAT(row.at("fits").get<std::vector<std::string>>(), ::testing::Contains(row.at("budget")));
  }
  const std::string csv = read_file(folder.path / "trials.csv");
  EXPECT_THAT(csv.substr(0, csv.find('\n')), HasSubstr(",core,flash_bytes,ram_bytes,"));
  ASSERT_EQ(outcome.winners.size(), 2U);
  for (const Winner& winner : outcome.winners) {
    EXPECT_LE(needs_of(winner.trial.proposal.design, Core::m0).firmware->ram_bytes, 12 * 1024);
  }
}

TEST(Search, TellsOfRungsInTheSameOrderForAnyNumberOfThreads) {
  std::vector<std::pair<int, int>> order;
  for (const int threads : {1, 4}) {
    const StudyFolder folder;
    FakeEvaluator evaluator;
    RecordingSink sink;
    SearchOptions options = two_budgets();
    options.threads = threads;
    Study study(folder.path, kStudyConfig);
    run_search(options, evaluator, study, sink);
    if (threads == 1) order = sink.ended;
    EXPECT_EQ(sink.ended, order);
    EXPECT_EQ(sink.last.trials_done, 28);
    EXPECT_EQ(sink.last.epochs_done, evaluator.trained);
    EXPECT_EQ(sink.last.epochs_known, 0);
    EXPECT_NEAR(sink.last.epochs, evaluator.trained, 20);
  }
}

TEST(Search, StopsMostTrialsEarlyAndSaysWhy) {
  const StudyFolder folder;
  FakeEvaluator evaluator;
  search(two_budgets(), evaluator, folder.path);
  EXPECT_LT(evaluator.trained, 28 * 9 / 2);
  std::map<std::string, int> states;
  const Json rows = trials_of(folder.path).at("trials");
  for (const Json& row : rows) {
    const std::string state = row.at("state");
    ++states[state];
    EXPECT_EQ(row.at("epochs") == 9, state == "done");
    EXPECT_THAT(row.at("reason").get<std::string>(), HasSubstr(state == "done" ? "trained in full" : "went on"));
    ASSERT_FALSE(row.at("rungs").empty());
    EXPECT_FALSE(row.at("rungs")[0].at("decided").get<std::string>().empty()) << "why this design";
    EXPECT_EQ(row.at("rungs").back().at("epochs"), row.at("epochs"));
    EXPECT_EQ(row.at("rungs").back().at("int8_validation"), row.at("int8_validation"));
  }
  EXPECT_GE(states["done"], 2) << "one of each budget";
  EXPECT_EQ(states["done"] + states["stopped"], 28);
}

TEST(Search, WinnerIsTheBestThatFitsAndReadsTheTestSplitOnce) {
  const StudyFolder folder;
  FakeEvaluator evaluator;
  const SearchOutcome outcome = search(two_budgets(), evaluator, folder.path);
  ASSERT_EQ(outcome.winners.size(), 2U);
  for (const Winner& winner : outcome.winners) {
    const Budget& budget = budget_by_name(winner.budget);
    for (const Trial& trial : Study::join(folder.path, false).trials()) {
      if (trial.state != TrialState::done || !budget.fits(needs_of(trial.proposal.design, std::nullopt))) continue;
      EXPECT_LE(trial.result()->int8_validation, winner.trial.result()->int8_validation);
    }
    EXPECT_EQ(read_file(folder.path / "best" / winner.budget / "model.txt"),
              "model of trial " + std::to_string(winner.trial.proposal.number));
  }
  EXPECT_EQ(evaluator.tested.size(), 2U);
  FakeEvaluator again;
  search(two_budgets(), again, folder.path);
  EXPECT_TRUE(again.ran.empty());
  EXPECT_TRUE(again.tested.empty()) << "the store holds the answer";
}

TEST(Search, OneWinnerOfTwoBudgetsIsTestedOnce) {
  const StudyFolder folder;
  FakeEvaluator evaluator;
  SearchOptions options = two_budgets();
  options.max_trials = 1;
  EXPECT_EQ(search(options, evaluator, folder.path).winners.size(), 2U);
  EXPECT_THAT(evaluator.tested, ElementsAre("model of trial 0"));
}

TEST(Search, AFinishedStudyKeepsTheModelsOfItsWinnersOnly) {
  const StudyFolder folder;
  FakeEvaluator evaluator;
  const SearchOutcome outcome = search(two_budgets(), evaluator, folder.path);
  const Study study = Study::join(folder.path, false);
  std::set<int> kept;
  int checkpoints = 0;
  for (const Trial& trial : study.trials()) {
    const bool has_one = !study.checkpoint(trial.proposal.number).empty();
    EXPECT_TRUE(!has_one || trial.state == TrialState::done) << "to go on from, should the top rung be raised";
    checkpoints += has_one ? 1 : 0;
    for (const Rung& rung : trial.rungs) {
      if (!study.model(trial.proposal.number, rung.epochs).empty()) kept.insert(trial.proposal.number);
    }
  }
  std::set<int> winners;
  for (const Winner& winner : outcome.winners) winners.insert(winner.trial.proposal.number);
  EXPECT_EQ(kept, winners);
  EXPECT_EQ(checkpoints, 2) << "of the best of each budget";
}

TEST(Search, InterruptedAnywhereContinuesToTheSameResult) {
  const Json expected = undisturbed();
  const StudyFolder folder;
  SearchOptions options = two_budgets();
  options.threads = 2;
  std::multiset<std::pair<int, int>> ran;
  bool interrupted = true;
  for (int runs = 5; interrupted; runs += 9) {
    FakeEvaluator evaluator;
    std::atomic<int> left = runs;
    evaluator.before_run = [&](const Proposal&, int) {
      if (left-- <= 0) throw Interrupted{};
    };
    const SearchOutcome outcome = search(options, evaluator, folder.path);
    interrupted = outcome.interrupted;
    EXPECT_EQ(outcome.winners.empty(), interrupted);
    EXPECT_EQ(evaluator.tested.empty(), interrupted) << "an unfinished search must not see the test split";
    ran.insert(evaluator.ran.begin(), evaluator.ran.end());
  }
  EXPECT_EQ(ran.size(), std::set(ran.begin(), ran.end()).size()) << "no rung is run twice";
  EXPECT_EQ(trials_of(folder.path), expected);
}

TEST(Search, KilledAnywhereContinuesToTheSameResult) {
  const Json expected = undisturbed();
  const StudyFolder folder;
  for (const int runs : {1, 7, 12}) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      FakeEvaluator evaluator;
      std::atomic<int> left = runs;
      evaluator.before_run = [&](const Proposal&, int) {
        if (left-- <= 0) kill(getpid(), SIGKILL);
      };
      SearchOptions options = two_budgets();
      options.threads = 2;
      search(options, evaluator, folder.path);
      _exit(0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
  }
  FakeEvaluator whole, rest;
  {
    const StudyFolder other;
    search(two_budgets(), whole, other.path);
  }
  search(two_budgets(), rest, folder.path);
  EXPECT_LE(rest.ran.size() + 1 + 6 + 11, whole.ran.size() + 3) << "what had ended was kept";
  EXPECT_EQ(trials_of(folder.path), expected);
}

TEST(Search, MoreTrialsLaterEqualAllAtOnce) {
  const StudyFolder folder;
  FakeEvaluator first, second;
  SearchOptions options = two_budgets();
  options.max_trials = 10;
  search(options, first, folder.path);
  options.max_trials = 28;
  const SearchOutcome outcome = search(options, second, folder.path);
  std::set<std::pair<int, int>> both(first.ran.begin(), first.ran.end());
  for (const auto& rung : second.ran) {
    // A winner whose model a finished search has left out is trained again.
    const bool winner = std::ranges::any_of(outcome.winners, [&](const Winner& one) {
      return one.trial.proposal.number == rung.first && one.trial.rungs.back().epochs == rung.second;
    });
    EXPECT_TRUE(both.insert(rung).second || winner) << "trial " << rung.first << " again";
  }
  EXPECT_EQ(trials_of(folder.path), undisturbed());
}

TEST(Search, FewerTrialsThanTheStudyHasAreRefused) {
  const StudyFolder folder;
  FakeEvaluator evaluator;
  SearchOptions options = two_budgets();
  options.finalists = 1;
  search(options, evaluator, folder.path);
  const Json before = trials_of(folder.path);
  options.max_trials = 27;
  try {
    search(options, evaluator, folder.path);
    FAIL() << "a shorter search was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), Exit::usage);
    EXPECT_THAT(error.what(), HasSubstr("has begun 28 trials, more than --max-trials 27; it can be raised only"));
  }
  EXPECT_EQ(trials_of(folder.path), before);
  options.max_trials = 28;
  EXPECT_EQ(search(options, evaluator, folder.path).winners.size(), 2U) << "the same is taken";
}

TEST(Search, NothingIsBegunAfterItsTime) {
  const StudyFolder folder;
  FakeEvaluator evaluator;
  evaluator.before_run = [](const Proposal&, int) { std::this_thread::sleep_for(std::chrono::milliseconds{100}); };
  SearchOptions options = two_budgets();
  options.max_seconds = 0.25;
  search(options, evaluator, folder.path);
  EXPECT_GE(evaluator.ran.size(), 1U);
  EXPECT_LE(evaluator.ran.size(), 6U) << "of eight slots' trainings those that were begun";
  options.threads = 0;
  search(options, evaluator, folder.path);  // which no worker ever joins
  options = two_budgets();
  evaluator.before_run = {};
  search(options, evaluator, folder.path);
  EXPECT_EQ(trials_of(folder.path), undisturbed()) << "a later run goes on";
  FakeEvaluator at_once;
  const StudyFolder whole;
  search(options, at_once, whole.path);
  EXPECT_EQ(evaluator.trained, at_once.trained) << "from the checkpoints of those that waited";
}

TEST(Search, ATrialWhoseCheckpointIsDamagedIsTrainedFromTheStart) {
  const StudyFolder folder;
  FakeEvaluator evaluator;
  std::atomic<int> damaged = -1;
  evaluator.damaged = [&](const Proposal& proposal, const std::string& checkpoint) {
    int none = -1;
    return !checkpoint.empty() && damaged.compare_exchange_strong(none, proposal.number);  // the first that goes on
  };
  Study study(folder.path, kStudyConfig);
  RecordingSink sink;
  run_search(two_budgets(), evaluator, study, sink);
  EXPECT_EQ(trials_of(folder.path), undisturbed());
  ASSERT_GE(damaged, 0);
  EXPECT_THAT(sink.warnings, ::testing::Contains("stored checkpoint of trial " + std::to_string(damaged) +
                                                 ": is none; the trial is trained from the start"));
}

TEST(Search, ThatGoesOnKnowsHowLongItTakesFromTheRunBefore) {
  const StudyFolder folder;
  FakeEvaluator first, second;
  std::atomic<int> left = 10;
  first.before_run = [&](const Proposal&, int) {
    if (left-- <= 0) throw Interrupted{};
  };
  EXPECT_TRUE(search(two_budgets(), first, folder.path).interrupted);
  second.before_run = [](const Proposal&, int) { throw Interrupted{}; };
  Study study(folder.path, kStudyConfig);
  RecordingSink sink;
  EXPECT_TRUE(run_search(two_budgets(), second, study, sink).interrupted);
  EXPECT_GT(sink.last.seconds_left.value_or(0.0), 0.0);
}

TEST(Search, GoesOnFromCheckpointsAfterALimitOfEpochsAndTellsOfNoMore) {
  const StudyFolder folder, whole;
  FakeEvaluator evaluator, at_once;
  SearchOptions options = two_budgets();
  search(options, at_once, whole.path);
  for (const int limit : {20, 40, 0}) {
    options.max_epochs = limit;
    Study study(folder.path, kStudyConfig);
    RecordingSink sink;
    run_search(options, evaluator, study, sink);
    if (limit > 0) {
      EXPECT_LE(sink.first.total(), limit);
      EXPECT_LE(sink.last.total(), limit);
      EXPECT_GT(sink.first.total(), limit / 2);
    }
  }
  EXPECT_EQ(evaluator.trained, at_once.trained);
  EXPECT_EQ(trials_of(folder.path), trials_of(whole.path));
}

TEST(Search, AnotherTargetLeadsToTheTrialsOfANewSearch) {
  SearchOptions options = two_budgets();
  options.slots = 1;
  options.max_trials = 8;
  const StudyFolder folder, fresh;
  FakeEvaluator evaluator;
  options.target_accuracy = 0.5;  // the first budget's first trial shows it
  search(options, evaluator, folder.path);
  options.target_accuracy = 0.0;
  Study study(folder.path, kStudyConfig);
  RecordingSink sink;
  run_search(options, evaluator, study, sink);
  search(options, evaluator, fresh.path);
  EXPECT_EQ(trials_of(folder.path), trials_of(fresh.path));
}

TEST(Search, AnotherTargetLeavesOutWhatALongerSearchHasComeTo) {
  SearchOptions options = two_budgets();
  options.slots = 1;
  options.max_trials = 8;
  const StudyFolder folder, fresh;
  FakeEvaluator evaluator;
  search(options, evaluator, folder.path);
  options.target_accuracy = 0.5;
  const SearchOutcome after = search(options, evaluator, folder.path), alone = search(options, evaluator, fresh.path);
  EXPECT_EQ(trials_of(folder.path), trials_of(fresh.path));
  ASSERT_EQ(after.winners.size(), alone.winners.size());
  for (std::size_t i = 0; i < alone.winners.size(); ++i) {
    EXPECT_EQ(after.winners[i].trial.proposal.number, alone.winners[i].trial.proposal.number);
  }
  const std::size_t ran = evaluator.ran.size();
  search(options, evaluator, folder.path);
  EXPECT_EQ(evaluator.ran.size(), ran) << "a winner whose model had been left out is trained once";
}

TEST(Search, FailedTrialKeepsItsReasonAndTheSearchGoesOn) {
  const StudyFolder folder;
  FakeEvaluator evaluator;
  evaluator.before_run = [](const Proposal& proposal, int) {
    if (proposal.number == 2) throw Error("training: the loss is not a number");
    if (proposal.number == 4) throw std::runtime_error("two\nlines");
  };
  EXPECT_EQ(search(two_budgets(), evaluator, folder.path).winners.size(), 2U);
  const Json rows = trials_of(folder.path).at("trials");
  EXPECT_EQ(rows.size(), 28U);
  EXPECT_EQ(rows[2].at("state"), "failed");
  EXPECT_EQ(rows[2].at("reason"), "training: the loss is not a number");
  EXPECT_TRUE(rows[2].at("int8_validation").is_null());
  EXPECT_EQ(rows[4].at("reason"), "two");
}

TEST(Search, TrialThatFailsAtAHigherRungIsFailed) {
  const StudyFolder folder;
  FakeEvaluator evaluator;
  std::atomic<int> failed = -1;
  evaluator.before_run = [&](const Proposal& proposal, int epochs) {
    int none = -1;
    if (epochs == 3) failed.compare_exchange_strong(none, proposal.number);
    if (failed == proposal.number) throw Error("no memory");
  };
  EXPECT_EQ(search(two_budgets(), evaluator, folder.path).winners.size(), 2U);
  const Json row = trials_of(folder.path).at("trials")[static_cast<std::size_t>(failed.load())];
  EXPECT_EQ(row.at("state"), "failed");
  EXPECT_EQ(row.at("reason"), "no memory");
  EXPECT_EQ(row.at("rungs")[1].at("failure"), "no memory");
  EXPECT_TRUE(row.at("int8_validation").is_null());
}

TEST(Search, EveryTrialFailingIsAnErrorWithTheFirstReason) {
  const StudyFolder folder;
  FakeEvaluator evaluator;
  evaluator.before_run = [](const Proposal&, int) { throw Error("no memory"); };
  try {
    search(two_budgets(), evaluator, folder.path);
    FAIL() << "no trial could be trained";
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), Exit::failed);
    EXPECT_THAT(error.what(), HasSubstr("every trial failed; the first: no memory"));
  }
}

TEST(Search, DataErrorEndsTheSearchAndTheTrialIsRunAgain) {
  const StudyFolder folder;
  FakeEvaluator evaluator;
  evaluator.before_run = [](const Proposal& proposal, int) {
    if (proposal.number == 3) throw Error("yes/a.wav: vanished", Exit::data);
  };
  EXPECT_THROW(search(two_budgets(), evaluator, folder.path), Error);
  EXPECT_THAT(evaluator.ran, ElementsAre(std::pair(0, 1), std::pair(1, 1), std::pair(2, 1)));
  FakeEvaluator again;
  search(two_budgets(), again, folder.path);
  EXPECT_EQ(trials_of(folder.path), undisturbed());
}

TEST(Reports, CsvHasOneLinePerFinishedTrialAndTheFrontEnd) {
  const StudyFolder folder;
  FakeEvaluator evaluator;
  SearchOptions options = two_budgets();
  options.max_trials = 3;
  search(options, evaluator, folder.path);
  const std::string csv = read_file(folder.path / "trials.csv");
  EXPECT_EQ(std::ranges::count(csv, '\n'), 4);
  for (const char* column : {"trial,", "fits,", "arena_bytes,", "int8_validation,", "window_ms,", "design_hash,"}) {
    EXPECT_THAT(csv.substr(0, csv.find('\n')), HasSubstr(column));
  }
}

TEST(Reports, ParetoPointsAreNotDominated) {
  const StudyFolder folder;
  FakeEvaluator evaluator;
  search(two_budgets(), evaluator, folder.path);
  const Json json = Json::parse(read_file(folder.path / "pareto.json"));
  EXPECT_EQ(json.at("schema"), "kwsmith.pareto/1");
  const Json& points = json.at("overall");
  ASSERT_FALSE(points.empty());
  for (std::size_t i = 0; i + 1 < points.size(); ++i) {
    EXPECT_LE(points[i].at("memory_bytes"), points[i + 1].at("memory_bytes"));
  }
  for (const Json& point : json.at("budgets").at("small")) EXPECT_LE(point.at("memory_bytes").get<int>(), 81920);
}

}  // namespace
}  // namespace kws
