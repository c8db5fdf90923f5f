// A top rung that is raised when a search has begun, or has come to its end.
#include "../../search/raised_rung.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "fake_evaluator.h"
#include "kws/search/driver.h"
#include "kws/search/finalists.h"
#include "trials_file.h"

namespace kws {
namespace {

using testing::FakeEvaluator;
using testing::kStudyConfig;
using testing::RecordingSink;
using testing::StudyFolder;
using testing::trials_of;
using testing::two_budgets;

SearchOptions raised(int threads = 1) {
  SearchOptions options = two_budgets();
  options.max_trials = 60;
  options.finalists = 2;
  options.final_epochs = 12;
  options.raised_from = {9};
  options.epochs = 27;
  options.threads = threads;
  return options;
}

/// trials.json of a search whose top rung was raised from the start on.
Json raised_from_the_start() {
  const StudyFolder folder;
  FakeEvaluator evaluator;
  search(raised(), evaluator, folder.path);
  return trials_of(folder.path);
}

TEST(Search, RaisedTopRungContinuesTheBestTrialsWheneverItIsRaised) {
  const Json expected = raised_from_the_start();
  std::map<int, int> at;  // rung
  for (const Json& row : expected.at("trials")) {
    if (!row.at("finalist_of").is_null()) continue;
    ++at[row.at("epochs")];
    EXPECT_EQ(row.at("state") == "done", row.at("epochs") == 27);
  }
  EXPECT_GE(at[27], 2);
  EXPECT_LE(at[27], (at[9] + at[27]) / 3 + 1);
  for (const int runs : {0, 20, 75, 1000}) {  // before the search of the old top is interrupted
    const StudyFolder folder;
    FakeEvaluator before, after;
    std::atomic<int> left = runs;
    before.before_run = [&](const Proposal&, int) {
      if (left-- <= 0) throw Interrupted{};
    };
    SearchOptions options = raised(2);
    options.epochs = 9;
    options.raised_from.clear();
    const bool ended = !search(options, before, folder.path).interrupted;
    EXPECT_EQ(ended, runs == 1000);
    for (const int threads : {8, 1}) search(raised(threads), after, folder.path);
    EXPECT_EQ(trials_of(folder.path), expected) << runs;
    std::set<std::pair<int, int>> trained(before.ran.begin(), before.ran.end());
    for (const auto& [trial, epochs] : after.ran) {
      // The models that winners lack are made again; a finalist of before may be one no more.
      EXPECT_TRUE(is_finalist(trial) || trained.emplace(trial, epochs).second) << "trial " << trial << " again";
    }
    int going_on = 0;
    for (const auto& [trial, epochs] : after.ran) going_on += epochs == 27 ? 18 : 0;
    EXPECT_TRUE(!ended || after.trained < going_on + 200) << "those that go on do so from their checkpoints";
  }
}

TEST(Search, BaselinesGoOnToARaisedTopFromTheirCheckpoints) {
  const StudyFolder folder;
  FakeEvaluator before, after;
  SearchOptions options = raised(2);
  options.no_prior = false;
  options.epochs = 9;
  options.raised_from.clear();
  search(options, before, folder.path);
  std::mutex mutex;
  std::map<int, std::set<int>> trained;  // epochs by trial
  after.each_epoch = [&](const Proposal& proposal, int epoch) {
    const std::scoped_lock lock(mutex);
    trained[proposal.number].insert(epoch);
  };
  options.raised_from = {9};
  options.epochs = 27;
  search(options, after, folder.path);
  std::map<int, std::string> names;
  const Json report = trials_of(folder.path);
  for (const Json& row : report.at("trials")) names[row.at("trial")] = row.at("name");
  EXPECT_EQ(names[0], "tc_resnet8");
  EXPECT_EQ(names[1], "matchboxnet_3x2x64");
  for (const int trial : {0, 1}) {
    ASSERT_EQ(trained[trial].size(), 18U) << trial;
    EXPECT_EQ(*trained[trial].begin(), 10) << trial;
  }
}

TEST(Search, CheckpointsStayOfTheShareThatMayGoOnAndOfTheBaseline) {
  SearchOptions options = two_budgets();
  options.budget_names = {"small"};
  const std::vector<Design> known = known_designs();
  std::vector<Trial> trials;
  const auto add = [&](const std::string& name, double accuracy, int epochs) {
    Trial& trial = trials.emplace_back();
    trial.proposal.number = static_cast<int>(trials.size()) - 1;
    trial.proposal.budget = "small";
    trial.proposal.design = *std::ranges::find(known, name, &Design::name);
    trial.proposal.training.epochs = 9;
    trial.rungs.push_back({.epochs = epochs, .reason = "", .result = TrialResult(), .failure = ""});
    trial.rungs.back().result->int8_validation = accuracy;
  };
  const auto kept = [&] { return may_go_on(facts_of(trials, options), options); };
  add("tc_resnet8", 0.5, 9);
  for (int i = 1; i <= 8; ++i) add("dnn_s", 0.8 + 0.01 * i, i == 8 ? 3 : 9);
  EXPECT_THAT(kept(), ::testing::UnorderedElementsAre(0, 7, 6)) << "8 in full: 2, and the baseline; not the one at 3";
  for (int i = 0; i < 200; ++i) add("dnn_s", 0.6, 9);
  EXPECT_EQ(kept().size(), 30U);
}

TEST(Search, AFinishedStudyOfManyTrialsIsSmall) {
  const StudyFolder folder;
  FakeEvaluator evaluator;
  evaluator.pause = {};
  // A twentieth of what a network of 80,000 weights takes, and of the 20 MB that a study of it may.
  evaluator.model_bytes = 15'000;
  evaluator.checkpoint_bytes = 65'000;
  SearchOptions options = two_budgets();
  options.budget_names = {"small"};
  options.first_rung = 3;
  options.epochs = 27;
  options.max_trials = 240;
  options.finalists = 3;
  options.threads = 4;
  search(options, evaluator, folder.path);
  constexpr std::uintmax_t kTrials = 600'000;  // themselves, whatever they train
  EXPECT_LT(std::filesystem::file_size(folder.path / "study.db"), kTrials + (20'000'000 - kTrials) / 20);
}

TEST(Search, RaisedTopRungSurvivesAKill) {
  const Json expected = raised_from_the_start();
  const StudyFolder folder;
  for (const int epochs : {9, 27}) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      FakeEvaluator evaluator;
      std::atomic<int> left = 1;
      evaluator.before_run = [&](const Proposal& proposal, int to) {
        if (to == epochs && !is_finalist(proposal.number) && left-- <= 0) kill(getpid(), SIGKILL);
      };
      SearchOptions options = raised(2);
      options.epochs = epochs;
      if (epochs == 9) options.raised_from.clear();
      search(options, evaluator, folder.path);
      _exit(0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << epochs;
  }
  FakeEvaluator rest;
  search(raised(2), rest, folder.path);
  EXPECT_EQ(trials_of(folder.path), expected);
}

TEST(Search, FinalistsOfARaisedSearchComeFromTheEarlierTopToo) {
  const Json report = raised_from_the_start();
  std::map<int, int> epochs;  // by trial
  std::set<int> anew;
  for (const Json& row : report.at("trials")) {
    epochs[row.at("trial")] = row.at("epochs");
    if (!row.at("finalist_of").is_null()) anew.insert(row.at("finalist_of").get<int>());
  }
  std::map<int, int> count;
  for (const int trial : anew) ++count[epochs.at(trial)];
  EXPECT_GE(count[27], 2);
  EXPECT_EQ(count[27] + count[9], static_cast<int>(anew.size()));
  EXPECT_GE(anew.size(), 3U) << "two of each budget, of which one may be for both";
}

}  // namespace
}  // namespace kws
