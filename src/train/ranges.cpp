#include "ranges.h"

#include <algorithm>

#include "kws/core/wide.h"

namespace kws {

namespace {

constexpr std::size_t kStride = 7;  // coprime to the usual channel counts, so every channel is seen
constexpr std::size_t kMost = 400000;
constexpr std::size_t kLanes = 16;  // side by side in a fixed order, which compilers can put into registers

}  // namespace

/// Of the values on a grid of 256 steps from low to high. 0 lies in the range, so that no value on it is beyond 255
/// steps; adding 3 * 2^22 leaves such a float no bits below 1.
KWS_WIDE static double rounding_error(const float* values, std::size_t count, float low, float high) {
  constexpr float kNoFraction = 0x1.8p23F;
  const float step = (high - low) / 255.0F, inverse = 1.0F / step;
  double sums[kLanes] = {};
  const auto error = [=](float value) {
    const float held = std::min(std::max(value, low), high);
    return static_cast<double>(value - ((held * inverse + kNoFraction) - kNoFraction) * step);
  };
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (std::size_t j = 0; j < kLanes; ++j) sums[j] += error(values[i + j]) * error(values[i + j]);
  }
  for (; i < count; ++i) sums[0] += error(values[i]) * error(values[i]);
  double total = 0.0;
  for (const double sum : sums) total += sum;
  return total;
}

KWS_WIDE static void extend(const float* values, std::size_t count, float& low, float& high) {
  float lows[kLanes], highs[kLanes];
  std::fill_n(lows, kLanes, low);
  std::fill_n(highs, kLanes, high);
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (std::size_t j = 0; j < kLanes; ++j) {
      lows[j] = std::min(lows[j], values[i + j]);
      highs[j] = std::max(highs[j], values[i + j]);
    }
  }
  for (; i < count; ++i) {
    lows[0] = std::min(lows[0], values[i]);
    highs[0] = std::max(highs[0], values[i]);
  }
  low = *std::min_element(lows, lows + kLanes);
  high = *std::max_element(highs, highs + kLanes);
}

void RangeSample::add(std::span<const float> values) {
  extend(values.data(), values.size(), low_, high_);
  for (; next_ < values.size() && values_.size() < kMost; next_ += kStride) values_.push_back(values[next_]);
  next_ -= std::min(next_, values.size());
}

Range RangeSample::best_range() const {
  if (high_ - low_ < 1e-6F) return {0.0F, 1e-3F};  // a dead tensor; any range does
  Range best{low_, high_};
  double least = rounding_error(values_.data(), values_.size(), low_, high_);
  for (int percent = 975; percent >= 400; percent -= 25) {
    const float share = static_cast<float>(percent) / 1000.0F;
    const double error = rounding_error(values_.data(), values_.size(), low_ * share, high_ * share);
    if (error < least) {
      least = error;
      best = {low_ * share, high_ * share};
    }
  }
  return best;
}

}  // namespace kws
