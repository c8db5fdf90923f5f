#include "kws/search/study.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <fstream>

#include "fake_evaluator.h"
#include "kws/core/process.h"
#include "kws/search/finalists.h"
#include "kws/search/worker.h"
#include "store_place.h"
#include "study_fixture.h"

namespace kws {
namespace {

using testing::deliver;
using ::testing::HasSubstr;
using testing::kConfig;
using testing::proposals;
using testing::refusal;
using testing::StoredStudy;
using testing::StudyFolder;
using testing::taken;

TEST_P(StoredStudy, KeepsItsPlan) {
  EXPECT_FALSE(Study::plan_of(place.study())) << "there is no study yet";
  { Study study = place.open(kConfig); }
  EXPECT_EQ(Study::plan_of(place.study()), Json()) << "of an earlier version, say";
}

TEST_P(StoredStudy, KeepsThePlanItIsMadeWithUntilAnotherOneIsSet) {
  const Json first = {{"trials", 4}}, second = {{"trials", 9}};
  { Study(place.folder.path, kConfig, place.url, first); }
  EXPECT_EQ(Study::plan_of(place.study()), first);
  {
    Study study(place.folder.path, kConfig, place.url, second);
    EXPECT_EQ(Study::plan_of(place.study()), first) << "it may yet be refused";
    study.set_plan(second);
  }
  EXPECT_EQ(Study::plan_of(place.study()), second);
}

TEST_P(StoredStudy, KeepsTrialsModelsAndTestsOverReopening) {
  const std::vector<Proposal> drawn = proposals(4);
  const std::string model("a\0b", 3), checkpoint("c\0d", 3);
  TrialResult result{.float_validation = 0.875,
                     .int8_validation = 0.86,
                     .final_loss = std::nan(""),
                     .best_epoch = 1,
                     .epochs = 1,
                     .seconds = 3.5,
                     .model = model,
                     .checkpoint = checkpoint};
  {
    Study study = place.open(kConfig);
    for (const Proposal& proposal : drawn) study.add(proposal);
    deliver(study, {.trial = 1, .to = 1, .reason = "new design"}, result);
    result.int8_validation = 0.9;
    result.model = model + "later";
    result.checkpoint = "";
    deliver(study, {.trial = 1, .from = 1, .to = 3, .reason = "promoted"}, result);
    study.fail(taken(study, {.trial = 2, .to = 1, .reason = "new design"}), "diverged");
    deliver(study, {.trial = 3, .to = 1, .reason = "new design"}, result);
    study.stand({{.number = 0, .epochs = 1, .state = TrialState::waiting, .reason = ""},
                 {.number = 1, .epochs = 3, .state = TrialState::done, .reason = "best"},
                 {.number = 2, .epochs = 1, .state = TrialState::failed, .reason = "diverged"},
                 {.number = 3, .epochs = 1, .state = TrialState::stopped, .reason = "worse"}});
    study.set_test(1, {.float_accuracy = 0.8, .int8_accuracy = 0.7, .clips = 40});
    study.set_test(2, {.float_accuracy = 0.8,
                       .int8_accuracy = 0.7,
                       .clips = 40,
                       .labels = {"_unknown_", "yes"},
                       .float_confusion = {{20, 0}, {8, 12}},
                       .int8_confusion = {{18, 2}, {10, 10}},
                       .thresholds = {{.threshold = 0.5, .misses = 0.5, .false_accepts = 0.1}}});
  }
  const Study study = place.open(kConfig);
  const std::vector<Trial> trials = study.trials();
  ASSERT_EQ(trials.size(), 4U);
  EXPECT_EQ(proposal_to_json(trials[0].proposal), proposal_to_json(drawn[0]));
  EXPECT_EQ(trials[0].state, TrialState::waiting);
  EXPECT_EQ(trials[0].result(), nullptr);
  EXPECT_EQ(trials[1].state, TrialState::done);
  EXPECT_EQ(trials[1].reason, "best");
  ASSERT_EQ(trials[1].rungs.size(), 2U);
  EXPECT_EQ(trials[1].rungs[0].reason, "new design");
  EXPECT_EQ(trials[1].rungs[0].result->float_validation, 0.875);
  EXPECT_TRUE(std::isnan(trials[1].rungs[0].result->final_loss));
  EXPECT_EQ(trials[1].result()->int8_validation, 0.9);
  EXPECT_EQ(trials[2].state, TrialState::failed);
  EXPECT_EQ(trials[2].rungs[0].failure, "diverged");
  EXPECT_EQ(trials[2].result(), nullptr);
  EXPECT_EQ(trials[3].state, TrialState::stopped);
  EXPECT_EQ(study.model(1, 1), "") << "the last one alone is kept";
  EXPECT_EQ(study.model(1, 3), model + "later");
  EXPECT_EQ(study.checkpoint(1), "") << "the last one alone is kept";
  ASSERT_TRUE(study.test(1));
  EXPECT_EQ(study.test(1)->clips, 40);
  EXPECT_TRUE(study.test(1)->labels.empty()) << "as earlier versions left it";
  ASSERT_TRUE(study.test(2));
  EXPECT_EQ(study.test(2)->labels, (std::vector<std::string>{"_unknown_", "yes"}));
  EXPECT_EQ(study.test(2)->float_confusion, (Confusion{{20, 0}, {8, 12}}));
  EXPECT_EQ(study.test(2)->int8_confusion, (Confusion{{18, 2}, {10, 10}}));
  ASSERT_EQ(study.test(2)->thresholds.size(), 1U);
  EXPECT_EQ(study.test(2)->thresholds[0].false_accepts, 0.1);
  EXPECT_FALSE(study.test(0));
}

TEST_P(StoredStudy, RungsAboveAStandingAreKeptButDoNotCount) {
  Study study = place.open(kConfig);
  study.add(proposals(1)[0]);
  deliver(study, {.trial = 0, .to = 1, .reason = "new design"}, {.int8_validation = 0.5});
  deliver(study, {.trial = 0, .from = 1, .to = 3, .reason = "went on in a shorter search"}, {.int8_validation = 0.6});
  study.stand({{.number = 0, .epochs = 1, .state = TrialState::stopped, .reason = "worse"}});
  EXPECT_EQ(study.trials()[0].result()->int8_validation, 0.5);
  study.stand({});
  EXPECT_EQ(study.trials()[0].result()->int8_validation, 0.6);
}

TEST_P(StoredStudy, TrialsThatAShorterSearchNeverCameToAreNone) {
  Study study = place.open(kConfig);
  for (const Proposal& proposal : proposals(2)) study.add(proposal);
  study.stand({{.number = 0, .epochs = 1, .state = TrialState::stopped, .reason = "worse"}});
  EXPECT_EQ(study.trials().size(), 1U);
}

TEST_P(StoredStudy, ATrialOfAnotherRecipeIsAnotherOneOfAnotherLengthTheSame) {
  Proposal proposal = proposals(1)[0];
  Study study = place.open(kConfig);
  study.add(proposal);
  deliver(study, {.trial = 0, .to = 1, .reason = "new design"}, {.checkpoint = "bytes"});
  proposal.training.epochs *= 3;
  EXPECT_FALSE(study.add(proposal));
  EXPECT_EQ(study.checkpoint(0), "bytes");
  proposal.training.optimizer.peak_rate *= 2.0;
  EXPECT_TRUE(study.add(proposal));
  EXPECT_EQ(study.checkpoint(0), "");
  EXPECT_TRUE(study.trials()[0].rungs.empty());
}

TEST_P(StoredStudy, AddingATrialAgainChangesNothing) {
  const Proposal proposal = proposals(1)[0];
  Study study = place.open(kConfig);
  study.add(proposal);
  deliver(study, {.trial = 0, .to = 1, .reason = "new design"}, {.checkpoint = "bytes"});
  study.add(proposal);
  EXPECT_EQ(study.checkpoint(0), "bytes");
}

TEST(Study, OtherConfigIsRefusedWithTheDifference) {
  const StudyFolder folder;
  { Study study(folder.path, kConfig); }
  Json other = kConfig;
  other["search"]["seed"] = 8;
  EXPECT_EQ(refusal(folder.path, other, Exit::usage),
            folder.path.string() +
                ": config differs at search.seed: 7 there, 8 here; use another --study or the same settings");
  { Study study(folder.path, kConfig); }  // unharmed
}

TEST(Study, TopRungCanBeRaisedButNotLowered) {
  const auto config = [](int epochs) {
    Json json = kConfig;
    json["search"]["epochs"] = epochs;
    return json;
  };
  const StudyFolder folder;
  for (const int epochs : {9, 27, 27, 81}) {
    Study study(folder.path, config(epochs));
    study.raise();
    EXPECT_EQ(study.config().at("search").at("epochs"), epochs);
    const Json none = Json::array();
    EXPECT_EQ(study.config().value("raised_from", none), epochs == 9 ? none : epochs == 27 ? Json{9} : Json({9, 27}));
  }
  EXPECT_EQ(refusal(folder.path, config(27), Exit::usage),
            folder.path.string() +
                ": trains up to 81 epochs, more than --epochs 27; a top rung can be raised only: "
                "give the same, or another --study");
  Json other = config(243);
  other["search"]["seed"] = 8;
  EXPECT_THAT(refusal(folder.path, other, Exit::usage), HasSubstr("config differs at search.seed: 7 there, 8 here"));
  Json elsewhere = config(81);
  elsewhere["raised_from"] = {27};
  EXPECT_THAT(refusal(folder.path, elsewhere, Exit::usage), HasSubstr("raised_from: [9,27] there, [27] here"));
  EXPECT_EQ(Study(folder.path, config(243)).config().at("search").at("epochs"), 243);
  EXPECT_EQ(Study::join(folder.path, false).config().at("search").at("epochs"), 81) << "neither a refusal nor a look";
}

TEST_P(StoredStudy, AnotherDesignOfANumberBeginsAnew) {
  Study study = place.open(kConfig);
  Proposal trial = proposals(1)[0];
  EXPECT_FALSE(study.add(trial));
  deliver(study, {.trial = trial.number, .to = 9, .reason = "new design"}, {.checkpoint = "bytes"});
  study.offer(1, {.trial = trial.number, .from = 9, .to = 27, .reason = "goes on"});
  EXPECT_FALSE(study.add(trial));
  EXPECT_TRUE(study.rung(trial.number, 9));
  trial.budget = "medium";
  EXPECT_TRUE(study.add(trial));
  EXPECT_FALSE(study.rung(trial.number, 9));
  EXPECT_EQ(study.checkpoint(trial.number), "");
  EXPECT_FALSE(study.claim("worker", 60.0)) << "its step is on offer no more";
}

TEST_P(StoredStudy, ATrialGoesOnWithAnotherTrainingAFinalistBeginsAnew) {
  Study study = place.open(kConfig);
  Proposal trial = proposals(1)[0], finalist = trial;
  finalist.number = kFirstFinalist + 1;
  study.add(trial);
  study.add(finalist);
  deliver(study, {.trial = trial.number, .to = 9, .reason = "new design"}, {.checkpoint = "bytes"});
  deliver(study, {.trial = finalist.number, .to = 9, .reason = "anew"}, {.checkpoint = "bytes"});
  study.set_test(trial.number, {.clips = 40});
  for (Proposal* one : {&trial, &finalist}) {
    one->training.epochs = 27;
    study.add(*one);
    EXPECT_EQ(study.proposal(one->number).training.epochs, 27);
  }
  EXPECT_EQ(study.checkpoint(trial.number), "bytes");
  EXPECT_EQ(study.checkpoint(finalist.number), "");
  EXPECT_TRUE(study.test(trial.number));
  deliver(study, {.trial = trial.number, .from = 9, .to = 27, .reason = "goes on"}, {});
  EXPECT_FALSE(study.test(trial.number)) << "that was another model";
}

TEST(Study, ConfigDifferenceSeesMissingKeysAndIgnoresTheirOrder) {
  EXPECT_EQ(config_difference({{"a", 1}, {"b", 2}}, {{"b", 2}, {"a", 1}}), "");
  EXPECT_EQ(config_difference({{"a", {{"x", 1}}}}, {{"a", {{"x", 1}, {"y", 2}}}}), "a.y: absent there, 2 here");
  EXPECT_EQ(config_difference({{"a", {1, 2}}}, {{"a", {1, 3}}}), "a: [1,2] there, [1,3] here");
  EXPECT_EQ(config_difference({{"search", {{"clock_hz", 1}}}}, {{"search", {{"board", "x"}, {"clock_hz", 1}}}}), "")
      << "a name for what stands beside it";
}

TEST(Study, SecondSearchInTheSameFolderIsRefused) {
  const StudyFolder folder;
  Study study(folder.path, kConfig);
  EXPECT_THAT(refusal(folder.path, kConfig, Exit::store), HasSubstr("another search is using this study"));
  EXPECT_TRUE(Study::join(folder.path, false).trials().empty()) << "readers may look on";
}

TEST(Study, DamagedFileIsAStoreError) {
  const StudyFolder folder;
  std::ofstream(folder.path / "study.db") << std::string(5000, 'x');
  EXPECT_THAT(refusal(folder.path, kConfig, Exit::store), HasSubstr("study.db"));
}

TEST(Study, FolderThatCannotBeMadeIsNamed) {
  const StudyFolder folder;
  std::ofstream(folder.path / "file") << "no folder";
  EXPECT_THAT(refusal(folder.path / "file" / "study", kConfig, Exit::failed), HasSubstr("file"));
}

TEST(Study, ReadingAFolderWithoutAStudyIsAnError) {
  const StudyFolder folder;
  EXPECT_THROW(Study::join(folder.path, false), Error);
}

TEST(Study, AFileThatItsSearchHasOnlyBegunHoldsNoStudyYet) {
  const StudyFolder folder;
  std::ofstream(folder.path / "study.db").flush();
  for (const bool to_work : {false, true}) {
    try {
      Study::join(folder.path, to_work);
      ADD_FAILURE() << "there is nothing to join";
    } catch (const Error& error) {
      EXPECT_EQ(error.exit_code(), Exit::usage) << "a worker waits";
      EXPECT_EQ(error.what(), (folder.path / "study.db").string() +
                                  ": holds no study yet; start kwsmith search with this --study first");
    }
  }
  EXPECT_FALSE(Study::plan_of(folder.path));
  { Study study(folder.path, kConfig); }
  EXPECT_EQ(Study::join(folder.path, true).config(), kConfig);
}

TEST_P(StoredStudy, OtherConfigIsRefused) {
  { Study study = place.open(kConfig); }
  EXPECT_EQ(place.join().config(), kConfig);
  Json other = kConfig;
  other["search"]["seed"] = 8;
  EXPECT_THROW(place.open(other), Error);
}

TEST_P(StoredStudy, TellsOfItsSearchAndItsWorkers) {
  const auto nobody = [](const std::string&) { return false; };
  {
    Study study = place.open(kConfig);
    study.add(proposals(1)[0]);
    EXPECT_EQ(study.workers(nobody), 0);
    taken(study, {.trial = 0, .to = 1, .reason = "new design"});
    const Study other = place.join();
    EXPECT_TRUE(other.searched());
    EXPECT_EQ(other.workers(nobody), 1);
    EXPECT_EQ(other.workers([](const std::string& holder) { return holder == "worker"; }), 0) << "it was killed";
    EXPECT_EQ(other.name().find('@'), std::string::npos) << "no user, no password";
  }
  const Study other = place.join();
  for (int i = 0; i < 100 && other.searched(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_FALSE(other.searched());
}

TEST_P(StoredStudy, TellsThoseWhoLookOnHowFarItsSearchIs) {
  Study study = place.open(kConfig);
  EXPECT_FALSE(study.told());
  study.tell({.trials_done = 1, .trials = 28, .epochs_done = 3, .epochs = 90});
  study.tell({.trials_done = 2, .trials = 28, .epochs_done = 6, .epochs = 90, .seconds_left = 1000.0});
  const std::optional<SearchProgress> told = place.join().told();
  ASSERT_TRUE(told);
  EXPECT_EQ(std::tuple(told->trials_done, told->trials, told->done(), told->total()), std::tuple(2, 28, 6, 90));
  EXPECT_NEAR(told->seconds_left.value(), 1000.0, 60.0);  // a slow machine may take its time between the two
  EXPECT_LE(*told->seconds_left, 1000.0);
}

TEST(Study, FileIsMadeForWhomTheUmaskAllows) {
  const StudyFolder folder;
  const mode_t before = ::umask(002);
  { Study study(folder.path, kConfig); }
  ::umask(before);
  EXPECT_EQ(std::filesystem::status(folder.path / "study.db").permissions(), std::filesystem::perms{0664});
}

TEST(Study, UrlIsShownWithoutItsSecretsWhenTheServerCannotBeReached) {
  const std::string url = "postgresql://kws:SECRET1@127.0.0.1:1/kws?password=SECRET2";
  try {
    Study::join(url, false);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("postgresql://127.0.0.1:1/kws: cannot be reached"));
    EXPECT_THAT(error.what(), ::testing::Not(HasSubstr("SECRET")));
    EXPECT_EQ(error.exit_code(), Exit::store);
  }
}

TEST(WorkerName, TellsWhetherItsProcessIsGone) {
  EXPECT_FALSE(worker_is_gone(worker_name(3)));
  EXPECT_FALSE(worker_is_gone("elsewhere:1:0"));
  const pid_t child = fork();
  if (child == 0) _exit(0);
  std::string name = worker_name(0);
  const std::string space = ":" + process_space() + ":";
  name.replace(name.find(space) + space.size(), std::to_string(getpid()).size(), std::to_string(child));
  std::string elsewhere = name;
  elsewhere.replace(elsewhere.find(space), space.size(), ":0123456789abcdef:");
  EXPECT_FALSE(worker_is_gone(name)) << "not collected yet";
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(worker_is_gone(name));
  EXPECT_FALSE(worker_is_gone(elsewhere)) << "a container or another machine of the same name";
}

INSTANTIATE_TEST_SUITE_P(Stores, StoredStudy, ::testing::ValuesIn(testing::stores()), testing::store_name);

}  // namespace
}  // namespace kws
