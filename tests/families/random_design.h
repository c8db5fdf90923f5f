#pragma once

#include <algorithm>
#include <string_view>

#include "kws/core/rng.h"
#include "kws/families/design.h"

namespace kws::test {

/// A random design of the given type that builds: kernels and strides never outgrow the map they read.
class RandomDesign {
 public:
  explicit RandomDesign(std::uint64_t seed) : rng_({seed}) {}

  Design operator()(std::string_view type) {
    Design d;
    d.name = "random";
    FeatureOptions& f = d.features;
    f.kind = rng_.below(2) == 0 ? "mfcc" : "log_mel";
    f.mel_bins = rng_.between(20, 40);
    f.coefficients = f.kind == "mfcc" ? rng_.between(10, f.mel_bins) : f.mel_bins;
    f.window_ms = rng_.between(20, 40);
    f.stride_ms = rng_.between(10, 40);
    f.high_hz = rng_.between(4000, 7600);
    d.classes = rng_.between(3, 12);
    Extent map{frame_count(f), f.coefficients};
    if (type == "dnn") {
      DnnOptions o;
      for (int i = rng_.between(1, 4); i > 0; --i) o.hidden.push_back(rng_.between(8, 256));
      d.network = o;
    } else if (type == "cnn") {
      CnnOptions o{.conv = {}, .linear = rng_.between(8, 64), .fc = rng_.between(16, 128)};
      for (int i = rng_.between(1, 3); i > 0; --i) o.conv.push_back(valid_conv(map));
      d.network = o;
    } else if (type == "basic_lstm") {
      d.network = BasicLstmOptions{.cells = rng_.between(8, 300)};
    } else if (type == "lstm") {
      d.network = LstmOptions{.cells = rng_.between(8, 300), .projection = rng_.between(8, 150)};
    } else if (type == "gru") {
      d.network = GruOptions{.layers = rng_.between(1, 3), .cells = rng_.between(8, 300)};
    } else if (type == "crnn") {
      d.network = CrnnOptions{.conv = valid_conv(map),
                              .gru_layers = rng_.between(1, 2),
                              .cells = rng_.between(8, 100),
                              .fc = rng_.between(16, 128)};
    } else {
      DsCnnOptions o{.conv = conv(12), .blocks = {}};
      for (int i = rng_.between(1, 5); i > 0; --i) o.blocks.push_back(conv(5));
      d.network = o;
    }
    return d;
  }

 private:
  ConvOptions conv(int largest_kernel) {
    return {.filters = rng_.between(4, 64),
            .kernel = {rng_.between(1, largest_kernel), rng_.between(1, largest_kernel)},
            .stride = {rng_.between(1, 2), rng_.between(1, 2)}};
  }
  /// Shrinks `map` to what is left of it.
  ConvOptions valid_conv(Extent& map) {
    ConvOptions o = conv(10);
    o.kernel = {std::min(o.kernel.time, map.time), std::min(o.kernel.freq, map.freq)};
    map = {(map.time - o.kernel.time) / o.stride.time + 1, (map.freq - o.kernel.freq) / o.stride.freq + 1};
    return o;
  }

  Rng rng_;
};

}  // namespace kws::test
