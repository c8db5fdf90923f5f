#pragma once

#include <algorithm>
#include <vector>

namespace kws {

/// The middle value, the mean of the middle two of an even number; 0 of none.
inline double median(std::vector<double> values) {
  if (values.empty()) return 0.0;
  std::ranges::sort(values);
  return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2.0;
}

}  // namespace kws
