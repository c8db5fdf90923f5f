#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "kws/core/options.h"
#include "kws/core/rng.h"
#include "kws/families/design.h"

namespace kws::test {

/// The options of a network from its JSON object.
inline NetworkOptions network_from(const std::string& json) {
  NetworkOptions network;
  read_options(Json::parse(json), network, "test", "network", Missing::error);
  return network;
}

/// A random design of the given type that builds: its dials first, then numbers that no dial tells apart, as the
/// kernels of single blocks.
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
    RandomDials dials(rng_);
    d.network = NetworkOptions(type);
    d.network.turn(dials, {frame_count(f), f.coefficients});
    return varied(d);
  }

 private:
  class RandomDials : public Dials {
   public:
    explicit RandomDials(Rng& rng) : rng_(rng) {}
    using Dials::operator();
    void operator()(std::string_view /*name*/, int& value, const IntRange& range, std::string_view /*help*/,
                    DialLimit limit) override {
      const int low = std::max(range.least, std::min(range.low / 4, limit.most));
      // What a search leaves alone by default varies here like the rest.
      const int most = range.low == range.high ? range.most : range.high;
      const int high = std::min({most, low + kSpread, limit.most});
      value = low + range.step * rng_.between(0, std::max(0, high - low) / range.step);
    }

   private:
    static constexpr int kSpread = 100;  ///< keeps networks small, so that thousands of them are quick
    Rng& rng_;
  };

  /// Some other numbers in the network's JSON, where a network can be built of them.
  Design varied(const Design& design) {
    constexpr int kTries = 4;
    for (int i = 0; i < kTries; ++i) {
      Json json = design_to_json(design);
      vary(json["network"]);
      try {
        return design_from_json(json, "varied");
      } catch (const Error&) {
        continue;
      }
    }
    return design;
  }

  void vary(Json& json) {
    for (Json& value : json) {
      if (value.is_structured()) {
        vary(value);
      } else if (value.is_number_integer() && rng_.below(3) == 0) {
        const int number = value.get<int>();
        value = number < 6 ? rng_.between(1, number + 2) : rng_.between(number / 2, number);
      }
    }
  }

  Rng rng_;
};

}  // namespace kws::test
