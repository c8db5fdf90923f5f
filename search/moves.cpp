#include "kws/search/moves.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "space_dials.h"

namespace kws {
namespace {

constexpr double kRatio = 1.25;
constexpr auto kNoDial = std::numeric_limits<std::size_t>::max();

/// A size of the front end that may change.
struct Size {
  const IntRange* range;
  int* value;
};

/// Returns whether the value has moved.
bool turn(const IntRange& range, int& value, bool up) {
  const int before = value;
  const auto jump = static_cast<int>(std::lround(before * (up ? kRatio : 1.0 / kRatio))) - before;
  value = range.neighbour(before, up, std::abs(jump));
  return value != before;
}

/// Turns one dial of a network that has several numbers, or none. The others keep theirs.
class DialTurner : public SpaceDials {
 public:
  /// `chosen`: the dial's place among those of the network.
  DialTurner(const NetworkSpace& space, std::size_t chosen, bool up) : SpaceDials(space), chosen_(chosen), up_(up) {}
  using Dials::operator();
  void operator()(std::string_view name, int& value, const IntRange& /*range*/, std::string_view /*help*/,
                  DialLimit limit) override {
    const IntRange& range = range_of(name);
    // Shares are read off widths that were rounded.
    value = range.nearest(value);
    if (range.low < range.high && count_++ == chosen_) moved_ = turn(range, value, up_);
    require(value <= limit.most);
  }
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] bool moved() const { return moved_; }

 private:
  std::size_t chosen_, count_ = 0;
  bool up_, moved_ = false;
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

}  // namespace

std::optional<Sample> neighbour(const Space& space, const Sample& from, Rng& rng) {
  Sample to = from;
  FeatureOptions& features = to.design.features;
  const auto turned = [&](std::size_t dial, bool up) {
    DialTurner turner(space.network(to.design.type()), dial, up);
    to.design.network.turn(turner, {frame_count(features), features.coefficients});
    return turner;
  };
  std::vector<Size> sizes;
  if (front_end_kind(features.kind).cosine) sizes.push_back({&space.features.coefficients, &features.coefficients});
  sizes.push_back({&space.features.mel_bins, &features.mel_bins});
  const bool frames_listed = !space.features.frames.empty();
  if (!frames_listed) {
    sizes.push_back({&space.features.window_ms, &features.window_ms});
    sizes.push_back({&space.features.stride_ms, &features.stride_ms});
  }
  sizes.push_back({&space.features.high_hz, &features.high_hz});

  const std::size_t in_network = turned(kNoDial, false).count();
  to.design.network = from.design.network;
  const std::size_t choice = rng.below(in_network + sizes.size() + 2 + (frames_listed ? 1 : 0));
  const std::size_t size = choice - in_network;  // meant for choices behind the network's
  const bool up = rng.below(2) == 0;
  bool moved = true;
  if (choice < in_network) {
    // Turned below.
  } else if (size < sizes.size()) {
    moved = turn(*sizes[size].range, *sizes[size].value, up);
  } else if (size == sizes.size()) {
    moved = turn_kind(space.features, features);
  } else if (size == sizes.size() + 2) {
    moved = turn_frame(space.features.frames, features, up);
  } else {
    moved = turn_rate(space.training, to.training.optimizer.peak_rate, up);
  }
  if (!moved) return std::nullopt;
  follow(space.features, features);
  const DialTurner turner = turned(choice, up);
  if (!turner.possible() || (choice < in_network && !turner.moved())) return std::nullopt;
  try {
    build_graph(to.design);
  } catch (const Error&) {
    return std::nullopt;  // a kernel is larger than the map it would read
  }
  return to;
}

}  // namespace kws
