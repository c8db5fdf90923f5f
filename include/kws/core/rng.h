#pragma once

#include <cstdint>
#include <initializer_list>
#include <utility>

namespace kws {

/// Small counter-seeded generator (splitmix64) whose numbers are the same on every machine, unlike those of
/// the standard library's distributions. One stream per purpose: `Rng({seed, trial, epoch, clip})`.
class Rng {
 public:
  /// Keys are mixed one after the other, so {1, 2} and {2, 1} are different streams.
  Rng(std::initializer_list<std::uint64_t> keys) {
    for (const std::uint64_t key : keys) {
      state_ ^= key + 0x9E3779B97F4A7C15ULL;
      state_ = next();
    }
  }

  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }

  /// Uniform in [0, 1).
  double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  /// Uniform in [lo, hi).
  double uniform(double lo, double hi) { return lo + (hi - lo) * uniform(); }
  /// Uniform integer in 0..n-1, n > 0. The modulo bias is below n / 2^64.
  std::uint64_t below(std::uint64_t n) { return next() % n; }
  /// Uniform integer in lo..hi, both included.
  int between(int lo, int hi) {
    return lo + static_cast<int>(below(static_cast<std::uint64_t>(static_cast<std::int64_t>(hi) - lo + 1)));
  }

 private:
  std::uint64_t state_ = 0;
};

/// Fisher-Yates with our generator, so that the order is the same for every standard library.
template <class Container>
void shuffle(Container& items, Rng& rng) {
  for (std::size_t i = items.size(); i > 1; --i) {
    using std::swap;
    swap(items[i - 1], items[static_cast<std::size_t>(rng.below(i))]);
  }
}

}  // namespace kws
