#include "kws/search/epoch_times.h"

#include <gtest/gtest.h>

namespace kws {
namespace {

TEST(EpochTimes, CountsQuantizationAwareEpochsAsDearerOnes) {
  EpochTimes times;
  EXPECT_EQ(times.epoch_seconds(), 0.0);
  const EpochSpan finals{.from = 38, .to = 42, .plain = 40};
  EXPECT_EQ(times.plain_epochs(finals), 2 + 2 * kQuantAwareCost) << "none has been timed";
  times.add(1, {.from = 0, .to = 10, .plain = 40}, 20.0);
  EXPECT_EQ(times.epoch_seconds(1), 2.0);
  times.add(1, {.from = 40, .to = 41, .plain = 40}, 6.0);
  EXPECT_EQ(times.plain_epochs(finals), 2 + 2 * 3.0);
  EXPECT_EQ(times.epoch_seconds(1), 2.0) << "of plain ones";
}

TEST(EpochTimes, KnowsEachDesignAndTheMeanForOthers) {
  EpochTimes times;
  times.add(1, {.from = 0, .to = 4, .plain = 9}, 4.0);
  times.add(2, {.from = 0, .to = 1, .plain = 9}, 3.0);
  EXPECT_EQ(times.epoch_seconds(1), 1.0);
  EXPECT_EQ(times.epoch_seconds(2), 3.0);
  EXPECT_FALSE(times.knows(3));
  EXPECT_EQ(times.epoch_seconds(3), 2.0);
  times.add(3, {.from = 9, .to = 11, .plain = 9}, 8.0);  // it goes on after its plain epochs
  EXPECT_EQ(times.epoch_seconds(3), 2.0);
}

/// Plain epochs of a second, the first of a run half a second longer; quantization-aware ones of three.
double seconds_of_epoch(int epoch, int plain, bool first) { return (epoch > plain ? 3.0 : 1.0) + (first ? 0.5 : 0.0); }

TEST(TrainingTimeLeft, IsNearTheTruthAllTheWay) {
  constexpr int kPlain = 40, kAll = 50;
  for (const int from : {0, 20, 44}) {  // continued after so many
    double end = 0.0;
    for (int epoch = from + 1; epoch <= kAll; ++epoch) end += seconds_of_epoch(epoch, kPlain, epoch == from + 1);
    TrainingTimeLeft left(kPlain, kAll);
    double now = 0.0;
    for (int epoch = from + 1; epoch <= kAll; ++epoch) {
      const double took = seconds_of_epoch(epoch, kPlain, epoch == from + 1);
      now += took;
      const double said = left.ended(epoch, took);
      if (epoch < from + 2) continue;
      // Until one has been timed a quantization-aware epoch counts as two.
      EXPECT_NEAR(said, end - now, epoch <= kPlain ? 10.0 : 1e-9) << "epoch " << epoch << " after " << from;
    }
  }
}

}  // namespace
}  // namespace kws
