#pragma once

#include "kws/core/rng.h"

namespace kws {

/// The numbers low, low + step, ... that are at most high. `least` and `most` bound what a config file may ask for.
struct IntRange {
  int low = 1, high = 1, step = 1;
  int least = 1, most = 1024;
  /// Log-uniform, because what matters of a size is its ratio to others; nothing above `ceiling` (>= low).
  [[nodiscard]] int draw(Rng& rng, int ceiling) const;
  [[nodiscard]] int draw(Rng& rng) const { return draw(rng, high); }
  /// Its numbers up to `ceiling`.
  [[nodiscard]] int count(int ceiling) const { return high < low || ceiling < low ? 0 : last(ceiling) + 1; }
  [[nodiscard]] int count() const { return count(high); }
  [[nodiscard]] int value(int index) const { return low + step * index; }
  [[nodiscard]] bool contains(int number) const {
    return low <= number && number <= high && (number - low) % step == 0;
  }
  /// Index of the last number up to `ceiling` (>= low).
  [[nodiscard]] int last(int ceiling) const { return ((ceiling < high ? ceiling : high) - low) / step; }
};
template <class Field>
void describe(Field& field, IntRange& o) {
  field("low", o.low, o.least, o.most, "smallest value");
  field("high", o.high, o.least, o.most, "largest value");
  field("step", o.step, 1, 1000, "distance of neighbouring values");
}

}  // namespace kws
