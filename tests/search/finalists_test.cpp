#include "kws/search/finalists.h"

#include <gmock/gmock.h>

#include "fake_evaluator.h"
#include "kws/core/files.h"

namespace kws {
namespace {

using testing::FakeEvaluator;
using testing::StudyFolder;
using testing::two_budgets;

SearchOptions with_finalists() {
  SearchOptions options = two_budgets();
  options.max_trials = 60;
  options.finalists = 2;
  options.final_seeds = 3;
  options.final_epochs = 12;
  options.tuning_epochs = 2;
  options.deterministic = true;
  return options;
}

TEST(Finalists, AreTheBestOfEveryBudgetTrainedAnewToTheEnd) {
  const StudyFolder folder;
  FakeEvaluator evaluator;
  const SearchOptions options = with_finalists();
  const SearchOutcome outcome = search(options, evaluator, folder.path);
  const std::vector<Trial> trials = Study::join(folder.path, false).trials();
  std::vector<const Trial*> anew;
  for (const Trial& trial : trials) {
    if (is_finalist(trial.proposal.number)) anew.push_back(&trial);
  }
  ASSERT_EQ(anew.size(), 2U * 2U * 3U);
  std::set<std::uint64_t> seeds;
  for (const Trial* trial : anew) {
    const Proposal& proposal = trial->proposal;
    const Trial& first = trials.at(static_cast<std::size_t>(finalist_of(proposal.number)));
    EXPECT_EQ(design_hash(proposal.design), design_hash(first.proposal.design));
    EXPECT_EQ(first.state, TrialState::done);
    EXPECT_EQ(trial->state, TrialState::done);
    EXPECT_EQ(trial->reason, "trial " + std::to_string(first.proposal.number) + " anew");
    EXPECT_EQ(trial->rungs.back().epochs, 14);
    EXPECT_EQ(proposal.training.epochs, 12);
    EXPECT_EQ(proposal.training.data_seed, first.proposal.training.data_seed);
    seeds.insert(proposal.training.seed);
  }
  EXPECT_EQ(seeds.size(), anew.size());
  ASSERT_EQ(outcome.winners.size(), 2U);
  for (const Winner& winner : outcome.winners) {
    EXPECT_TRUE(is_finalist(winner.trial.proposal.number));
    EXPECT_EQ(winner.mean_test.seeds, 3);
  }
  EXPECT_EQ(evaluator.tested.size(), 2U * 3U);  // a winner's trainings alone
}

TEST(Finalists, CarryOnWhereAnInterruptedSearchStopped) {
  const StudyFolder whole, parts;
  FakeEvaluator undisturbed;
  const SearchOptions options = with_finalists();
  search(options, undisturbed, whole.path);

  FakeEvaluator stopping;
  int finals = 0;
  stopping.before_run = [&](const Proposal& proposal, int) {
    if (is_finalist(proposal.number) && ++finals == 4) throw Interrupted{};
  };
  EXPECT_TRUE(search(options, stopping, parts.path).interrupted);
  FakeEvaluator rest;
  EXPECT_FALSE(search(options, rest, parts.path).interrupted);
  EXPECT_GE(rest.ran.size(), 7U);
  EXPECT_LE(rest.ran.size(), 9U);
  EXPECT_EQ(read_file(parts.path / "trials.json"), read_file(whole.path / "trials.json"));
}

TEST(Finalists, OfAShorterSearchMakeRoomForThoseOfALongerOne) {
  const StudyFolder whole, grown;
  SearchOptions options = with_finalists();
  FakeEvaluator at_once, bit_by_bit;
  options.max_trials = 80;
  search(options, at_once, whole.path);
  for (const int trials : {50, 80}) {
    options.max_trials = trials;
    search(options, bit_by_bit, grown.path);
  }
  EXPECT_EQ(read_file(grown.path / "trials.json"), read_file(whole.path / "trials.json"));
}

TEST(Finalists, AreNotTrainedWhereALimitEndedTheSearch) {
  const StudyFolder folder;
  FakeEvaluator evaluator;
  SearchOptions options = with_finalists();
  options.max_epochs = 30;
  search(options, evaluator, folder.path);
  for (const auto& [number, epochs] : evaluator.ran) EXPECT_FALSE(is_finalist(number));
}

TEST(Finalists, KeepTheLimitOfEpochs) {
  const StudyFolder folder, limited;
  FakeEvaluator all, some;
  SearchOptions options = with_finalists();
  search(options, all, folder.path);
  options.max_epochs = all.trained - 14;  // one training of a finalist less
  search(options, some, limited.path);
  EXPECT_EQ(some.trained, options.max_epochs);
}

TEST(Finalists, WithFewerSeedsThanOthersDoNotWin) {
  const StudyFolder folder;
  FakeEvaluator evaluator;
  SearchOptions options = with_finalists();
  options.budget_names = {"small"};
  const SearchOutcome all = search(options, evaluator, folder.path);
  ASSERT_EQ(all.winners.size(), 1U);
  const int winner = finalist_of(all.winners[0].trial.proposal.number);

  const StudyFolder unlucky;
  FakeEvaluator failing;
  failing.before_run = [&](const Proposal& proposal, int) {
    const int number = proposal.number;
    if (is_finalist(number) && finalist_of(number) == winner && number % 100 > 1) throw std::runtime_error("no luck");
  };
  const SearchOutcome some = search(options, failing, unlucky.path);
  ASSERT_EQ(some.winners.size(), 1U);
  EXPECT_NE(finalist_of(some.winners[0].trial.proposal.number), winner) << "one seed is left of it";
  EXPECT_EQ(some.winners[0].mean.seeds, 3);
}

TEST(Finalists, HaveAboutAsManySeedsWhereALimitEndsThem) {
  const StudyFolder folder, limited;
  FakeEvaluator all, some;
  SearchOptions options = with_finalists();
  options.budget_names = {"small"};
  search(options, all, folder.path);
  options.max_epochs = all.trained - 3 * 14;  // half of the trainings of finalists
  search(options, some, limited.path);
  std::map<int, int> seeds;
  for (const auto& [number, epochs] : some.ran) seeds[finalist_of(number)] += is_finalist(number) ? 1 : 0;
  std::erase_if(seeds, [](const auto& one) { return one.second == 0; });
  const Study study = Study::join(limited.path, false);
  for (const Trial& trial : study.trials()) {
    if (is_finalist(trial.proposal.number)) {
      EXPECT_FALSE(study.model(trial.proposal.number, 14).empty()) << "a later run may need it";
    }
  }
  ASSERT_EQ(seeds.size(), 2U);
  EXPECT_EQ(seeds.begin()->second + seeds.rbegin()->second, 3);
}

TEST(Finalists, ThatFailLeaveTheTrialItselfAsWinner) {
  const StudyFolder folder;
  FakeEvaluator evaluator;
  evaluator.before_run = [](const Proposal& proposal, int) {
    if (is_finalist(proposal.number)) throw std::runtime_error("no luck");
  };
  const SearchOutcome outcome = search(with_finalists(), evaluator, folder.path);
  ASSERT_EQ(outcome.winners.size(), 2U);
  for (const Winner& winner : outcome.winners) EXPECT_FALSE(is_finalist(winner.trial.proposal.number));
}

}  // namespace
}  // namespace kws
