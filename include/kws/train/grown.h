#pragma once

#include <cstdint>

#include "kws/graph/graph.h"

namespace kws {

/// Weights of a wider network that computes what `from` does: layers of the same names, of which some have more filters,
/// units or cells, or larger kernels of the same centre. What is new begins at random, and what was there does not
/// listen to it yet, so that nothing must be split (as it is in the source) and training can go on at once.
///   weights  of `from`, batch norm folded; both networks have the same number of classes
///   seed     of what begins at random
///   throws   Error (Exit::usage) where a layer is missing, smaller, or sees its input in other steps
/// Source: Chen et al., "Net2Net: Accelerating Learning via Knowledge Transfer", ICLR 2016, section 2.2.
Weights grown(const Graph& graph, const Graph& from, const Weights& weights, std::uint64_t seed);

}  // namespace kws
