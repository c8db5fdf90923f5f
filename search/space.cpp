#include "kws/search/space.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "space_map.h"

namespace kws {
namespace {

/// Visits every IntRange of a described struct.
class RangeChecker {
 public:
  RangeChecker(std::string origin, std::string path) : origin_(std::move(origin)), path_(std::move(path)) {}
  template <class Value, class Bound>
  void operator()(const char*, Value&, Bound, Bound, const char*) {}
  void optional(const char*, std::string&, const std::vector<std::string>&, const char*) {}
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

FeatureOptions draw_features(const FeatureSpace& space, Rng& rng) {
  FeatureOptions features;
  features.arithmetic = space.arithmetic;
  const bool log_mel = rng.uniform() < space.log_mel_share;
  features.kind = log_mel ? "log_mel" : "mfcc";
  features.mel_bins = space.mel_bins.draw(rng);
  const int coefficients = space.coefficients.draw(rng, std::max(space.coefficients.low, features.mel_bins));
  features.coefficients = log_mel ? features.mel_bins : std::min(coefficients, features.mel_bins);
  features.window_ms = space.window_ms.draw(rng);
  // A stride above the window would skip samples.
  const int stride = space.stride_ms.draw(rng, std::max(space.stride_ms.low, features.window_ms));
  features.stride_ms = stride;
  features.high_hz = space.high_hz.draw(rng);
  return features;
}

/// Nothing where even the smallest kernel is larger than the map.
std::optional<ConvOptions> draw_conv(const ConvSpace& space, Extent map, Rng& rng) {
  if (space.kernel_time.low > map.time || space.kernel_freq.low > map.freq) return std::nullopt;
  ConvOptions conv;
  conv.filters = space.filters.draw(rng);
  conv.kernel = {space.kernel_time.draw(rng, map.time), space.kernel_freq.draw(rng, map.freq)};
  conv.stride = {space.stride_time.draw(rng), space.stride_freq.draw(rng)};
  return conv;
}

std::optional<NetworkOptions> draw(const DnnSpace& space, Extent, Rng& rng) {
  DnnOptions dnn;
  dnn.hidden.resize(static_cast<std::size_t>(space.layers.draw(rng)));
  for (int& width : dnn.hidden) width = space.width.draw(rng);
  return dnn;
}

std::optional<NetworkOptions> draw(const CnnSpace& space, Extent map, Rng& rng) {
  CnnOptions cnn;
  for (int i = 0; i < 2; ++i) {
    const auto conv = draw_conv(space.conv, map, rng);
    if (!conv) return std::nullopt;
    map = map_after(*conv, map);
    cnn.conv.push_back(*conv);
  }
  cnn.linear = space.linear.draw(rng);
  cnn.fc = space.fc.draw(rng);
  return cnn;
}

std::optional<NetworkOptions> draw(const BasicLstmSpace& space, Extent, Rng& rng) {
  return BasicLstmOptions{.cells = space.cells.draw(rng)};
}

std::optional<NetworkOptions> draw(const LstmSpace& space, Extent, Rng& rng) {
  LstmOptions lstm;
  lstm.cells = space.cells.draw(rng);
  lstm.projection = space.projection.draw(rng);
  // A projection to as many outputs or more saves nothing.
  if (lstm.projection >= lstm.cells) return std::nullopt;
  return lstm;
}

std::optional<NetworkOptions> draw(const GruSpace& space, Extent, Rng& rng) {
  const int layers = space.layers.draw(rng);
  return GruOptions{.layers = layers, .cells = space.cells.draw(rng)};
}

std::optional<NetworkOptions> draw(const CrnnSpace& space, Extent map, Rng& rng) {
  const auto conv = draw_conv(space.conv, map, rng);
  if (!conv) return std::nullopt;
  CrnnOptions crnn;
  crnn.conv = *conv;
  crnn.gru_layers = space.gru_layers.draw(rng);
  crnn.cells = space.cells.draw(rng);
  crnn.fc = space.fc.draw(rng);
  return crnn;
}

std::optional<NetworkOptions> draw(const DsCnnSpace& space, Extent map, Rng& rng) {
  const auto conv = draw_conv(space.conv, map, rng);
  if (!conv) return std::nullopt;
  DsCnnOptions ds_cnn;
  ds_cnn.conv = *conv;
  const int blocks = space.blocks.draw(rng);
  const int filters = std::clamp(conv->filters * space.block_percent.draw(rng) / 100, 1, 1024);
  const int kernel = space.block_kernel.draw(rng);
  const int stride = space.first_block_stride.draw(rng);
  for (int i = 0; i < blocks; ++i) {
    const int step = i == 0 ? stride : 1;
    ds_cnn.blocks.push_back({.filters = filters, .kernel = {kernel, kernel}, .stride = {step, step}});
  }
  return ds_cnn;
}

std::optional<NetworkOptions> draw_network(const Space& space, std::string_view type, Extent map, Rng& rng) {
  if (type == "dnn") return draw(space.dnn, map, rng);
  if (type == "cnn") return draw(space.cnn, map, rng);
  if (type == "basic_lstm") return draw(space.basic_lstm, map, rng);
  if (type == "lstm") return draw(space.lstm, map, rng);
  if (type == "gru") return draw(space.gru, map, rng);
  if (type == "crnn") return draw(space.crnn, map, rng);
  if (type == "ds_cnn") return draw(space.ds_cnn, map, rng);
  const std::string near = nearest_name(type, network_types());
  throw Error("types: \"" + std::string(type) + "\": unknown type; " +
                  (near.empty() ? "`kwsmith list types` shows them" : "did you mean \"" + near + "\"?"),
              Exit::usage);
}

double draw_rate(const TrainingSpace& space, Rng& rng) {
  const auto choice = static_cast<double>(rng.below(static_cast<std::uint64_t>(space.peak_rate_choices)));
  const double place = space.peak_rate_choices > 1 ? choice / (space.peak_rate_choices - 1) : 0.0;
  const double rate = space.peak_rate_low * std::pow(space.peak_rate_high / space.peak_rate_low, place);
  // Rounded, so that no library's pow() shows in the last digit.
  return std::clamp(std::round(rate * 1e6) / 1e6, space.peak_rate_low, space.peak_rate_high);
}

}  // namespace

int IntRange::draw(Rng& rng, int ceiling) const {
  const int top = std::min(high, ceiling);
  const int last = (top - low) / step;
  const double value = std::exp(rng.uniform(std::log(low), std::log(low + (last + 1) * step)));
  return low + step * std::clamp(static_cast<int>((value - low) / step), 0, last);
}

void check_space(const Space& space, const std::string& origin) {
  Space copy = space;
  RangeChecker checker(origin, "space");
  describe(checker, copy);
  RangeChecker(origin, "space.training.peak_rate").require(space.training.peak_rate_low, space.training.peak_rate_high);
}

Sample sample(const Space& space, std::string_view type, int classes, Rng& rng) {
  constexpr int kTries = 1000;
  for (int i = 0; i < kTries; ++i) {
    Sample drawn;
    drawn.design.classes = classes;
    drawn.design.features = draw_features(space.features, rng);
    const FeatureOptions& features = drawn.design.features;
    const Extent map{frame_count(features), features.coefficients};
    const auto network = draw_network(space, type, map, rng);
    if (!network) continue;
    drawn.design.network = *network;
    drawn.training.peak_rate = draw_rate(space.training, rng);
    return drawn;
  }
  throw Error("space." + std::string(type) + ": none of " + std::to_string(kTries) +
                  " draws gives a network that can be built; widen its ranges or those of space.features",
              Exit::usage);
}

}  // namespace kws
