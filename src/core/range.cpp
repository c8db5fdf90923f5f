#include "kws/core/range.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <span>

namespace kws {
namespace {

std::span<const int> numbers_of(const IntRange& range) { return {range.list.data(), range.listed}; }

}  // namespace

int IntRange::last(int ceiling) const {
  if (listed == 0) return (std::min(ceiling, high) - low) / step;
  const std::span<const int> numbers = numbers_of(*this);
  return static_cast<int>(std::ranges::upper_bound(numbers, ceiling) - numbers.begin()) - 1;
}

bool IntRange::contains(int number) const { return low <= number && number <= high && nearest(number) == number; }

int IntRange::nearest(int number) const {
  if (listed == 0) return low + step * static_cast<int>(std::lround(static_cast<double>(number - low) / step));
  return *std::ranges::min_element(numbers_of(*this), {}, [&](int one) { return std::abs(one - number); });
}

int IntRange::neighbour(int number, bool up, int jump) const {
  if (listed == 0) {
    const int steps = std::max(1, jump / step);
    return std::clamp(number + (up ? steps : -steps) * step, low, at_most(high));
  }
  const int at = last(nearest(number));
  return value(std::clamp(up ? at + 1 : at - 1, 0, last(high)));
}

int IntRange::draw(Rng& rng, int ceiling) const {
  const int end = last(ceiling);
  if (listed > 0) return value(static_cast<int>(rng.below(static_cast<std::uint64_t>(end) + 1)));
  // Logarithms begin at 1: ranges of switches begin at 0.
  const int shift = low < 1 ? 1 - low : 0;
  const double value = std::exp(rng.uniform(std::log(low + shift), std::log(low + shift + (end + 1) * step))) - shift;
  return low + step * std::clamp(static_cast<int>((value - low) / step), 0, end);
}

}  // namespace kws
