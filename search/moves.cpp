#include "moves.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "space_dials.h"

namespace kws {
namespace {

constexpr double kRatio = 1.25;
constexpr auto kNoDial = std::numeric_limits<std::size_t>::max();

/// How far a number goes: to the next one that matters, or to the end of its range.
enum class Reach { near, end };

/// A size of the front end that may change.
struct Size {
  const IntRange* range;
  int* value;
};

/// Returns whether the value has moved.
bool turn(const IntRange& range, int& value, bool up, Reach reach) {
  const int before = value;
  if (reach == Reach::end) {
    value = up ? range.at_most(range.high) : range.low;
    return value != before;
  }
  const auto jump = static_cast<int>(std::lround(before * (up ? kRatio : 1.0 / kRatio))) - before;
  value = range.neighbour(before, up, std::abs(jump));
  return value != before;
}

/// Turns one dial of a network that has several numbers, or none. The others keep theirs.
class DialTurner : public SpaceDials {
 public:
  /// `chosen`: the dial's place among those of the network.
  DialTurner(const NetworkSpace& space, std::size_t chosen, bool up, Reach reach)
      : SpaceDials(space), chosen_(chosen), up_(up), reach_(reach) {}
  using Dials::operator();
  void operator()(std::string_view name, int& value, const IntRange& /*range*/, std::string_view /*help*/,
                  DialLimit limit) override {
    const IntRange& range = range_of(name);
    // Shares are read off widths that were rounded.
    value = range.nearest(value);
    if (range.low < range.high && count_++ == chosen_) moved_ = turn(range, value, up_, reach_);
    require(value <= limit.most);
  }
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] bool moved() const { return moved_; }

 private:
  std::size_t chosen_, count_ = 0;
  bool up_, moved_ = false;
  Reach reach_;
};

/// To the next kind that the space has; returns whether there is another.
bool turn_kind(const FeatureSpace& space, FeatureOptions& features) {
  const std::vector<std::string>& kinds = front_end_kinds();
  const auto at = static_cast<std::size_t>(std::ranges::find(kinds, features.kind) - kinds.begin());
  if (share_of(space, kinds.at(at)) <= 0.0) return false;
  for (std::size_t i = 1; i < kinds.size(); ++i) {
    const std::string& kind = kinds[(at + i) % kinds.size()];
    if (share_of(space, kind) <= 0.0) continue;
    features.kind = kind;
    return true;
  }
  return false;
}

bool turn_rate(const TrainingSpace& space, double& rate, bool up) {
  if (space.peak_rate_choices < 2) return false;
  const double ratio = std::pow(space.peak_rate_high / space.peak_rate_low, 1.0 / (space.peak_rate_choices - 1));
  const double before = rate;
  // Rounded, so that no library's pow() shows in the last digit.
  rate =
      std::clamp(std::round(rate * (up ? ratio : 1.0 / ratio) * 1e6) / 1e6, space.peak_rate_low, space.peak_rate_high);
  return rate != before;
}

/// To the value before or after; one that the list lacks counts as its nearest.
bool turn_value(const std::vector<double>& values, double& value, bool up) {
  const double before = value;
  const auto at = std::ranges::min_element(values, {}, [&](double one) { return std::abs(one - before); });
  const auto to = std::clamp<std::ptrdiff_t>(at - values.begin() + (up ? 1 : -1), 0, std::ssize(values) - 1);
  value = values[static_cast<std::size_t>(to)];
  return value != before;
}

/// Those of training that the space has several values for.
std::vector<const TrainingDial*> free_training_dials(const TrainingSpace& space) {
  std::vector<const TrainingDial*> free;
  for (const TrainingDial& dial : training_dials()) {
    if ((space.*dial.values).size() > 1) free.push_back(&dial);
  }
  return free;
}

/// What draws keep, a change must keep too.
void follow(const FeatureSpace& space, FeatureOptions& features) {
  const IntRange& range = space.coefficients;
  if (!front_end_kind(features.kind).cosine) {
    features.coefficients = features.mel_bins;
  } else {
    const int most = std::max(range.low, std::min(range.high, features.mel_bins));
    const int kept = std::clamp(features.coefficients, range.low, most);
    features.coefficients = std::min(features.mel_bins, range.at_most(kept));
  }
  const IntRange& stride = space.stride_ms;
  if (!space.frames.empty() || features.stride_ms <= features.window_ms) return;
  features.stride_ms = features.window_ms < stride.low ? stride.low : stride.at_most(features.window_ms);
}

/// To the pair before or after the one that is nearest in its stride and window.
bool turn_frame(const std::vector<FrameSize>& frames, FeatureOptions& features, bool up) {
  const auto distance = [&](const FrameSize& frame) {
    return std::abs(frame.window_ms - features.window_ms) + std::abs(frame.stride_ms - features.stride_ms);
  };
  const auto at = std::ranges::min_element(frames, {}, distance) - frames.begin();
  const auto to = std::clamp<std::ptrdiff_t>(up ? at + 1 : at - 1, 0, std::ssize(frames) - 1);
  const FrameSize& frame = frames[static_cast<std::size_t>(to)];
  if (distance(frame) == 0) return false;
  features.window_ms = frame.window_ms;
  features.stride_ms = frame.stride_ms;
  return true;
}

DialTurner turn_network(const Space& space, Sample& sample, std::size_t dial, bool up, Reach reach) {
  DialTurner turner(space.network(sample.design.type()), dial, up, reach);
  const FeatureOptions& features = sample.design.features;
  sample.design.network.turn(turner, {frame_count(features), features.coefficients});
  return turner;
}

/// The dials of its network that may turn.
std::size_t network_choices(const Space& space, const Sample& sample) {
  Sample copy = sample;
  return turn_network(space, copy, kNoDial, false, Reach::near).count();
}

std::vector<Size> front_end_sizes(const Space& space, FeatureOptions& features) {
  std::vector<Size> sizes;
  if (front_end_kind(features.kind).cosine) sizes.push_back({&space.features.coefficients, &features.coefficients});
  sizes.push_back({&space.features.mel_bins, &features.mel_bins});
  if (space.features.frames.empty()) {
    sizes.push_back({&space.features.window_ms, &features.window_ms});
    sizes.push_back({&space.features.stride_ms, &features.stride_ms});
  }
  sizes.push_back({&space.features.high_hz, &features.high_hz});
  return sizes;
}

/// A kind of change beside the dials of the network.
struct Move {
  std::size_t (*count)(const Space& space, Sample& sample);  ///< how many a sample has
  /// Makes one of them; returns whether that changes anything.
  bool (*make)(const Space& space, Sample& sample, std::size_t which, bool up, Reach reach);
};

std::size_t one(const Space& /*space*/, Sample& /*sample*/) { return 1; }

constexpr std::array kMoves = {
    Move{[](const Space& space, Sample& sample) { return front_end_sizes(space, sample.design.features).size(); },
         [](const Space& space, Sample& sample, std::size_t which, bool up, Reach reach) {
           const Size size = front_end_sizes(space, sample.design.features)[which];
           return turn(*size.range, *size.value, up, reach);
         }},
    Move{one, [](const Space& space, Sample& sample, std::size_t /*which*/, bool /*up*/,
                 Reach /*reach*/) { return turn_kind(space.features, sample.design.features); }},
    Move{one, [](const Space& space, Sample& sample, std::size_t /*which*/, bool up,
                 Reach /*reach*/) { return turn_rate(space.training, sample.training.optimizer.peak_rate, up); }},
    Move{[](const Space& space, Sample& /*sample*/) { return std::size_t{space.features.frames.empty() ? 0U : 1U}; },
         [](const Space& space, Sample& sample, std::size_t /*which*/, bool up, Reach /*reach*/) {
           return turn_frame(space.features.frames, sample.design.features, up);
         }},
    Move{[](const Space& space, Sample& /*sample*/) { return free_training_dials(space.training).size(); },
         [](const Space& space, Sample& sample, std::size_t which, bool up, Reach /*reach*/) {
           const TrainingDial& dial = *free_training_dials(space.training)[which];
           double value = dial.get(sample.training);
           const bool moved = turn_value(space.training.*dial.values, value, up);
           dial.set(sample.training, value);
           return moved;
         }},
};

/// The dials of the network, then those of kMoves.
std::size_t all_choices(const Space& space, const Sample& sample) {
  Sample copy = sample;
  std::size_t all = network_choices(space, sample);
  for (const Move& move : kMoves) all += move.count(space, copy);
  return all;
}

/// The point with one of all_choices() changed, and what depends on it.
std::optional<Sample> change(const Space& space, const Sample& from, std::size_t choice, bool up, Reach reach) {
  Sample to = from;
  const std::size_t in_network = network_choices(space, from);
  const bool of_network = choice < in_network;
  std::size_t which = choice - in_network;  // meant for choices behind the network's
  for (const Move& move : of_network ? std::span<const Move>() : std::span<const Move>(kMoves)) {
    const std::size_t count = move.count(space, to);
    if (which < count) {
      if (!move.make(space, to, which, up, reach)) return std::nullopt;
      break;
    }
    which -= count;
  }
  follow(space.features, to.design.features);
  const DialTurner turner = turn_network(space, to, of_network ? choice : kNoDial, up, reach);
  if (!turner.possible() || (of_network && !turner.moved())) return std::nullopt;
  try {
    build_graph(to.design);
  } catch (const Error&) {
    return std::nullopt;  // a kernel is larger than the map it would read
  }
  return to;
}

}  // namespace

std::optional<Sample> neighbour(const Space& space, const Sample& from, Rng& rng) {
  const std::size_t choice = rng.below(all_choices(space, from));
  const bool up = rng.below(2) == 0;
  return change(space, from, choice, up, Reach::near);
}

Sample least(const Space& space, const Sample& from, const std::function<double(const Sample&)>& need) {
  Sample best = from;
  double least = need(best);
  for (bool better = true; better;) {
    better = false;
    for (std::size_t choice = 0; choice < all_choices(space, best); ++choice) {
      for (const bool up : {false, true}) {
        const std::optional<Sample> to = change(space, best, choice, up, Reach::end);
        const double needed = to ? need(*to) : least;
        if (needed >= least) continue;
        best = *to;
        least = needed;
        better = true;
      }
    }
  }
  return best;
}

}  // namespace kws
