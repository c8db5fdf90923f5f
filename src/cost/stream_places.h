#pragma once

#include <algorithm>
#include <array>
#include <vector>

namespace kws {

inline int word_aligned(int bytes) { return (bytes + 3) / 4 * 4; }

/// Gives tensors and scratch the lowest free places of an arena.
class FirstFit {
 public:
  ///   last  the last step that needs these bytes
  int place(int bytes, int step, int last) {
    std::erase_if(taken_, [step](const Span& span) { return span.last < step; });
    std::ranges::sort(taken_, {}, &Span::begin);
    int at = 0;
    for (const Span& span : taken_) {
      if (at + bytes <= span.begin) break;
      at = std::max(at, word_aligned(span.end));
    }
    taken_.push_back({at, at + bytes, last});
    most_ = std::max(most_, word_aligned(at + bytes));
    return at;
  }
  [[nodiscard]] int bytes() const { return most_; }

 private:
  struct Span {
    int begin, end, last;
  };
  std::vector<Span> taken_;
  int most_ = 0;
};

/// Places of rings in the state. A ring that keeps some columns and takes fresh ones on behind them is moved down by
/// these at the beginning of a call. So its first bytes are free once all have read them, and its last ones until the
/// fresh columns are written.
class RingPacker {
 public:
  /// The first place that others may have.
  explicit RingPacker(int begin) : begin_(begin), end_(begin) {}

  ///   kept, fresh  bytes
  ///   write, last  step that writes the fresh columns, the last one that reads any
  int place(int kept, int fresh, int write, int last) {
    Region region{0, kept, fresh, write, last};
    std::vector<int> candidates = {begin_};
    for (const Region& there : placed_) {
      const int behind = there.begin + there.kept + there.fresh;
      for (const int at : {there.begin + there.kept, behind - fresh, behind}) {
        if (at > begin_) candidates.push_back(word_aligned(at));
      }
    }
    std::ranges::sort(candidates);
    for (const int at : candidates) {
      region.begin = at;
      if (std::ranges::none_of(placed_, [&](const Region& there) { return clash(region, there); })) break;
    }
    placed_.push_back(region);
    end_ = std::max(end_, word_aligned(region.begin + kept + fresh));
    return region.begin;
  }
  [[nodiscard]] int end() const { return end_; }

 private:
  static constexpr int kAlways = 1 << 30;
  struct Region {
    int begin, kept, fresh, write, last;
  };
  struct Span {
    int begin, end;    // bytes
    int first, until;  // steps
    [[nodiscard]] bool meets(const Span& other) const {
      return begin < other.end && other.begin < end && first <= other.until && other.first <= until;
    }
  };
  /// Bytes in use: those kept, all of them, those that the next call keeps.
  static std::array<Span, 3> spans(const Region& r) {
    return {{{r.begin, r.begin + r.kept, 0, r.last},
             {r.begin, r.begin + r.kept + r.fresh, r.write, r.last},
             {r.begin + r.fresh, r.begin + r.kept + r.fresh, r.write, kAlways}}};
  }
  static bool clash(const Region& a, const Region& b) {
    return std::ranges::any_of(spans(a), [&](const Span& one) {
      return std::ranges::any_of(spans(b), [&](const Span& other) { return one.meets(other); });
    });
  }

  int begin_, end_;
  std::vector<Region> placed_;
};

}  // namespace kws
