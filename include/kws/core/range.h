#pragma once

#include <array>
#include <cstddef>

#include "kws/core/rng.h"

namespace kws {

/// The numbers low, low + step, ... that are at most high, or a few that are listed. `least` and `most` bound what a
/// config file may ask for.
struct IntRange {
  static constexpr std::size_t kMostListed = 16;

  int low = 1, high = 1, step = 1;
  int least = 1, most = 1024;
  std::array<int, kMostListed> list = {};  ///< rising, the first is `low`, the last `high`
  std::size_t listed = 0;                  ///< how many; 0: there is no list

  /// Of sizes log-uniform, because what matters of a size is its ratio to others; of a list each number as often as any
  /// other. Nothing above `ceiling` (>= low).
  [[nodiscard]] int draw(Rng& rng, int ceiling) const;
  [[nodiscard]] int draw(Rng& rng) const { return draw(rng, high); }
  /// Its numbers up to `ceiling`.
  [[nodiscard]] int count(int ceiling) const { return high < low || ceiling < low ? 0 : last(ceiling) + 1; }
  [[nodiscard]] int count() const { return count(high); }
  [[nodiscard]] int value(int index) const {
    return listed > 0 ? list.at(static_cast<std::size_t>(index)) : low + step * index;
  }
  [[nodiscard]] bool contains(int number) const;
  /// Index of the last number up to `ceiling` (>= low).
  [[nodiscard]] int last(int ceiling) const;
  /// The last number up to `ceiling` (>= low).
  [[nodiscard]] int at_most(int ceiling) const { return value(last(ceiling)); }
  /// The number nearest to another one; beyond the ends of a range, not of a list, its steps go on.
  [[nodiscard]] int nearest(int number) const;
  /// The number after or before one of its numbers, at least `jump` away where it has steps; the ends stay.
  [[nodiscard]] int neighbour(int number, bool up, int jump) const;
};
template <class Field>
void describe(Field& field, IntRange& o) {
  field("low", o.low, o.least, o.most, "smallest value");
  field("high", o.high, o.least, o.most, "largest value");
  field("step", o.step, 1, 1000, "distance of neighbouring values");
}

}  // namespace kws
