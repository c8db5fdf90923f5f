#pragma once

#include "kws/families/design.h"

namespace kws {

/// Map that a convolution without padding leaves.
inline Extent map_after(const ConvOptions& conv, Extent map) {
  const auto left = [](int in, int kernel, int stride) { return (in - kernel + stride) / stride; };
  return {left(map.time, conv.kernel.time, conv.stride.time), left(map.freq, conv.kernel.freq, conv.stride.freq)};
}

}  // namespace kws
