#pragma once

#include "step.h"

namespace kws::fused {

/// One clip of `map` beside one of `small`, of the same shape or with a single time step or frequency.
template <class Value>
Broadcast broadcast(const Stored<Value>& map, const Stored<Value>& small) {
  return {map.shape.time, map.shape.freq, map.pitch, small.shape.time > 1 ? small.time : 0,
          small.shape.freq > 1 ? small.pitch : 0};
}

}  // namespace kws::fused
