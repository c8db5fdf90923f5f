#include "train/ranges.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "kws/core/rng.h"

namespace kws {
namespace {

/// Mean squared error of `values` on 256 steps from low to high.
double rounding_error(const std::vector<float>& values, double low, double high) {
  const double step = (high - low) / 255.0;
  double sum = 0.0;
  for (const float value : values) {
    const double held = std::min(std::max(static_cast<double>(value), low), high);
    const double error = value - std::nearbyint(held / step) * step;
    sum += error * error;
  }
  return sum / static_cast<double>(values.size());
}

/// Values about 0, of which one in a thousand is `far` times as large.
std::vector<float> with_outliers(double far, bool positive, std::uint64_t seed) {
  Rng rng({seed});
  std::vector<float> values(5000);
  for (float& value : values) {
    const double one = rng.uniform(positive ? 0.0 : -1.0, 1.0) * (rng.uniform() < 0.001 ? far : 1.0);
    value = static_cast<float>(one);
  }
  return values;
}

TEST(RangeSample, NoRangeThatWasTriedRoundsWithASmallerError) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    for (const bool positive : {false, true}) {
      const std::vector<float> values = with_outliers(static_cast<double>(seed), positive, seed);
      // Every seventh value decides; given seven times, each of them does, however the pieces come.
      std::vector<float> repeated;
      for (const float value : values) repeated.insert(repeated.end(), 7, value);
      RangeSample sample;
      sample.add(std::span(repeated).first(10));
      sample.add(std::span(repeated).subspan(10));
      const Range best = sample.best_range();
      const auto [low, high] = std::ranges::minmax(values);
      const double zero_low = std::min(low, 0.0F), error = rounding_error(values, best.low, best.high);
      EXPECT_GE(best.high, 0.39 * static_cast<double>(high));
      for (int percent = 1000; percent >= 400; percent -= 25) {
        const double share = percent / 1000.0;
        EXPECT_LE(error, 1.0001 * rounding_error(values, zero_low * share, static_cast<double>(high) * share)) << share;
      }
      EXPECT_EQ(best.low == 0.0F, positive);
    }
  }
}

TEST(RangeSample, FewFarValuesAreCutOff) {
  RangeSample narrow, wide;
  narrow.add(with_outliers(1.0, false, 1));
  wide.add(with_outliers(8.0, false, 1));
  EXPECT_GT(narrow.best_range().high, 0.9F);
  EXPECT_LT(wide.best_range().high, 7.0F);
}

TEST(RangeSample, ADeadTensorHasARange) {
  RangeSample sample;
  sample.add(std::vector<float>(100, 0.0F));
  EXPECT_EQ(sample.best_range().low, 0.0F);
  EXPECT_GT(sample.best_range().high, 0.0F);
}

}  // namespace
}  // namespace kws
