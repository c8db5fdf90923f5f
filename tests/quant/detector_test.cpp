#include "kws/quant/detector.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kws/core/rng.h"

namespace kws::test {
namespace {

const std::vector<std::string> kLabels{"_silence_", "_unknown_", "yes", "no"};
constexpr double kScale = 0.05;

struct Clips {
  std::vector<std::int8_t> logits;
  std::vector<int> truth;
  void add(int count, int label, std::vector<std::int8_t> of_each) {
    for (int i = 0; i < count; ++i) {
      logits.insert(logits.end(), of_each.begin(), of_each.end());
      truth.push_back(label);
    }
  }
  [[nodiscard]] double threshold(double false_accepts, double least = 0.0) const {
    return tune_detector({.threshold = least}, false_accepts, logits, truth, kLabels, kScale).threshold;
  }
};

/// Of a keyword whose logit is d above three equal ones.
double posterior(int d) { return 1.0 / (1.0 + 3.0 * std::exp(-kScale * d)); }

TEST(Detector, PosteriorsAreTheSoftmax) {
  const std::vector<std::uint16_t> table = exp_table(kScale);
  EXPECT_EQ(table.front(), 32768);
  EXPECT_GT(table.back(), 0);
  EXPECT_LT(table.size(), 256U);
  Rng rng({1});
  for (int round = 0; round < 100; ++round) {
    std::vector<std::int8_t> logits;
    double sum = 0;
    for (int i = 0; i < 12; ++i) {
      logits.push_back(static_cast<std::int8_t>(rng.between(-128, 127)));
      sum += std::exp(kScale * logits.back());
    }
    const std::vector<std::int64_t> values = posteriors(logits, table);
    for (std::size_t i = 0; i < logits.size(); ++i) {
      // Each entry of the table is off by half a step at most.
      EXPECT_NEAR(static_cast<double>(values[i]), 32768 * std::exp(kScale * logits[i]) / sum, 4.0);
    }
  }
}

TEST(Detector, TuningAllowsTheGivenShareOfFalseAccepts) {
  Clips clips;
  clips.add(97, 0, {50, 0, 0, 0});
  clips.add(1, 1, {0, 0, 100, 0});
  clips.add(1, 1, {0, 0, 60, 0});
  clips.add(1, 0, {0, 0, 0, 40});
  // Clips with keywords have no say.
  clips.add(500, 2, {0, 0, 120, 0});
  constexpr double kStep = 1.0 / 32768;
  EXPECT_NEAR(clips.threshold(0.0), posterior(100), 3 * kStep);
  EXPECT_NEAR(clips.threshold(0.01), posterior(60), 3 * kStep);
  EXPECT_NEAR(clips.threshold(0.02), posterior(40), 3 * kStep);
  EXPECT_NEAR(clips.threshold(0.03), kStep, 1e-9);
  EXPECT_EQ(clips.threshold(0.03, 0.6), 0.6);
  EXPECT_GT(clips.threshold(0.01),
            static_cast<double>(posteriors(std::vector<std::int8_t>{0, 0, 60, 0}, exp_table(kScale))[2]) / 32768);
}

TEST(Detector, TuningNeedsClipsWithoutKeywords) {
  Clips clips;
  EXPECT_EQ(clips.threshold(0.01, 0.7), 0.7);
  clips.add(10, 3, {0, 0, 0, 100});
  EXPECT_EQ(clips.threshold(0.01, 0.7), 0.7);
  // A network that is certain of a wrong keyword is held to certainty.
  clips.add(10, 0, {-128, -128, 127, -128});
  EXPECT_LE(clips.threshold(0.01), 1.0);
  EXPECT_GT(clips.threshold(0.01), 0.99);
}

TEST(DetectionGate, WaitsForEnoughDecisionsAndForTheRelease) {
  const std::vector<std::string> labels = {"_unknown_", "yes", "no"};
  StreamOptions options{.hop_frames = 5, .threshold = 16000, .refractory_ms = 0, .minimum = 2, .release = 8000};
  options.thresholds = {16000, 16000, 30000};
  DetectionGate gate(labels, options, 20);
  EXPECT_FALSE(gate.detects({.frame = 5, .label = 1, .score = 20000, .held = 1})) << "the first decision alone";
  EXPECT_TRUE(gate.detects({.frame = 10, .label = 1, .score = 20000, .held = 2}));
  EXPECT_FALSE(gate.detects({.frame = 15, .label = 1, .score = 20000, .held = 2})) << "still the same word";
  EXPECT_FALSE(gate.detects({.frame = 20, .label = 1, .score = 7999, .held = 2}));
  EXPECT_TRUE(gate.detects({.frame = 25, .label = 1, .score = 16000, .held = 2})) << "it had ended";
  EXPECT_FALSE(gate.detects({.frame = 30, .label = 2, .score = 29999, .held = 2})) << "a threshold of its own";
  EXPECT_TRUE(gate.detects({.frame = 35, .label = 2, .score = 30000, .held = 2})) << "another word ends the first";
}

}  // namespace
}  // namespace kws::test
