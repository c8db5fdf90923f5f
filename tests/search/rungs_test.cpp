#include "kws/search/rungs.h"

#include <gmock/gmock.h>

namespace kws {
namespace {

using ::testing::ElementsAre;

/// A bracket 1, 3, 9 in which trials 0, 1 ... have shown `accuracies` after one epoch.
Bracket after_one_epoch(const std::vector<std::optional<double>>& accuracies) {
  Bracket bracket({1, 3, 9}, 3);
  for (std::size_t i = 0; i < accuracies.size(); ++i) {
    bracket.open(static_cast<int>(i));
    bracket.report(static_cast<int>(i), accuracies[i]);
  }
  return bracket;
}

TEST(RungEpochs, GrowByTheReductionUpToTheTop) {
  EXPECT_THAT(rung_epochs(27, 3, 1), ElementsAre(1, 3, 9, 27));
  EXPECT_THAT(rung_epochs(8, 3, 1), ElementsAre(1, 3, 8));
  EXPECT_THAT(rung_epochs(30, 4, 1), ElementsAre(1, 4, 16, 30));
  EXPECT_THAT(rung_epochs(1, 3, 3), ElementsAre(1));
  EXPECT_THAT(rung_epochs(40, 3, 3), ElementsAre(3, 9, 27, 40));
  EXPECT_THAT(rung_epochs(4, 1, 1), ElementsAre(1, 2, 3, 4));
}

TEST(Bracket, OneOfThreeGoesOnWithItsReason) {
  EXPECT_FALSE(after_one_epoch({0.5, 0.9}).promote());
  Bracket bracket = after_one_epoch({0.5, 0.9, 0.7});
  const auto promotion = bracket.promote();
  ASSERT_TRUE(promotion);
  EXPECT_EQ(promotion->trial, 1);
  EXPECT_EQ(promotion->to, 1U);
  EXPECT_EQ(promotion->reason, "rank 1 of 3 after 1 epoch (90.00 %), 1 may go on");
  EXPECT_FALSE(bracket.promote()) << "the second of three has not earned it";
}

TEST(Bracket, LaterResultsPromoteAnEarlierTrial) {
  Bracket bracket = after_one_epoch({0.8, 0.9, 0.7});
  EXPECT_EQ(bracket.promote()->trial, 1);
  for (const int trial : {3, 4, 5}) {
    bracket.open(trial);
    bracket.report(trial, 0.1);
  }
  EXPECT_EQ(bracket.promote()->trial, 0) << "now among the best two of six";
}

/// Trials 0, 1 ... of a bracket 1, 3, 9 have shown `after_three` at the second rung, in this order.
Bracket at_the_second_rung(int trials, const std::vector<double>& after_three) {
  Bracket bracket({1, 3, 9}, 3, 0, trials);
  int trial = 0;
  for (const double accuracy : after_three) {
    for (const double shown : {0.9, 0.1, 0.1}) {
      bracket.open(trial);
      bracket.report(trial++, shown);
    }
    const auto promotion = bracket.promote();
    EXPECT_EQ(promotion->to, 1U);
    bracket.report(promotion->trial, accuracy);
  }
  return bracket;
}

TEST(Bracket, WhatIsNearTheBestFollowsBeforeItHasEarnedIt) {
  const std::vector<double> shown = {0.95, 0.90, 0.948};
  Bracket alone = at_the_second_rung(0, shown);
  EXPECT_EQ(alone.promote()->trial, 0);
  EXPECT_FALSE(alone.promote());
  Bracket bracket = at_the_second_rung(18, shown);
  EXPECT_EQ(bracket.promote()->trial, 0);
  const auto near = bracket.promote();
  ASSERT_TRUE(near);
  EXPECT_EQ(near->trial, 6);
  EXPECT_EQ(near->reason, "rank 2 of 3 after 3 epochs (94.80 %), near the best that went on");
  EXPECT_FALSE(bracket.promote()) << "0.90 is not near";
}

TEST(Bracket, NoMoreFollowTheBestThanAllTrialsEarn) {
  Bracket bracket = at_the_second_rung(18, {0.95, 0.949, 0.948});  // 18 / 9 go on from the second rung
  EXPECT_EQ(bracket.promote()->trial, 0);
  EXPECT_EQ(bracket.promote()->trial, 3);
  EXPECT_FALSE(bracket.promote());
}

TEST(Bracket, HigherRungComesFirstAndTiesGoToTheLowerNumber) {
  Bracket bracket = after_one_epoch(std::vector<std::optional<double>>(12, 0.5));
  for (const int trial : {0, 1, 2}) {
    ASSERT_EQ(bracket.promote()->trial, trial);
    bracket.report(trial, 0.6);
  }
  const auto promotion = bracket.promote();
  ASSERT_TRUE(promotion);
  EXPECT_EQ(promotion->to, 2U);
  EXPECT_EQ(promotion->trial, 0);
  EXPECT_EQ(bracket.promote()->trial, 3) << "the fourth of twelve at the lowest rung";
}

TEST(Bracket, NeverLetsMoreGoOnThanItsShare) {
  Bracket bracket = after_one_epoch({0.5, 0.9, 0.7});
  EXPECT_EQ(bracket.promote()->trial, 1);
  bracket.rank(std::vector{0.95, 0.1, 0.2});
  EXPECT_FALSE(bracket.promote()) << "another leads now, but one of three has gone on";
}

TEST(Bracket, HeldResultsOfTheFirstRungEarnNoPromotionBeforeTheEnd) {
  Bracket bracket({1, 3}, 3, 2);
  for (int trial = 0; trial < 4; ++trial) {
    bracket.open(trial);
    bracket.report(trial, 0.1 * trial);
  }
  EXPECT_FALSE(bracket.promote());
  bracket.open(4);
  bracket.report(4, 0.0);
  EXPECT_EQ(bracket.promote()->trial, 3) << "five results, two of them held";
  bracket.report(3, 0.5);
  EXPECT_FALSE(bracket.close()) << "one of five has gone on";
}

TEST(Bracket, TheBestOfEachTypeGoesOnFirst) {
  Bracket bracket({1, 3}, 3);
  for (int trial = 0; trial < 6; ++trial) {
    bracket.open(trial, trial < 3 ? "quick" : "slow");
    bracket.report(trial, trial < 3 ? 0.9 : 0.1 * trial);
  }
  EXPECT_EQ(bracket.promote()->trial, 0);
  const auto second = bracket.promote();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->trial, 5) << "the best slow one, before the second quick one";
  EXPECT_THAT(second->reason, ::testing::HasSubstr("the best of its type"));
}

TEST(Bracket, ABaselineGoesOnInAnyCaseAndTakesNobodysPlace) {
  Bracket bracket({1, 3, 9}, 3, 1);
  bracket.open_rungs(2);
  bracket.open(0, "", true);
  bracket.report(0, 0.1);
  const auto promotion = bracket.promote();
  ASSERT_TRUE(promotion) << "though it is alone and results are held";
  EXPECT_EQ(promotion->trial, 0);
  EXPECT_EQ(promotion->reason, "rank 1 of 1 after 1 epoch (10.00 %), the baseline");
  bracket.report(0, 0.2);
  EXPECT_FALSE(bracket.promote()) << "the rung above is not open yet";
  for (const int trial : {1, 2, 3}) {
    bracket.open(trial);
    bracket.report(trial, 0.5);
  }
  EXPECT_EQ(bracket.promote()->trial, 1) << "one of three others";
  EXPECT_FALSE(bracket.promote());
  bracket.open_rungs(3);
  bracket.report(1, 0.6);
  EXPECT_EQ(bracket.promote()->trial, 0) << "second of two, but the baseline";
  bracket.report(0, std::nullopt);
  EXPECT_FALSE(bracket.promote());
}

TEST(Bracket, OneTrialReachesTheTopBesideTheBaseline) {
  Bracket bracket({1, 3, 9}, 3);
  for (int trial = 0; trial < 5; ++trial) {
    bracket.open(trial, "", trial == 0);
    bracket.report(trial, 0.1 * trial);
  }
  EXPECT_EQ(bracket.promote()->trial, 0);
  EXPECT_EQ(bracket.promote()->trial, 4) << "one of five has earned it";
  for (const int trial : {0, 4}) bracket.report(trial, 0.5 + 0.1 * trial);
  EXPECT_EQ(bracket.promote()->trial, 0);
  EXPECT_FALSE(bracket.promote());
  EXPECT_FALSE(bracket.close()) << "while the baseline runs";
  bracket.report(0, 0.6);
  const auto promotion = bracket.close();
  ASSERT_TRUE(promotion) << "a search must not come to its baseline alone";
  EXPECT_EQ(promotion->trial, 4);
  EXPECT_EQ(promotion->to, 2U);
  EXPECT_THAT(promotion->reason, ::testing::HasSubstr("no further trial comes"));
  bracket.report(4, 0.9);
  EXPECT_FALSE(bracket.close());
  EXPECT_EQ(bracket.positions()[3].reason, "rank 2 of 5 after 1 epoch (30.00 %), 1 went on beside the baseline");
}

TEST(Bracket, FailedTrialsCountButNeverGoOn) {
  Bracket bracket = after_one_epoch({std::nullopt, 0.0, std::nullopt});
  EXPECT_EQ(bracket.promote()->trial, 1);
  Bracket hopeless = after_one_epoch({std::nullopt, std::nullopt, std::nullopt});
  EXPECT_FALSE(hopeless.promote());
  EXPECT_FALSE(hopeless.close());
}

TEST(Bracket, ClosingBringsOneTrialToTheTop) {
  Bracket bracket = after_one_epoch({0.5, 0.9});
  for (const int epochs : {3, 9}) {
    const auto promotion = bracket.close();
    ASSERT_TRUE(promotion) << epochs;
    EXPECT_EQ(promotion->trial, 1);
    EXPECT_THAT(promotion->reason, ::testing::HasSubstr("no further trial comes"));
    EXPECT_FALSE(bracket.close()) << "while a trial runs the others wait";
    bracket.report(1, 0.95);
  }
  EXPECT_FALSE(bracket.close());
}

TEST(Bracket, ClosingSendsAnotherWhereTheOneThatWentOnFailed) {
  for (const bool at_the_top : {false, true}) {
    Bracket bracket({1, 3, 9}, 3);
    for (int trial = 0; trial < 4; ++trial) {
      bracket.open(trial);
      bracket.report(trial, 0.1 * trial);
    }
    EXPECT_EQ(bracket.promote()->trial, 3);
    if (at_the_top) {
      bracket.report(3, 0.5);
      EXPECT_EQ(bracket.close()->to, 2U);
    }
    bracket.report(3, std::nullopt);
    EXPECT_FALSE(bracket.promote()) << "one of four has had its turn";
    for (const std::size_t rung : {1U, 2U}) {
      const auto promotion = bracket.close();
      ASSERT_TRUE(promotion) << at_the_top;
      EXPECT_EQ(promotion->trial, 2);
      EXPECT_EQ(promotion->to, rung);
      bracket.report(2, 0.5);
    }
    EXPECT_FALSE(bracket.close());
  }
}

TEST(Bracket, WhatWasHeldBackGoesOnBesideTrialsAtHigherRungs) {
  Bracket bracket({1, 3, 9}, 3, 3);
  for (int trial = 0; trial < 6; ++trial) {
    bracket.open(trial);
    bracket.report(trial, 0.1 * trial);
  }
  EXPECT_EQ(bracket.promote()->trial, 5);
  EXPECT_FALSE(bracket.promote()) << "three results are held back";
  bracket.open(6);
  EXPECT_FALSE(bracket.close()) << "the first rung is not at its end";
  bracket.report(6, 0.05);
  const auto next = bracket.close();
  ASSERT_TRUE(next) << "though trial 5 runs";
  EXPECT_EQ(next->trial, 4);
  EXPECT_FALSE(bracket.close()) << "two of seven have gone on";
}

TEST(Bracket, ExpectationsRankInsteadOfWhatWasShown) {
  Bracket bracket = after_one_epoch({0.5, 0.9, 0.7});
  bracket.rank(std::vector{0.95, 0.92, 0.8});
  const auto promotion = bracket.promote();
  ASSERT_TRUE(promotion);
  EXPECT_EQ(promotion->trial, 0);
  EXPECT_EQ(promotion->reason, "rank 1 of 3 after 1 epoch (50.00 %, 95.00 % expected), 1 may go on");
}

TEST(Bracket, EveryTrialThatStandsHasAReason) {
  Bracket bracket = after_one_epoch({0.5, 0.9, std::nullopt});
  bracket.promote();
  bracket.report(1, 0.91);
  bracket.close();
  bracket.report(1, 0.92);
  bracket.open(3);
  std::vector<std::string> reasons;
  for (const Bracket::Position& position : bracket.positions()) reasons.push_back(position.reason);
  EXPECT_THAT(reasons, ElementsAre("rank 2 of 3 after 1 epoch (50.00 %), 1 went on",
                                   "rank 1 of 1 after 9 epochs (92.00 %), trained in full", "", ""));
  EXPECT_TRUE(bracket.positions()[2].failed);
  EXPECT_TRUE(bracket.positions()[3].running);
}

}  // namespace
}  // namespace kws
