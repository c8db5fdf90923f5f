#include "kws/core/range.h"

#include <algorithm>
#include <cmath>

namespace kws {

int IntRange::draw(Rng& rng, int ceiling) const {
  const int end = last(ceiling);
  // Logarithms begin at 1: ranges of switches begin at 0.
  const int shift = low < 1 ? 1 - low : 0;
  const double value = std::exp(rng.uniform(std::log(low + shift), std::log(low + shift + (end + 1) * step))) - shift;
  return low + step * std::clamp(static_cast<int>((value - low) / step), 0, end);
}

}  // namespace kws
