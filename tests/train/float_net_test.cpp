#include <gtest/gtest.h>

#include "kws/train/float_run.h"
#include "quant/float_reference.h"
#include "quant/random_network.h"

namespace kws {
namespace {

TEST(FloatNet, GivesWhatThePlainLoopsGiveForAllSevenTypes) {
  Rng rng({5});
  for (const auto& [name, graph] : testing::seven_graphs()) {
    const Weights weights = testing::random_weights(graph, rng);
    constexpr int kClips = 5;
    const std::vector<std::int8_t> features = testing::random_features(graph, kClips, rng);
    const std::vector<float> logits = run_float(graph, weights, features);
    const testing::FloatReference reference(graph, weights);
    const auto values = static_cast<std::size_t>(graph.input().elements());
    const auto classes = static_cast<std::size_t>(graph.output().elements());
    ASSERT_EQ(logits.size(), kClips * classes);
    for (std::size_t clip = 0; clip < kClips; ++clip) {
      testing::Values input;
      for (std::size_t i = 0; i < values; ++i) input.push_back(features[clip * values + i] * kFeatureScale);
      Ranges ignored;
      const testing::Values expected = reference.run(input, ignored);
      for (std::size_t i = 0; i < classes; ++i) {
        // 2e-4: float32 sums of up to a thousand terms against double
        EXPECT_NEAR(logits[clip * classes + i], expected[i], 2e-4 * (1.0 + std::abs(expected[i]))) << name;
      }
    }
  }
}

TEST(FloatNet, CalibrationSeesEveryLayersOutput) {
  Rng rng({6});
  for (const auto& [name, graph] : testing::seven_graphs()) {
    const Weights weights = testing::random_weights(graph, rng);
    const std::vector<std::int8_t> features = testing::random_features(graph, 40, rng);
    const Ranges ranges = calibrate(graph, weights, features);
    const testing::FloatReference reference(graph, weights);
    Ranges seen;
    const auto values = static_cast<std::size_t>(graph.input().elements());
    for (std::size_t clip = 0; clip < 40; ++clip) {
      testing::Values input;
      for (std::size_t i = 0; i < values; ++i) input.push_back(features[clip * values + i] * kFeatureScale);
      reference.run(input, seen);
    }
    for (const Layer& layer : graph.layers()) {
      const Range& range = ranges.at(layer.name);
      EXPECT_LE(range.low, 0.0F);
      EXPECT_GE(range.high, 0.0F);
      // Clipping outliers may narrow a range to 40 % but never widen it.
      EXPECT_LE(range.high, seen[layer.name].high * 1.001F + 1e-3F) << name << " " << layer.name;
      EXPECT_GE(range.high, seen[layer.name].high * 0.39F) << name << " " << layer.name;
    }
  }
}

TEST(LayerLosses, TellTheLayerWhoseOutputsAreBadlyRounded) {
  Rng rng({8});
  for (const auto& [name, graph] : testing::seven_graphs()) {
    const Weights weights = testing::random_weights(graph, rng);
    const std::vector<std::int8_t> features = testing::random_features(graph, 300, rng);  // more than one batch
    const Ranges ranges = calibrate(graph, weights, features);
    const auto losses = layer_losses(graph, weights, quantize(graph, weights, ranges), features);
    ASSERT_EQ(losses.size(), graph.layers().size());
    for (std::size_t i = 0; i < losses.size(); ++i) {
      EXPECT_EQ(losses[i].layer, graph.layers()[i].name);
      EXPECT_GT(losses[i].snr_db, 10.0) << name << " " << losses[i].layer;
      EXPECT_LT(losses[i].snr_db, 60.0) << name << " " << losses[i].layer;
      EXPECT_LT(losses[i].clipped, 0.1) << name << " " << losses[i].layer;
    }
    // The last layer, which changes nothing before it: sixteen times coarser, then a tenth of its range.
    const std::string last = graph.layers().back().name;
    Ranges coarse = ranges, narrow = ranges;
    coarse[last] = {ranges.at(last).low * 16.0F, ranges.at(last).high * 16.0F};
    narrow[last] = {ranges.at(last).low * 0.1F, ranges.at(last).high * 0.1F};
    const auto rounded = layer_losses(graph, weights, quantize(graph, weights, coarse), features);
    const auto clipped = layer_losses(graph, weights, quantize(graph, weights, narrow), features);
    EXPECT_LT(rounded.back().snr_db, losses.back().snr_db - 5.0) << name;
    EXPECT_EQ(rounded.back().clipped, 0.0) << name;
    EXPECT_LT(clipped.back().snr_db, 10.0) << name;
    EXPECT_GT(clipped.back().clipped, 0.3) << name;
    for (std::size_t i = 0; i + 1 < losses.size(); ++i) EXPECT_EQ(rounded[i].snr_db, losses[i].snr_db);
  }
}

TEST(Accuracy, TakesTheFirstOfEqualLogits) {
  const std::vector<std::int8_t> logits = {3, 3, 1, 0, 5, 5};
  EXPECT_EQ(accuracy<std::int8_t>(logits, std::vector<int>{0, 1}), 1.0);
  EXPECT_EQ(accuracy<std::int8_t>(logits, std::vector<int>{1, 1}), 0.5);
}

}  // namespace
}  // namespace kws
