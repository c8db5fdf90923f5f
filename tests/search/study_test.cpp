#include "kws/search/study.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cmath>
#include <fstream>

#include "fake_evaluator.h"
#include "kws/search/proposals.h"

namespace kws {
namespace {

using ::testing::HasSubstr;
using testing::TemporaryFolder;
using testing::two_budgets;

const Json kConfig = {{"search", {{"seed", 7}, {"epochs", 2}}}, {"types", {"dnn", "gru"}}};

std::string refusal(const std::filesystem::path& folder, const Json& config, Exit expected) {
  try {
    Study study(folder, config);
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), expected);
    return error.what();
  }
  ADD_FAILURE() << "the study was opened";
  return "";
}

std::vector<Proposal> proposals(int count) {
  Proposer proposer(two_budgets());
  std::vector<Proposal> list;
  for (int i = 0; i < count; ++i) list.push_back(*proposer.propose(0, i, std::vector<double>(4, 0.5)));
  return list;
}

TEST(Study, KeepsTrialsModelsAndTestsOverReopening) {
  const TemporaryFolder folder;
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
    Study study(folder.path, kConfig);
    for (const Proposal& proposal : drawn) study.add(proposal);
    study.finish(1, 1, "new design", result);
    result.int8_validation = 0.9;
    result.model = "later";
    result.checkpoint = "";
    study.finish(1, 3, "promoted", result);
    study.fail(2, 1, "new design", "diverged");
    study.finish(3, 1, "new design", result);
    study.stand({{.number = 1, .epochs = 3, .state = TrialState::done, .reason = "best"},
                 {.number = 2, .epochs = 1, .state = TrialState::failed, .reason = "diverged"},
                 {.number = 3, .epochs = 1, .state = TrialState::stopped, .reason = "worse"}});
    study.set_test(1, {.float_accuracy = 0.8, .int8_accuracy = 0.7, .clips = 40});
  }
  const Study study(folder.path, kConfig);
  const std::vector<Trial> trials = study.trials();
  ASSERT_EQ(trials.size(), 4U);
  EXPECT_EQ(proposal_to_json(trials[0].proposal), proposal_to_json(drawn[0]));
  EXPECT_EQ(trials[0].state, TrialState::waiting);
  EXPECT_EQ(trials[0].result(), nullptr);
  EXPECT_EQ(trials[1].state, TrialState::done);
  EXPECT_EQ(trials[1].reason, "best");
  ASSERT_EQ(trials[1].rungs.size(), 2U);
  EXPECT_EQ(trials[1].rungs[0].decided, "new design");
  EXPECT_EQ(trials[1].rungs[0].result->float_validation, 0.875);
  EXPECT_TRUE(std::isnan(trials[1].rungs[0].result->final_loss));
  EXPECT_EQ(trials[1].result()->int8_validation, 0.9);
  EXPECT_EQ(trials[2].state, TrialState::failed);
  EXPECT_EQ(trials[2].rungs[0].failure, "diverged");
  EXPECT_EQ(trials[2].result(), nullptr);
  EXPECT_EQ(trials[3].state, TrialState::stopped);
  EXPECT_EQ(study.model(1, 1), model);
  EXPECT_EQ(study.model(1, 3), "later");
  EXPECT_EQ(study.checkpoint(1), "") << "the last one alone is kept";
  ASSERT_TRUE(study.test(1));
  EXPECT_EQ(study.test(1)->clips, 40);
  EXPECT_FALSE(study.test(0));
}

TEST(Study, RungsAboveAStandingAreKeptButDoNotCount) {
  const TemporaryFolder folder;
  Study study(folder.path, kConfig);
  study.add(proposals(1)[0]);
  study.finish(0, 1, "new design", {.int8_validation = 0.5});
  study.finish(0, 3, "went on in a shorter search", {.int8_validation = 0.6});
  study.stand({{.number = 0, .epochs = 1, .state = TrialState::stopped, .reason = "worse"}});
  EXPECT_EQ(study.trials()[0].result()->int8_validation, 0.5);
  study.stand({});
  EXPECT_EQ(study.trials()[0].result()->int8_validation, 0.6);
}

TEST(Study, AddingATrialAgainChangesNothing) {
  const TemporaryFolder folder;
  const Proposal proposal = proposals(1)[0];
  Study study(folder.path, kConfig);
  study.add(proposal);
  study.finish(0, 1, "new design", {.checkpoint = "bytes"});
  study.add(proposal);
  EXPECT_EQ(study.checkpoint(0), "bytes");
}

TEST(Study, OtherConfigIsRefusedWithTheDifference) {
  const TemporaryFolder folder;
  { Study study(folder.path, kConfig); }
  Json other = kConfig;
  other["search"]["seed"] = 8;
  EXPECT_EQ(refusal(folder.path, other, Exit::usage),
            folder.path.string() +
                ": config differs at search.seed: 7 there, 8 here; use another --study folder or the same settings");
  { Study study(folder.path, kConfig); }  // unharmed
}

TEST(Study, ConfigDifferenceSeesMissingKeysAndIgnoresTheirOrder) {
  EXPECT_EQ(config_difference({{"a", 1}, {"b", 2}}, {{"b", 2}, {"a", 1}}), "");
  EXPECT_EQ(config_difference({{"a", {{"x", 1}}}}, {{"a", {{"x", 1}, {"y", 2}}}}), "a.y: absent there, 2 here");
  EXPECT_EQ(config_difference({{"a", {1, 2}}}, {{"a", {1, 3}}}), "a: [1,2] there, [1,3] here");
}

TEST(Study, SecondSearchInTheSameFolderIsRefused) {
  const TemporaryFolder folder;
  Study study(folder.path, kConfig);
  EXPECT_THAT(refusal(folder.path, kConfig, Exit::store), HasSubstr("another search is using this study"));
  EXPECT_TRUE(Study::read_trials(folder.path).empty()) << "readers may look on";
}

TEST(Study, DamagedFileIsAStoreError) {
  const TemporaryFolder folder;
  std::ofstream(folder.path / "study.db") << std::string(5000, 'x');
  EXPECT_THAT(refusal(folder.path, kConfig, Exit::store), HasSubstr("study.db"));
}

TEST(Study, FolderThatCannotBeMadeIsNamed) {
  const TemporaryFolder folder;
  std::ofstream(folder.path / "file") << "no folder";
  EXPECT_THAT(refusal(folder.path / "file" / "study", kConfig, Exit::failed), HasSubstr("file"));
}

TEST(Study, ReadingAFolderWithoutAStudyIsAnError) {
  const TemporaryFolder folder;
  EXPECT_THROW(Study::read_trials(folder.path), Error);
}

}  // namespace
}  // namespace kws
