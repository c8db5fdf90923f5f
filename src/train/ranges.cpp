#include "ranges.h"

#include <algorithm>
#include <cmath>

namespace kws {

namespace {

constexpr std::size_t kStride = 7;  // coprime to the usual channel counts, so every channel is seen
constexpr std::size_t kMost = 400000;

double rounding_error(const std::vector<float>& values, float low, float high) {
  const float step = (high - low) / 255.0F;
  const float inverse = 1.0F / step;
  double sum = 0.0;
  for (const float value : values) {
    const float held = std::clamp(value, low, high);
    const float error = value - std::nearbyint(held * inverse) * step;
    sum += static_cast<double>(error) * error;
  }
  return sum;
}

}  // namespace

void RangeSample::add(std::span<const float> values) {
  for (const float value : values) {
    low_ = std::min(low_, value);
    high_ = std::max(high_, value);
    if (seen_++ % kStride == 0 && values_.size() < kMost) values_.push_back(value);
  }
}

Range RangeSample::best_range() const {
  if (high_ - low_ < 1e-6F) return {0.0F, 1e-3F};  // a dead tensor; any range does
  Range best{low_, high_};
  double least = rounding_error(values_, low_, high_);
  for (int percent = 975; percent >= 400; percent -= 25) {
    const float share = static_cast<float>(percent) / 1000.0F;
    const double error = rounding_error(values_, low_ * share, high_ * share);
    if (error < least) {
      least = error;
      best = {low_ * share, high_ * share};
    }
  }
  return best;
}

}  // namespace kws
