#include "kws/search/space.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "space_dials.h"

namespace kws {
namespace {

/// Visits every IntRange of a described struct.
class RangeChecker {
 public:
  RangeChecker(std::string origin, std::string path) : origin_(std::move(origin)), path_(std::move(path)) {}
  template <class Value, class Bound>
  void operator()(const char*, Value&, Bound, Bound, const char*) {}
  void optional(const char*, std::string&, const std::vector<std::string>&, const char*) {}
  void later(const char*, int&, int, int, int, const char*) {}
  void later(const char* name, const std::vector<double>& value, double, double, const char*) const {
    for (std::size_t i = 1; i < value.size(); ++i) {
      RangeChecker(origin_, path_ + "." + name).require(value[i - 1], value[i]);
    }
  }
  template <class Struct>
  void object(const char* name, Struct& value, const char*) {
    RangeChecker inner(origin_, path_ + "." + name);
    if constexpr (std::is_same_v<Struct, IntRange>) {
      inner.require(value.low, value.high);
    } else {
      describe(inner, value);
    }
  }
  template <class Number>
  void require(Number low, Number high) const {
    if (low <= high) return;
    throw Error(origin_ + ": " + path_ + ": low " + Json(low).dump() + " is above high " + Json(high).dump() +
                    "; exchange them",
                Exit::usage);
  }

 private:
  std::string origin_, path_;
};

/// From the last kind of the table on.
std::string draw_kind(const FeatureSpace& space, Rng& rng) {
  const std::vector<std::string>& kinds = front_end_kinds();
  double left = rng.uniform();
  for (std::size_t i = kinds.size() - 1; i > 0; --i) {
    const double share = share_of(space, kinds[i]);
    if (left < share) return kinds[i];
    left -= share;
  }
  return kinds.front();
}

FrameSize draw_frame(const FeatureSpace& space, Rng& rng) {
  if (!space.frames.empty()) return space.frames[rng.below(space.frames.size())];
  const int window = space.window_ms.draw(rng);
  // A stride above the window would skip samples.
  return {.window_ms = window, .stride_ms = space.stride_ms.draw(rng, std::max(space.stride_ms.low, window))};
}

FeatureOptions draw_features(const FeatureSpace& space, Rng& rng) {
  FeatureOptions features;
  features.arithmetic = space.arithmetic;
  features.clip_ms = space.clip_ms;
  features.kind = draw_kind(space, rng);
  features.mel_bins = space.mel_bins.draw(rng);
  const int coefficients = space.coefficients.draw(rng, std::max(space.coefficients.low, features.mel_bins));
  const bool cosine = front_end_kind(features.kind).cosine;
  features.coefficients = cosine ? std::min(coefficients, features.mel_bins) : features.mel_bins;
  const FrameSize frame = draw_frame(space, rng);
  features.window_ms = frame.window_ms;
  features.stride_ms = frame.stride_ms;
  features.high_hz = space.high_hz.draw(rng);
  return features;
}

/// Draws dial by dial, until one has no number that is possible.
class DialDrawer : public SpaceDials {
 public:
  DialDrawer(const NetworkSpace& space, Rng& rng) : SpaceDials(space), rng_(rng) {}
  using Dials::operator();
  void operator()(std::string_view name, int& value, const IntRange& /*range*/, std::string_view /*help*/,
                  DialLimit limit) override {
    const IntRange& range = range_of(name);
    // A dial with one number draws nothing: the others stay what they are without it.
    const bool free = range.low < range.high;
    value = require(range.low <= limit.most) && free ? range.draw(rng_, limit.most) : range.low;
  }

 private:
  Rng& rng_;
};

double draw_rate(const TrainingSpace& space, Rng& rng) {
  const auto choice = static_cast<double>(rng.below(static_cast<std::uint64_t>(space.peak_rate_choices)));
  const double place = space.peak_rate_choices > 1 ? choice / (space.peak_rate_choices - 1) : 0.0;
  const double rate = space.peak_rate_low * std::pow(space.peak_rate_high / space.peak_rate_low, place);
  // Rounded, so that no library's pow() shows in the last digit.
  return std::clamp(std::round(rate * 1e6) / 1e6, space.peak_rate_low, space.peak_rate_high);
}

TrainOptions draw_training(const TrainingSpace& space, Rng& rng) {
  TrainOptions training = usual_training(space);
  training.optimizer.peak_rate = draw_rate(space, rng);
  for (const TrainingDial& dial : training_dials()) {
    const std::vector<double>& values = space.*dial.values;
    if (values.size() > 1) dial.set(training, values[rng.below(values.size())]);
  }
  return training;
}

constexpr std::array kTrainingDials = {
    TrainingDial{"weight_decay", &TrainingSpace::weight_decay,
                 [](const TrainOptions& o) { return o.optimizer.weight_decay; },
                 [](TrainOptions& o, double value) { o.optimizer.weight_decay = value; }},
    TrainingDial{"mask_ms", &TrainingSpace::mask_ms, [](const TrainOptions& o) { return o.mask_ms; },
                 [](TrainOptions& o, double value) { o.mask_ms = value; }},
    TrainingDial{"mixup", &TrainingSpace::mixup, [](const TrainOptions& o) { return o.mixup; },
                 [](TrainOptions& o, double value) { o.mixup = value; }},
    TrainingDial{"gain_db", &TrainingSpace::gain_db, [](const TrainOptions& o) { return double(o.augment.gain_db); },
                 [](TrainOptions& o, double value) { o.augment.gain_db = static_cast<int>(std::lround(value)); }, true},
};

}  // namespace

std::span<const TrainingDial> training_dials() { return kTrainingDials; }

TrainOptions usual_training(const TrainingSpace& space) {
  TrainOptions training;
  for (const TrainingDial& dial : training_dials()) {
    const std::vector<double>& values = space.*dial.values;
    const bool allowed = values.empty() || std::ranges::find(values, dial.get(training)) != values.end();
    if (!allowed) dial.set(training, values.front());
  }
  return training;
}

double share_of(const FeatureSpace& space, const std::string& kind) {
  return front_end_kind(kind).cosine ? 1.0 - space.log_mel_share : space.log_mel_share;
}

const IntRange& SpaceDials::range_of(std::string_view name) {
  // Mostly the next one.
  const std::vector<Dial>& dials = space_.dials;
  for (std::size_t i = 0; i < dials.size(); ++i) {
    if (next_ == dials.size()) next_ = 0;
    const Dial& dial = dials[next_++];
    if (dial.name == name) return dial.range;
  }
  throw Error("space." + space_.type + ": no dial \"" + std::string(name) + "\"", Exit::failed);
}

Space::Space() {
  for (const std::string& type : network_types()) networks.push_back({.type = type, .dials = dials_of(type)});
}

const NetworkSpace& Space::network(std::string_view type) const {
  for (const NetworkSpace& network : networks) {
    if (network.type == type) return network;
  }
  static_cast<void>(NetworkOptions(type));  // says what is wrong with the name
  throw Error("space: no dials of type \"" + std::string(type) + "\"; it came into the table later", Exit::failed);
}

IntRange& Space::range(std::string_view type, std::string_view name) {
  const NetworkSpace& found = network(type);
  for (Dial& dial : networks[static_cast<std::size_t>(&found - networks.data())].dials) {
    if (dial.name == name) return dial.range;
  }
  throw Error("space." + std::string(type) + ": no dial \"" + std::string(name) + "\"", Exit::failed);
}

void check_space(const Space& space, const std::string& origin) {
  Space copy = space;
  RangeChecker checker(origin, "space");
  describe(checker, copy);
  RangeChecker(origin, "space.training.peak_rate").require(space.training.peak_rate_low, space.training.peak_rate_high);
  for (const TrainingDial& dial : training_dials()) {
    for (const double value : space.training.*dial.values) {
      if (!dial.whole || value == std::round(value)) continue;
      throw Error(origin + ": space.training." + dial.name + ": " + text_of(Json(value)) +
                      " is not a whole number; give whole ones",
                  Exit::usage);
    }
  }
}

Sample sample(const Space& space, std::string_view type, int classes, Rng& rng) {
  constexpr int kTries = 1000;
  const NetworkSpace& network = space.network(type);
  for (int i = 0; i < kTries; ++i) {
    Sample drawn;
    drawn.design.classes = classes;
    drawn.design.features = draw_features(space.features, rng);
    const FeatureOptions& features = drawn.design.features;
    const Extent map{frame_count(features), features.coefficients};
    drawn.design.network = NetworkOptions(type);
    DialDrawer drawer(network, rng);
    drawn.design.network.turn(drawer, map);
    if (!drawer.possible()) continue;
    drawn.training = draw_training(space.training, rng);
    return drawn;
  }
  throw Error("space." + std::string(type) + ": none of " + std::to_string(kTries) +
                  " draws gives a network that can be built; widen its ranges or those of space.features",
              Exit::usage);
}

}  // namespace kws
