#pragma once

#include <functional>
#include <optional>

#include "kws/search/space.h"

namespace kws {

/// A neighbour of a point: one size a quarter larger or smaller (at least one step of its range), the other kind of
/// front end, or the next learning rate. What depends on the changed value follows it: coefficients their mel bins,
/// strides their window, blocks their first convolution.
///   returns  nothing where the change drawn leaves the space or no network can be built
std::optional<Sample> neighbour(const Space& space, const Sample& from, Rng& rng);

/// The point of least `need` that is reached from another one where, one after the other, each number goes to that end
/// of its range where less is needed, until nothing changes: within a half of the least of the type, after some hundred
/// designs.
Sample least(const Space& space, const Sample& from, const std::function<double(const Sample&)>& need);

}  // namespace kws
