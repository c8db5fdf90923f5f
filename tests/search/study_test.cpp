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

TEST(Study, KeepsTrialsModelsAndTestsOverReopening) {
  const TemporaryFolder folder;
  Proposer proposer(two_budgets());
  const Proposal first = *proposer.next(), second = *proposer.next(), third = *proposer.next();
  const std::string model("a\0b", 3);
  {
    Study study(folder.path, kConfig);
    for (const Proposal* proposal : {&first, &second, &third}) study.add(*proposal);
    TrialResult result{.float_validation = 0.875,
                       .int8_validation = 0.86,
                       .final_loss = std::nan(""),
                       .best_epoch = 1,
                       .epochs = 2,
                       .seconds = 3.5,
                       .model = model};
    study.finish(1, result);
    study.fail(2, "diverged");
    study.set_test(1, {.float_accuracy = 0.8, .int8_accuracy = 0.7, .clips = 40});
  }
  const Study study(folder.path, kConfig);
  const std::vector<Trial> trials = study.trials();
  ASSERT_EQ(trials.size(), 3U);
  EXPECT_EQ(proposal_to_json(trials[0].proposal), proposal_to_json(first));
  EXPECT_EQ(trials[0].state, TrialState::waiting);
  EXPECT_EQ(trials[1].state, TrialState::done);
  EXPECT_EQ(trials[1].result.float_validation, 0.875);
  EXPECT_TRUE(std::isnan(trials[1].result.final_loss));
  EXPECT_EQ(trials[2].state, TrialState::failed);
  EXPECT_EQ(trials[2].reason, "diverged");
  EXPECT_EQ(study.model(1), model);
  ASSERT_TRUE(study.test(1));
  EXPECT_EQ(study.test(1)->clips, 40);
  EXPECT_FALSE(study.test(0));
}

TEST(Study, AddingATrialAgainChangesNothing) {
  const TemporaryFolder folder;
  const Proposal proposal = *Proposer(two_budgets()).next();
  Study study(folder.path, kConfig);
  study.add(proposal);
  study.fail(0, "diverged");
  study.add(proposal);
  EXPECT_EQ(study.trials().at(0).state, TrialState::failed);
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
