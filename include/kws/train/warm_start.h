#pragma once

#include <cstdint>
#include <span>

#include "kws/fused/parameters.h"
#include "kws/graph/graph.h"

namespace kws {

/// A network to train on from, instead of random numbers. Batch norm, which `weights` have folded in, is taken apart
/// again: statistics come from `features`, gamma and beta then give the same outputs, and kernels get the size of
/// random ones, so that a step changes as much as at any beginning.
///   weights   of a network that differs at most in the number of its classes
///   classes   [classes of `graph`] the one of `weights` that has the same label; -1: new, begins at random
///   features  of some training clips, [clips][frames][coefficients]
///   seed      of what begins at random
///   throws    Error when the weights are of other layers
NetState warm_start(const Graph& graph, const Weights& weights, std::span<const int> classes,
                    std::span<const std::int8_t> features, std::uint64_t seed);

}  // namespace kws
