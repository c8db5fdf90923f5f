#pragma once

#include <span>
#include <vector>

#include "kws/quant/int8_model.h"

namespace kws {

/// Collects values of one tensor and finds its int8 range.
class RangeSample {
 public:
  void add(std::span<const float> values);
  /// The range with the smallest mean squared error of 256 steps, clipping included, among the observed range shrunk in
  /// steps of 2.5 % (each end at zero stays there). Includes 0.
  [[nodiscard]] Range best_range() const;

 private:
  std::vector<float> values_;  ///< every stride-th one
  std::size_t next_ = 0;       ///< of the values to be added next, the first to keep
  float low_ = 0.0F;
  float high_ = 0.0F;
};

}  // namespace kws
