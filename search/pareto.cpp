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

/// Of the points that take at most what is given in the dimensions from `dimension` on.
static double volume(std::vector<const FrontPoint*> points, std::size_t dimension) {
  if (points.empty()) return 0.0;
  if (dimension == points[0]->shares.size()) {
    return (*std::ranges::max_element(points, {}, &FrontPoint::accuracy))->accuracy;
  }
  const auto share = [&](const FrontPoint* point) { return point->shares[dimension]; };
  std::ranges::stable_sort(points, {}, share);
  double sum = 0.0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const double to = i + 1 < points.size() ? share(points[i + 1]) : 1.0;
    if (to > share(points[i])) {
      sum += (to - share(points[i])) *
             volume({points.begin(), points.begin() + static_cast<std::ptrdiff_t>(i + 1)}, dimension + 1);
    }
  }
  return sum;
}

double hypervolume(std::span<const FrontPoint> points) {
  std::vector<const FrontPoint*> within;
  for (const FrontPoint& point : points) {
    if (std::ranges::all_of(point.shares, [](double share) { return share <= 1.0; })) within.push_back(&point);
  }
  return volume(within, 0);
}

}  // namespace kws
