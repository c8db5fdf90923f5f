#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "kws/core/interrupt.h"
#include "kws/search/space.h"
#include "space_dials.h"

// Counts what space.cpp draws, draw by draw.

namespace kws {
namespace {

std::vector<int> values(const IntRange& range, int ceiling) {
  const int count = range.count(ceiling);
  std::vector<int> list;
  list.reserve(static_cast<std::size_t>(std::max(0, count)));
  for (int i = 0; i < count; ++i) list.push_back(range.value(i));
  return list;
}
std::vector<int> values(const IntRange& range) { return values(range, range.high); }

using MapCounts = std::map<std::pair<int, int>, double>;  ///< front ends that give [frames, coefficients]

/// Coefficients that a frame can have.
std::set<int> kept(const FeatureSpace& space, const std::string& kind, int bins) {
  if (!front_end_kind(kind).cosine) return {bins};
  std::set<int> numbers;
  for (const int coefficients : values(space.coefficients, std::max(space.coefficients.low, bins))) {
    numbers.insert(std::min(coefficients, bins));
  }
  return numbers;
}

std::vector<FrameSize> frame_sizes(const FeatureSpace& space) {
  if (!space.frames.empty()) return space.frames;
  std::vector<FrameSize> sizes;
  for (const int window : values(space.window_ms)) {
    for (const int stride : values(space.stride_ms, std::max(space.stride_ms.low, window))) {
      sizes.push_back({.window_ms = window, .stride_ms = stride});
    }
  }
  return sizes;
}

MapCounts front_ends(const FeatureSpace& space) {
  MapCounts counts;
  const double edges = space.high_hz.count();
  for (const FrameSize& size : frame_sizes(space)) {
    const int frames =
        frame_count({.window_ms = size.window_ms, .stride_ms = size.stride_ms, .clip_ms = space.clip_ms});
    for (const int bins : values(space.mel_bins)) {
      for (const std::string& kind : front_end_kinds()) {
        if (share_of(space, kind) <= 0.0) continue;
        for (const int coefficients : kept(space, kind, bins)) counts[{frames, coefficients}] += edges;
      }
    }
  }
  return counts;
}

/// Multiplies what dials allow; those that later ones depend on go through their numbers one after the other.
class DialCounter : public SpaceDials {
 public:
  using SpaceDials::SpaceDials;
  using Dials::operator();
  void operator()(std::string_view name, int& value, const IntRange& /*range*/, std::string_view /*help*/,
                  DialLimit limit) override {
    const IntRange& range = range_of(name);
    const int numbers = range.count(limit.most);
    value = range.low;
    if (!require(numbers > 0)) return;
    if (!limit.shapes) {
      product_ *= numbers;
      return;
    }
    if (place_ == wheels_.size()) wheels_.push_back({});
    Wheel& wheel = wheels_[place_++];
    wheel.numbers = numbers;
    value = range.value(wheel.at);
  }

  /// Networks on maps of that size.
  double count(NetworkOptions network, Extent map) {
    double sum = 0.0;
    wheels_.clear();
    do {
      throw_if_interrupted();  // a wide space may take hours
      begin();
      place_ = 0;
      product_ = 1.0;
      network.turn(*this, map);
      wheels_.resize(place_);
      if (possible()) sum += product_;
    } while (turn_on());
    return sum;
  }

 private:
  struct Wheel {
    int at = 0, numbers = 0;
  };
  /// The next state of the wheels, the last one first; false after the last state.
  bool turn_on() {
    while (!wheels_.empty() && ++wheels_.back().at == wheels_.back().numbers) wheels_.pop_back();
    return !wheels_.empty();
  }
  std::vector<Wheel> wheels_;
  std::size_t place_ = 0;
  double product_ = 1.0;
};

}  // namespace

double space_designs(const Space& space, std::string_view type) {
  double sum = 0.0;
  DialCounter counter(space.network(type));
  const NetworkOptions network(type);
  for (const auto& [map, front_end_count] : front_ends(space.features)) {
    sum += front_end_count * counter.count(network, {map.first, map.second});
  }
  return sum;
}

}  // namespace kws
