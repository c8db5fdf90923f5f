#include "kws/feed/feature_feed.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>

#include "kws/core/options.h"
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
  const FeatureFeed many(data, FeatureOptions{}, 2);
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

/// Clips of a batch as a set: what they are without their order.
std::multiset<std::vector<std::int8_t>> clips_of(const FeatureBatch& batch) {
  const std::size_t values = batch.features.size() / batch.labels.size();
  std::multiset<std::vector<std::int8_t>> clips;
  for (auto at = batch.features.begin(); at != batch.features.end(); at += static_cast<std::ptrdiff_t>(values)) {
    clips.emplace(at, at + static_cast<std::ptrdiff_t>(values));
  }
  return clips;
}

TEST_F(FeatureFeedTest, TrialsOfOneDataSeedSeeTheSameClipsInOrdersOfTheirOwn) {
  const Dataset data = dataset();
  const auto shared = std::make_shared<FeatureEpochs>(std::size_t{1} << 30, 0);
  const FeatureFeed feed(data, FeatureOptions{}, 1, shared);
  TrainOptions a = seeded(3), b = seeded(4);
  a.data_seed = b.data_seed = 9;
  a.mask_ms = b.mask_ms = 0.0;
  const FeatureBatch first = feed.training(a, 1), second = feed.training(b, 1);
  EXPECT_EQ(shared->made(), 1);
  EXPECT_NE(first.features, second.features);
  EXPECT_EQ(clips_of(first), clips_of(second));
  EXPECT_EQ(std::multiset(first.labels.begin(), first.labels.end()),
            std::multiset(second.labels.begin(), second.labels.end()));
  // Each label went with its clip.
  const auto values = static_cast<std::size_t>(feed.front_end().values());
  const auto row = [&](const FeatureBatch& batch, std::size_t i) {
    return std::span(batch.features).subspan(i * values, values);
  };
  for (std::size_t i = 0; i < first.labels.size(); ++i) {
    bool found = false;
    for (std::size_t j = 0; j < second.labels.size() && !found; ++j) {
      found = first.labels[i] == second.labels[j] && std::ranges::equal(row(first, i), row(second, j));
    }
    ASSERT_TRUE(found) << i;
  }
}

TEST_F(FeatureFeedTest, WhatTheStoreHoldsAndWhoMakesItChangesNoByte) {
  const Dataset data = dataset();
  constexpr int kEpochs = 4;
  TrainOptions options = seeded(3);
  options.data_seed = 9;
  const FeatureFeed plain(data, FeatureOptions{}, 1);
  std::vector<FeatureBatch> expected;
  for (int epoch = 0; epoch < kEpochs; ++epoch) expected.push_back(plain.training(options, epoch));
  const FeatureBatch validation = plain.held_out(Split::validation);
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{1} << 30}) {
    const FeatureFeed feed(data, FeatureOptions{}, 1, std::make_shared<FeatureEpochs>(bytes, 2));
    std::atomic<int> wrong = 0;
    std::vector<std::thread> trials;
    for (int trial = 0; trial < 3; ++trial) {
      trials.emplace_back([&, trial] {
        for (int i = 0; i < kEpochs; ++i) {
          const int epoch = (i + trial) % kEpochs;
          feed.prepare(options, (epoch + 1) % kEpochs);
          if (feed.training(options, epoch).features != expected[static_cast<std::size_t>(epoch)].features) ++wrong;
          if (feed.held_out(Split::validation).features != validation.features) ++wrong;
        }
      });
    }
    for (std::thread& trial : trials) trial.join();
    EXPECT_EQ(wrong, 0) << bytes;
  }
}

TEST_F(FeatureFeedTest, TheStoreTellsFrontEndsAndAugmentationsApart) {
  const Dataset data = dataset();
  const auto shared = std::make_shared<FeatureEpochs>(std::size_t{1} << 30, 0);
  const FeatureFeed feed(data, FeatureOptions{}, 1, shared);
  const FeatureFeed other(data, FeatureOptions{.high_hz = 7000}, 1, shared);
  const FeatureBatch first = feed.training(seeded(3), 0);
  EXPECT_NE(first.features, other.training(seeded(3), 0).features);
  EXPECT_NE(feed.held_out(Split::validation).features, other.held_out(Split::validation).features);
  EXPECT_NE(feed.held_out(Split::testing).features, feed.held_out(Split::validation).features);
  // All of them, those that came later too.
  const Json fields = options_to_json(AugmentOptions{.gain_db = -34, .dc_offset = 100});
  for (const auto& [name, value] : fields.items()) {
    TrainOptions less = seeded(3);
    read_options(Json{{name, value.is_number_integer() ? value : Json(0.01)}}, less.augment, "test", "");
    const int before = shared->made();
    (void)feed.training(less, 0);
    EXPECT_GT(shared->made(), before) << "another " << name << " makes another epoch";
  }
  const FeatureBatch validation = feed.held_out(Split::validation);
  EXPECT_NE(feed.held_out(Split::validation, {.gain_db = -20.0}).features, validation.features);
  EXPECT_EQ(feed.held_out(Split::validation).features, validation.features);
  const int made = shared->made();
  TrainOptions unmasked = seeded(3);
  unmasked.mask_ms = 0.0;
  unmasked.optimizer.peak_rate = 1e-3;
  EXPECT_EQ(feed.training(unmasked, 0).labels, first.labels);
  EXPECT_EQ(shared->made(), made) << "masks and training parameters share one epoch";
}

TEST_F(FeatureFeedTest, ASampleIsTheBeginningOfTheEpoch) {
  const Dataset data = dataset();
  const FeatureFeed feed(data, FeatureOptions{}, 1);
  const FeatureBatch whole = feed.training(seeded(3), 5), sample = feed.training_sample(seeded(3), 5, 20);
  ASSERT_EQ(sample.examples(), 20);
  EXPECT_TRUE(std::equal(sample.features.begin(), sample.features.end(), whole.features.begin()));
  EXPECT_TRUE(std::equal(sample.labels.begin(), sample.labels.end(), whole.labels.begin()));
  EXPECT_EQ(feed.training_sample(seeded(3), 5, 1000000).features, whole.features);
}

TEST_F(FeatureFeedTest, MasksStretchesOfFramesOfTrainingClipsAlone) {
  const Dataset data = dataset();
  const FeatureFeed feed(data, FeatureOptions{}, 1);
  TrainOptions options = seeded(5);
  options.augment.noise_share = 0.0;
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

TEST_F(FeatureFeedTest, BlendsAShareOfTheClipsWithTheOneAfterThem) {
  const Dataset data = dataset();
  const FeatureFeed feed(data, FeatureOptions{}, 1), many(data, FeatureOptions{}, 2);
  TrainOptions options = seeded(5);
  options.data_seed = 9;
  const FeatureBatch plain = feed.training(options, 1);
  EXPECT_TRUE(plain.second_labels.empty());
  options.mixup = 0.5;
  const FeatureBatch blended = feed.training(options, 1);
  EXPECT_EQ(blended.labels, plain.labels);
  EXPECT_EQ(blended.features, many.training(options, 1).features);
  EXPECT_NE(blended.features, feed.training(options, 2).features);
  ASSERT_EQ(blended.second_labels.size(), plain.labels.size());
  const std::size_t clips = plain.labels.size(), values = plain.features.size() / clips;
  int changed = 0;
  for (std::size_t i = 0; i < clips; ++i) {
    const SecondLabel& second = blended.second_labels[i];
    EXPECT_LE(second.share, 0.5);
    changed += second.share > 0.0 ? 1 : 0;
    EXPECT_TRUE(second.share == 0.0 || second.label == plain.labels[(i + 1) % clips]);
    for (std::size_t k = 0; k < values; ++k) {
      const double other = plain.features[(i + 1) % clips * values + k];
      const double expected = (1.0 - second.share) * plain.features[i * values + k] + second.share * other;
      ASSERT_NEAR(blended.features[i * values + k], expected, 0.5) << "rounded";
    }
  }
  EXPECT_NEAR(changed, 0.5 * static_cast<double>(clips), 0.15 * static_cast<double>(clips));
  const FeatureBatch sample = feed.training_sample(options, 1, 20);
  EXPECT_TRUE(sample.second_labels.empty()) << "ranges come from clips as they are";
}

}  // namespace
}  // namespace kws
