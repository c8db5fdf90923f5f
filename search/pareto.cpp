#include "pareto.h"

#include <algorithm>

namespace kws {

static bool dominates(const ParetoPoint& a, const ParetoPoint& b) {
  const bool as_good = a.memory_bytes <= b.memory_bytes && a.ops <= b.ops && a.accuracy >= b.accuracy;
  const bool better = a.memory_bytes < b.memory_bytes || a.ops < b.ops || a.accuracy > b.accuracy;
  return as_good && better;
}

std::vector<std::size_t> pareto_front(std::span<const ParetoPoint> points) {
  std::vector<std::size_t> front;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto beats = [&](const ParetoPoint& other) { return dominates(other, points[i]); };
    if (std::ranges::none_of(points, beats)) front.push_back(i);
  }
  return front;
}

}  // namespace kws
