// The front end in integers against the one in floats.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <numbers>
#include <set>

#include "kws/core/rng.h"
#include "kws/datasets/corpus.h"
#include "kws/features/front_end.h"
#include "kws_frontend_integer.h"
#include "repository.h"
#include "various_options.h"

// The same code again with the multiplication of cores that have no long one.
#define KWS_LONG_MULTIPLY 0
#define kws_frontend_integer_frame short_multiply_frame
#define kws_frontend_integer_quantize short_multiply_quantize
extern "C" {
const std::int32_t* short_multiply_frame(const kws_frontend_integer* fe, const std::int16_t* pcm, std::int32_t* work);
void short_multiply_quantize(const kws_frontend_integer* fe, const std::int32_t* values, std::int8_t* features);
#include "kws_frontend_integer.c"
}
#undef kws_frontend_integer_frame
#undef kws_frontend_integer_quantize

namespace kws {
namespace {

using test::various_options;
using Pcm = std::vector<std::int16_t>;

/// Noise with a slope of the spectrum, a chirp, and bursts; louder and softer.
std::vector<Pcm> synthetic_clips() {
  std::vector<Pcm> clips;
  for (const double amplitude : {25000.0, 900.0, 30.0}) {
    Rng rng({7});
    Pcm coloured, chirp, bursts;
    double low = 0.0;
    for (int i = 0; i < kClipSamples; ++i) {
      const double noise = rng.uniform(-1.0, 1.0);
      low = 0.95 * low + 0.05 * noise;
      const double seconds = static_cast<double>(i) / kRateHz;
      const double tone = std::sin(2.0 * std::numbers::pi * (200.0 + 3000.0 * seconds) * seconds);
      coloured.push_back(static_cast<std::int16_t>(amplitude * (3.0 * low + 0.02 * noise)));
      chirp.push_back(static_cast<std::int16_t>(amplitude * (0.9 * tone + 0.01 * noise)));
      bursts.push_back(static_cast<std::int16_t>(amplitude * noise * (i % 4000 < 1500 ? 1.0 : 0.01)));
    }
    clips.insert(clips.end(), {coloured, chirp, bursts});
  }
  return clips;
}

/// Mean and deviation of the float features of `clips`, as training measures them.
Normalisation measure(const FrontEnd& front_end, const std::vector<Pcm>& clips) {
  const auto count = static_cast<std::size_t>(front_end.coefficients());
  std::vector<double> sum(count), squares(count);
  std::vector<float> values(static_cast<std::size_t>(front_end.values()));
  for (const Pcm& pcm : clips) {
    front_end.compute(pcm, values);
    for (std::size_t i = 0; i < values.size(); ++i) {
      sum[i % count] += values[i];
      squares[i % count] += static_cast<double>(values[i]) * values[i];
    }
  }
  Normalisation norm;
  const double frames = static_cast<double>(clips.size()) * front_end.frames();
  for (std::size_t i = 0; i < count; ++i) {
    const double mean = sum[i] / frames;
    norm.mean.push_back(static_cast<float>(mean));
    norm.deviation.push_back(static_cast<float>(std::sqrt(std::max(1e-6, squares[i] / frames - mean * mean))));
  }
  return norm;
}

FrontEnd with_arithmetic(FeatureOptions options, const char* arithmetic) {
  options.arithmetic = arithmetic;
  return FrontEnd(options);
}

std::vector<std::int8_t> quantized(const FrontEnd& front_end, const Pcm& pcm, const Normalisation& norm) {
  std::vector<std::int8_t> features(static_cast<std::size_t>(front_end.values()));
  front_end.quantized(pcm, norm, features);
  return features;
}

struct Agreement {
  double equal = 0.0, within_one = 0.0;  ///< shares of all features
};
Agreement agreement(const FeatureOptions& options, const std::vector<Pcm>& clips) {
  const FrontEnd floats = with_arithmetic(options, "float");
  const FrontEnd integers = with_arithmetic(options, "integer");
  const Normalisation norm = measure(floats, clips);
  double all = 0.0;
  Agreement result;
  for (const Pcm& pcm : clips) {
    const auto a = quantized(floats, pcm, norm);
    const auto b = quantized(integers, pcm, norm);
    for (std::size_t i = 0; i < a.size(); ++i) {
      result.equal += a[i] == b[i] ? 1.0 : 0.0;
      result.within_one += std::abs(a[i] - b[i]) <= 1 ? 1.0 : 0.0;
    }
    all += static_cast<double>(a.size());
  }
  return {result.equal / all, result.within_one / all};
}

TEST(IntegerFrontEnd, FollowsTheFloatsToOneStep) {
  const auto clips = synthetic_clips();
  for (const FeatureOptions& options : various_options()) {
    const Agreement found = agreement(options, clips);
    EXPECT_GT(found.equal, 0.9) << options.kind << " " << options.window_ms;
    EXPECT_GT(found.within_one, 0.995) << options.kind << " " << options.window_ms;
  }
}

TEST(IntegerFrontEnd, FollowsTheFloatsOnRecordings) {
  namespace fs = std::filesystem;
  const char* folder = std::getenv("KWS_SPEECH_COMMANDS");
  const fs::path recordings = folder != nullptr ? fs::path(folder) : repository() / "../shared/speech_commands";
  if (!fs::is_directory(recordings)) GTEST_SKIP() << recordings << ": no recordings there";
  std::vector<Pcm> clips;
  for (const char* word : {"yes", "stop", "left", "dog", "house"}) {
    if (!fs::is_directory(recordings / word)) continue;
    std::set<fs::path> files;
    for (const auto& entry : fs::directory_iterator(recordings / word)) files.insert(entry.path());
    int taken = 0;
    for (const fs::path& file : files) {
      if (taken++ == 10) break;
      clips.push_back(read_audio(file));
      clips.back().resize(kClipSamples);
    }
  }
  ASSERT_FALSE(clips.empty());
  for (const FeatureOptions& options : various_options()) {
    const Agreement found = agreement(options, clips);
    EXPECT_GT(found.equal, 0.9) << options.kind << " " << options.window_ms;
    EXPECT_GT(found.within_one, 0.995) << options.kind << " " << options.window_ms;
  }
}

TEST(IntegerFrontEnd, FollowsTheFloatsAtTheEdges) {
  Pcm square(kClipSamples), lowest(kClipSamples, -32768), one(kClipSamples, 0), minus(kClipSamples, -1);
  for (std::size_t i = 0; i < square.size(); ++i) square[i] = i % 16 < 8 ? std::int16_t{32767} : std::int16_t{-32768};
  for (std::size_t i = 0; i < one.size(); i += 100) one[i] = 1;
  for (const FeatureOptions& options : various_options()) {
    const FrontEnd floats = with_arithmetic(options, "float");
    const FrontEnd integers = with_arithmetic(options, "integer");
    std::vector<float> a(static_cast<std::size_t>(floats.values())), b(a.size());
    for (const Pcm& pcm : {Pcm(kClipSamples, 0), one}) {
      floats.compute(pcm, a);
      integers.compute(pcm, b);
      // 0.15: Q10 and Q12 of up to 64 terms of 28; the frames' steps are 0.1 and more
      for (std::size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 0.15) << options.kind << " " << i;
    }
    // Bands without energy differ, where floats show their own rounding; the strongest do not.
    floats.compute(square, a);
    integers.compute(square, b);
    if (options.kind == "log_mel") {
      EXPECT_NEAR(*std::max_element(a.begin(), a.end()), *std::max_element(b.begin(), b.end()), 0.02);
    }
    for (const Pcm& pcm : {lowest, minus}) {
      integers.compute(pcm, b);
      for (const float value : b) ASSERT_LT(std::abs(value), 400.0F);
    }
  }
}

TEST(IntegerFrontEnd, QuantizesItsOwnValuesLikeTheFloats) {
  const auto clips = synthetic_clips();
  const FrontEnd integers = with_arithmetic({}, "integer");
  const Normalisation norm = measure(integers, clips);
  std::vector<float> values(static_cast<std::size_t>(integers.values()));
  for (const Pcm& pcm : clips) {
    integers.compute(pcm, values);
    const auto steps = quantized(integers, pcm, norm);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::size_t k = i % norm.mean.size();
      const double exact =
          static_cast<double>(values[i] - norm.mean[k]) / static_cast<double>(norm.deviation[k]) * 24.0;
      // Half a step of rounding, the multiplier's 15 bits and the mean's Q10.
      EXPECT_NEAR(steps[i], std::clamp(exact, -128.0, 127.0), 0.55);
    }
  }
}

TEST(IntegerFrontEnd, ClampsAndSurvivesAnyNormalisation) {
  const FrontEnd integers = with_arithmetic({}, "integer");
  const Pcm pcm = synthetic_clips().front();
  for (const float mean : {-1e9F, 1e9F}) {
    const Normalisation far{std::vector<float>(10, mean), std::vector<float>(10, 1e-9F)};
    const auto steps = quantized(integers, pcm, far);
    EXPECT_EQ(std::set<std::int8_t>(steps.begin(), steps.end()),
              std::set<std::int8_t>{static_cast<std::int8_t>(mean > 0 ? -128 : 127)});
  }
  const Normalisation wide{std::vector<float>(10, 0.0F), std::vector<float>(10, 1e30F)};
  const auto steps = quantized(integers, pcm, wide);
  EXPECT_EQ(std::set<std::int8_t>(steps.begin(), steps.end()), std::set<std::int8_t>{0});
}

TEST(IntegerFrontEnd, HasTheSameBitsWithoutLongMultiplication) {
  for (const FeatureOptions& options : various_options()) {
    const FrontEnd integers = with_arithmetic(options, "integer");
    const FrontEnd::Tables& t = integers.tables();
    const FrontEnd::IntegerTables& tables = integers.integer_tables();
    kws_frontend_integer fe{};
    fe.window = t.window;
    fe.fft = t.fft;
    fe.mel_bins = t.mel_bins;
    fe.coefficients = t.coefficients;
    fe.first_bin = t.first_bin;
    fe.last_bin = t.last_bin;
    fe.hann = tables.hann.data();
    fe.sine = tables.sine.data();
    fe.mel_weight = tables.mel_weight.data();
    fe.mel_run = t.mel_run.data();
    fe.dct = tables.dct.data();
    std::vector<std::int32_t> a(static_cast<std::size_t>(t.fft)), b(a.size());
    for (const Pcm& pcm : synthetic_clips()) {
      for (int i = 0; i < t.frames; ++i) {
        const std::int32_t* const with = kws_frontend_integer_frame(&fe, pcm.data() + i * t.stride, a.data());
        const std::int32_t* const without = short_multiply_frame(&fe, pcm.data() + i * t.stride, b.data());
        ASSERT_TRUE(std::equal(with, with + integers.coefficients(), without)) << options.kind << options.window_ms;
      }
    }
  }
}

}  // namespace
}  // namespace kws
