#include "kws/features/front_end.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <complex>
#include <cstdlib>
#include <cstring>
#include <numbers>
#include <set>

#include "kws/core/error.h"
#include "kws/core/rng.h"
#include "kws_frontend.h"
#include "various_options.h"

namespace kws {
namespace {

using test::various_options;

std::vector<std::int16_t> noise_clip(std::uint64_t seed, double amplitude = 20000.0) {
  Rng rng({seed});
  std::vector<std::int16_t> pcm(kClipSamples);
  for (auto& sample : pcm) sample = static_cast<std::int16_t>(rng.uniform(-amplitude, amplitude));
  return pcm;
}

double mel_of(double hz) { return 1127.0 * std::log1p(hz / 700.0); }

/// TensorFlow's definition straight from its formulae, in double, by a plain DFT; see facts in docs of the header.
std::vector<double> reference_frame(const FeatureOptions& o, const std::int16_t* pcm) {
  constexpr double pi = std::numbers::pi;
  const int window = o.window_ms * 16;
  int fft = 16;
  while (fft < window) fft *= 2;
  std::vector<double> mel(static_cast<std::size_t>(o.mel_bins), 0.0);
  const double spacing = (mel_of(o.high_hz) - mel_of(o.low_hz)) / (o.mel_bins + 1);
  const int start = static_cast<int>(1.5 + o.low_hz * static_cast<double>(fft) / 16000);
  for (int bin = start; bin <= static_cast<int>(o.high_hz * static_cast<double>(fft) / 16000); ++bin) {
    std::complex<double> sum = 0;
    for (int i = 0; i < window; ++i) {
      const double hann = 0.5 - 0.5 * std::cos(2 * pi * i / window);
      sum += std::polar(hann * pcm[i] / 32768.0, -2 * pi * bin * i / fft);
    }
    const double position = (mel_of(bin * 16000.0 / fft) - mel_of(o.low_hz)) / spacing;  // band b peaks at b + 1
    for (int band = 0; band < o.mel_bins; ++band) {
      mel[static_cast<std::size_t>(band)] += std::max(0.0, 1.0 - std::abs(position - (band + 1))) * std::abs(sum);
    }
  }
  for (double& value : mel) value = std::log(std::max(value, 1e-12));
  if (o.kind == "log_mel") return mel;
  std::vector<double> mfcc;
  for (int i = 0; i < o.coefficients; ++i) {
    double sum = 0;
    for (int j = 0; j < o.mel_bins; ++j) {
      sum += mel[static_cast<std::size_t>(j)] * std::sqrt(2.0 / o.mel_bins) * std::cos(pi / o.mel_bins * (j + 0.5) * i);
    }
    mfcc.push_back(sum);
  }
  return mfcc;
}

TEST(FrontEndKinds, SayWhetherFramesEndWithACosineTransform) {
  EXPECT_EQ(front_end_kinds(), (std::vector<std::string>{"mfcc", "log_mel"}));
  EXPECT_EQ(FeatureOptions{}.kind, front_end_kinds().front());
  EXPECT_EQ(cosine_rows({.kind = "mfcc", .coefficients = 12}), 12);
  EXPECT_EQ(cosine_rows({.kind = "log_mel", .coefficients = 40}), 0);
  EXPECT_THROW(static_cast<void>(front_end_kind("pcen")), Error);
}

TEST(FrontEnd, FollowsTensorFlowsDefinition) {
  const auto pcm = noise_clip(3);
  for (const FeatureOptions& options : various_options()) {
    const FrontEnd front_end(options);
    std::vector<float> out(static_cast<std::size_t>(front_end.values()));
    front_end.compute(pcm, out);
    for (const int frame : {0, front_end.frames() - 1}) {
      const auto expected = reference_frame(options, pcm.data() + frame * options.stride_ms * 16);
      ASSERT_EQ(static_cast<int>(expected.size()), front_end.coefficients());
      for (std::size_t i = 0; i < expected.size(); ++i) {
        // 2e-3: float32 FFT of 1024 points against a float64 DFT, logarithms of up to 64 bands summed
        EXPECT_NEAR(out[static_cast<std::size_t>(frame) * expected.size() + i], expected[i], 2e-3) << options.kind << i;
      }
    }
  }
}

TEST(FrontEnd, LanesGiveTheScalarCodesBits) {
  for (const FeatureOptions& options : various_options()) {
    const FrontEnd front_end(options);
    // One to five clips: their frames fill the last register to different parts.
    std::vector<std::int16_t> clips;
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      const auto pcm = noise_clip(seed, seed == 0 ? 0.6 : 30000.0 / static_cast<double>(seed));
      clips.insert(clips.end(), pcm.begin(), pcm.end());
      std::vector<float> scalar((seed + 1) * static_cast<std::size_t>(front_end.values()));
      front_end.compute(clips, scalar, Isa::portable);
      for (const Isa isa : {Isa::avx2, Isa::avx512}) {
        if (!supported(isa)) continue;
        std::vector<float> lanes(scalar.size());
        front_end.compute(clips, lanes, isa);
        EXPECT_EQ(0, std::memcmp(lanes.data(), scalar.data(), lanes.size() * sizeof(float))) << isa_name(isa);
      }
    }
  }
}

TEST(FrontEnd, SeveralClipsAtOnceAreTheClipsOneByOne) {
  for (const char* arithmetic : {"float", "integer"}) {
    const FrontEnd front_end(FeatureOptions{.arithmetic = arithmetic});
    const auto values = static_cast<std::size_t>(front_end.values());
    const Normalisation norm{std::vector<float>(10, 1.0F), std::vector<float>(10, 2.0F)};
    std::vector<std::int16_t> clips;
    std::vector<std::int8_t> single(3 * values);
    for (std::uint64_t i = 0; i < 3; ++i) {
      const auto pcm = noise_clip(i);
      clips.insert(clips.end(), pcm.begin(), pcm.end());
      front_end.quantized(pcm, norm, std::span(single).subspan(i * values, values));
    }
    std::vector<std::int8_t> together(3 * values);
    front_end.quantized(clips, norm, together);
    EXPECT_EQ(together, single) << arithmetic;
  }
}

TEST(FrontEnd, DigitalSilenceGivesTheLogarithmsFloor) {
  const FrontEnd front_end(FeatureOptions{});
  std::vector<float> out(static_cast<std::size_t>(front_end.values()));
  front_end.compute(std::vector<std::int16_t>(kClipSamples, 0), out);
  EXPECT_NEAR(out[0], -247.1, 0.1);  // sqrt(2/40) * 40 * ln(1e-12)
  EXPECT_NEAR(out[1], 0.0, 1e-3);    // rounding of 40 terms of about 27
}

TEST(FrontEnd, CountsFramesLikeThePaper) {
  EXPECT_EQ(frame_count({.window_ms = 40, .stride_ms = 20}), 49);
  EXPECT_EQ(frame_count({.window_ms = 40, .stride_ms = 40}), 25);
  EXPECT_EQ(frame_count({.window_ms = 30, .stride_ms = 10}), 98);
}

TEST(FrontEnd, ALongerClipHasMoreOfTheSameFrames) {
  for (const char* arithmetic : {"float", "integer"}) {
    const FrontEnd second({.arithmetic = arithmetic});
    const FrontEnd longer({.arithmetic = arithmetic, .clip_ms = 1500});
    EXPECT_EQ(longer.clip_samples(), 24000U);
    ASSERT_EQ(longer.frames(), 74);
    std::vector<std::int16_t> pcm = noise_clip(3);
    std::vector<float> begin(static_cast<std::size_t>(second.values()));
    second.compute(pcm, begin);
    // Two clips in one call: the second one begins where the first ends.
    const std::vector<std::int16_t> more = noise_clip(4);
    pcm.insert(pcm.end(), more.begin(), more.begin() + 8000);
    pcm.insert(pcm.end(), pcm.begin(), pcm.begin() + 24000);
    const auto values = static_cast<std::size_t>(longer.values());
    std::vector<float> both(2 * values);
    longer.compute(pcm, both);
    EXPECT_TRUE(std::equal(begin.begin(), begin.end(), both.begin())) << arithmetic;
    EXPECT_TRUE(std::equal(both.begin(), both.begin() + longer.values(), both.begin() + longer.values())) << arithmetic;
  }
}

TEST(FrontEnd, RefusesClipsThatAreTooShortOrTooLong) {
  EXPECT_THROW(FrontEnd(FeatureOptions{.clip_ms = 499}), Error);
  EXPECT_THROW(FrontEnd(FeatureOptions{.clip_ms = 3001}), Error);
}

TEST(FrontEnd, QuantizesToStepsOfTheDeviation) {
  const FrontEnd front_end(FeatureOptions{});
  const auto pcm = noise_clip(9);
  std::vector<float> values(static_cast<std::size_t>(front_end.values()));
  std::vector<std::int8_t> steps(values.size());
  front_end.compute(pcm, values);
  Normalisation norm;
  for (int i = 0; i < front_end.coefficients(); ++i) {
    norm.mean.push_back(values[static_cast<std::size_t>(i)] + 0.5F);
    norm.deviation.push_back(0.25F);
  }
  front_end.quantized(pcm, norm, steps);
  EXPECT_EQ(steps[0], -48);  // -0.5 / 0.25 deviations of 24 steps each
  norm.deviation.assign(norm.deviation.size(), 1e-9F);
  front_end.quantized(pcm, norm, steps);
  EXPECT_EQ(steps[0], -128) << "clamped";
}

/// Whole blocks of eight frames and what is left of them, for rows that fill registers and rows that do not.
TEST(FrontEnd, QuantizesManyFramesAsTheDeviceOne) {
  for (const int coefficients : {7, 10, 40}) {
    FeatureOptions options;
    options.coefficients = coefficients;
    const FrontEnd front_end(options);
    const auto pcm = noise_clip(3);
    std::vector<float> values(static_cast<std::size_t>(front_end.values()));
    front_end.compute(pcm, values);
    Normalisation norm;
    for (int i = 0; i < coefficients; ++i) {
      norm.mean.push_back(values[static_cast<std::size_t>(i)]);
      norm.deviation.push_back(i % 3 == 0 ? 0.01F : 0.7F);  // some beyond 8 bit on both sides
    }
    std::vector<std::int8_t> all(values.size()), frame(static_cast<std::size_t>(coefficients));
    front_end.quantized(pcm, norm, all);
    const std::vector<float> inverse = FrontEnd::inverse_deviation(norm);
    kws_frontend fe{};
    fe.coefficients = coefficients;
    fe.mean = norm.mean.data();
    fe.inverse_deviation = inverse.data();
    std::set<int> seen;
    for (std::size_t first = 0; first < all.size(); first += frame.size()) {
      kws_frontend_quantize(&fe, values.data() + first, frame.data());
      ASSERT_TRUE(std::equal(frame.begin(), frame.end(), all.begin() + static_cast<std::ptrdiff_t>(first))) << first;
      seen.insert(frame.begin(), frame.end());
    }
    EXPECT_TRUE(seen.contains(127) && seen.contains(-128) && seen.contains(0)) << coefficients;
  }
}

TEST(FrontEnd, RefusesAnEdgeAboveHalfTheRate) { EXPECT_THROW(FrontEnd(FeatureOptions{.high_hz = 8001}), Error); }

}  // namespace
}  // namespace kws
