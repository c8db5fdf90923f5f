#include "kws/core/bootstrap.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace kws {
namespace {

/// 400 clips of 80 per cent accuracy, `alike` neighbours of which belong to one speaker and share their fate.
double error_of_groups(int alike) {
  constexpr int kClips = 400;
  std::vector<unsigned char> right;
  std::vector<int> groups;
  for (int i = 0; i < kClips; ++i) {
    const int speaker = i / alike;
    right.push_back(speaker % 5 != 0 ? 1 : 0);
    groups.push_back(speaker);
  }
  return accuracy_error(right, groups);
}

TEST(AccuracyError, IsThatOfTheBinomialWhereEveryClipHasItsOwnSpeaker) {
  EXPECT_NEAR(error_of_groups(1), std::sqrt(0.8 * 0.2 / 400), 0.1 * std::sqrt(0.8 * 0.2 / 400));
}

TEST(AccuracyError, GrowsWithTheRootOfTheClipsThatAreRightOrWrongTogether) {
  EXPECT_NEAR(error_of_groups(8) / error_of_groups(1), std::sqrt(8.0), 0.3);
}

TEST(AccuracyError, SilenceIsNoSample) {
  const std::vector<unsigned char> right = {1, 1, 1, 1, 0};
  EXPECT_EQ(accuracy_error(right, std::vector(5, kFixedGroup)), 0.0);
  EXPECT_GT(accuracy_error(right, std::vector{kFixedGroup, 0, 1, 2, 3}), 0.0);
}

TEST(AccuracyError, OfAllRightOrAllWrongIsThatOfTheRuleOfSuccession) {
  const std::vector<int> groups = {0, 0, 1, 2, 3};
  const double expected = std::sqrt(1.0 / 6 * 5 / 6 / 4);  // four groups were right, and one more of each kind
  EXPECT_NEAR(accuracy_error(std::vector<unsigned char>(5, 1), groups), expected, 1e-12);
  EXPECT_NEAR(accuracy_error(std::vector<unsigned char>(5, 0), groups), expected, 1e-12);
  EXPECT_NEAR(accuracy_error(std::vector<unsigned char>(4, 1), std::vector{kFixedGroup, kFixedGroup, 0, 1}),
              std::sqrt(1.0 / 4 * 3 / 4 / 2) / 2, 1e-12)
      << "of half of the clips";
}

TEST(AccuracyError, OfOneSpeakerIsThatOfIndependentClips) {
  const std::vector<unsigned char> right = {1, 0, 1, 1, 0, 1, 1, 0};
  EXPECT_EQ(accuracy_error(right, std::vector(8, 0)), accuracy_error(right, std::vector{0, 1, 2, 3, 4, 5, 6, 7}));
}

TEST(AccuracyError, IsNothingWithoutClips) { EXPECT_EQ(accuracy_error({}, {}), 0.0); }

}  // namespace
}  // namespace kws
