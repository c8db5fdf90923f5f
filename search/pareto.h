#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace kws {

/// What a design costs and what it is worth.
struct ParetoPoint {
  std::int64_t memory_bytes = 0;
  std::int64_t ops = 0;
  double accuracy = 0.0;
};

/// Indices, rising, of the points that no other one dominates, i.e. is at least as good in all three and better in one.
/// Equal points do not dominate each other.
std::vector<std::size_t> pareto_front(std::span<const ParetoPoint> points);

/// What a trial takes, as shares of a budget's limits, and its accuracy.
struct FrontPoint {
  std::vector<double> shares;  ///< as many for each point
  double accuracy = 0.0;
};
/// The hypervolume of a front below its budget: the best accuracy it has within limits drawn evenly from 0 to the
/// budget's, on the average; 0 counts where nothing fits. In 0..1.
double hypervolume(std::span<const FrontPoint> points);

}  // namespace kws
