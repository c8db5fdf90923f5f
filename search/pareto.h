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

}  // namespace kws
