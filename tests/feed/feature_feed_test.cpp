#include "kws/feed/feature_feed.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "train/tones.h"

namespace kws {
namespace {

using FeatureFeedTest = test::TonesTest;

TrainOptions seeded(std::uint64_t seed) {
  TrainOptions options;
  options.seed = seed;
  return options;
}

TEST_F(FeatureFeedTest, EpochsFollowFromSeedAndNumberForAnyNumberOfThreads) {
  const Dataset data = dataset();
  const FeatureFeed one(data, FeatureOptions{}, 1);
  const FeatureFeed many(data, FeatureOptions{}, 4);
  EXPECT_EQ(one.normalisation().mean, many.normalisation().mean);
  EXPECT_EQ(one.normalisation().deviation, many.normalisation().deviation);
  const FeatureBatch first = one.training(seeded(3), 2);
  const FeatureBatch same = many.training(seeded(3), 2);
  EXPECT_EQ(first.features, same.features);
  EXPECT_EQ(first.labels, same.labels);
  EXPECT_NE(first.features, one.training(seeded(3), 1).features);
  EXPECT_NE(first.features, one.training(seeded(4), 2).features);
}

TEST_F(FeatureFeedTest, HeldOutFeaturesAreTheFrontEndsOfThePaddedClip) {
  const Dataset data = dataset();
  const FeatureFeed feed(data, FeatureOptions{}, 2);
  const FeatureBatch batch = feed.held_out(Split::validation);
  const std::vector<Example>& examples = data.held_out(Split::validation);
  ASSERT_EQ(batch.labels.size(), examples.size());
  const auto values = static_cast<std::size_t>(feed.front_end().values());
  std::vector<std::int8_t> expected(values);
  for (std::size_t i = 0; i < examples.size(); ++i) {
    std::vector<std::int16_t> pcm(kClipSamples);
    if (examples[i].clip != kNoClip) std::ranges::copy(data.clip(examples[i].clip), pcm.begin());
    feed.front_end().quantized(pcm, feed.normalisation(), expected);
    const auto row = std::span(batch.features).subspan(i * values, values);
    ASSERT_TRUE(std::ranges::equal(row, expected)) << i;
    EXPECT_EQ(batch.labels[i], examples[i].label);
  }
}

TEST_F(FeatureFeedTest, MasksStretchesOfFramesOfTrainingClipsAlone) {
  const Dataset data = dataset();
  const FeatureFeed feed(data, FeatureOptions{}, 1);
  TrainOptions options = seeded(5);
  options.noise_share = 0.0;
  options.mask_ms = 0.0;
  const FeatureBatch whole = feed.training(options, 0);
  options.mask_ms = 100.0;
  const FeatureBatch masked = feed.training(options, 0);
  ASSERT_EQ(whole.features.size(), masked.features.size());
  const auto coefficients = static_cast<std::size_t>(feed.front_end().coefficients());
  const auto frames = static_cast<std::size_t>(feed.front_end().frames());
  int changed = 0;
  for (std::size_t i = 0; i < whole.labels.size(); ++i) {
    int in_clip = 0;
    for (std::size_t frame = i * frames; frame < (i + 1) * frames; ++frame) {
      const auto before = std::span(whole.features).subspan(frame * coefficients, coefficients);
      const auto after = std::span(masked.features).subspan(frame * coefficients, coefficients);
      if (std::ranges::equal(before, after)) continue;
      EXPECT_EQ(std::count(after.begin(), after.end(), 0), static_cast<std::ptrdiff_t>(coefficients));
      ++in_clip;
    }
    EXPECT_LE(in_clip, 10) << "two stretches of at most 100 ms at 20 ms a frame";
    changed += in_clip;
  }
  EXPECT_GT(changed, 0);
}

}  // namespace
}  // namespace kws
