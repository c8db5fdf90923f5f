#include "kws/datasets/augment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

namespace kws::test {
namespace {

constexpr AugmentOptions kUnchanged{.shift_ms = 0.0, .noise_share = 0.0, .noise_volume = 0.0, .speed_percent = 0.0};

using Samples = std::vector<std::int16_t>;

Samples augmented(const Samples& clip, const std::vector<Samples>& noises, const AugmentOptions& options, Rng rng,
                  bool silence = false) {
  Samples out(16000, 77);
  augment(clip, noises, options, rng, silence, out);
  return out;
}

Samples ramp() {
  Samples clip(16000);
  std::iota(clip.begin(), clip.end(), std::int16_t{1});
  return clip;
}

TEST(Augment, WithoutOptionsPadsTheClip) {
  const Samples clip = {1, -2, 3};
  Samples padded(16000, 77);
  pad_clip(clip, padded);
  EXPECT_EQ(Samples(padded.begin(), padded.begin() + 4), (Samples{1, -2, 3, 0}));
  EXPECT_EQ(padded.back(), 0);
  EXPECT_EQ(augmented(clip, {}, kUnchanged, Rng({1})), padded);
  EXPECT_EQ(augmented(ramp(), {}, kUnchanged, Rng({1})), ramp());
  EXPECT_EQ(augmented({}, {}, kUnchanged, Rng({1})), Samples(16000, 0));
  EXPECT_EQ(augmented({5}, {}, kUnchanged, Rng({1}))[0], 5);
}

TEST(Augment, StretchesAnyLengthAboutItsMiddle) {
  for (const std::size_t length : {std::size_t{8000}, std::size_t{24000}, std::size_t{48000}}) {
    Samples clip(length, 0), lanes(length), plain(length);
    clip[length / 2] = 20000;
    clip.front() = clip.back() = 300;
    const AugmentOptions options{.shift_ms = 0.0, .noise_share = 0.0, .noise_volume = 0.0, .speed_percent = 15.0};
    Rng one({4}), two({4});
    augment(clip, {}, options, one, false, lanes);
    augment_plain(clip, {}, options, two, false, plain);
    EXPECT_EQ(lanes, plain) << length;
    EXPECT_EQ(std::ranges::max_element(lanes) - lanes.begin(), static_cast<std::ptrdiff_t>(length / 2)) << length;
  }
}

TEST(Augment, ShiftsBothWaysWithinItsLimitAndPadsWithZeros) {
  std::set<int> shifts;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Samples out = augmented(
        ramp(), {}, {.shift_ms = 100.0, .noise_share = 0.0, .noise_volume = 0.0, .speed_percent = 0.0}, Rng({seed}));
    const int shift = 8000 - (out[8000] - 1);
    shifts.insert(shift);
    for (int i = 0; i < 16000; ++i) {
      const int from = i - shift;
      ASSERT_EQ(out[static_cast<std::size_t>(i)], from >= 0 && from < 16000 ? from + 1 : 0) << seed << " at " << i;
    }
  }
  EXPECT_LT(*shifts.begin(), -1200);
  EXPECT_GE(*shifts.begin(), -1600);
  EXPECT_GT(*shifts.rbegin(), 1200);
  EXPECT_LE(*shifts.rbegin(), 1600);
}

TEST(Augment, SpeedStretchesAboutTheMiddle) {
  bool slower = false;
  bool faster = false;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Samples out = augmented(
        ramp(), {}, {.shift_ms = 0.0, .noise_share = 0.0, .noise_volume = 0.0, .speed_percent = 10.0}, Rng({seed}));
    EXPECT_NEAR(out[8000], 8001, 1);
    const double factor = (out[9000] - out[7000]) / 2000.0;  // slope of the ramp
    EXPECT_GT(factor, 0.899);
    EXPECT_LT(factor, 1.101);
    slower |= factor < 0.95;
    faster |= factor > 1.05;
    if (factor > 1.01) {
      EXPECT_EQ(out.front(), 0);  // a faster word leaves silence at both ends
      EXPECT_EQ(out.back(), 0);
    }
  }
  EXPECT_TRUE(slower && faster);
}

TEST(Augment, InterpolatesWithoutOvershoot) {
  Samples clip(16000);
  for (std::size_t i = 0; i < clip.size(); ++i) clip[i] = i % 2 == 0 ? 32767 : -32768;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Samples out = augmented(
        clip, {}, {.shift_ms = 0.0, .noise_share = 0.0, .noise_volume = 0.0, .speed_percent = 50.0}, Rng({seed}));
    EXPECT_TRUE(std::ranges::any_of(out, [](int v) { return v > 30000; }));
    EXPECT_TRUE(std::ranges::any_of(out, [](int v) { return v < -30000; }));
    EXPECT_TRUE(std::ranges::any_of(out, [](int v) { return v > -3000 && v < 3000 && v != 0; }));
  }
}

TEST(Augment, SilenceKeepsOnlyTheNoise) {
  const AugmentOptions options{.shift_ms = 100.0, .noise_share = 1.0, .noise_volume = 0.5, .speed_percent = 0.0};
  const std::vector<Samples> noises = {Samples(40000, 10000)};
  const Samples out = augmented(ramp(), noises, options, Rng({3}), true);
  EXPECT_GT(out[0], 0);
  EXPECT_LE(out[0], 5000);
  EXPECT_EQ(out, Samples(16000, out[0]));
  EXPECT_EQ(augmented(ramp(), {}, options, Rng({3}), true), Samples(16000, 0));
}

TEST(Augment, AddsNoiseToItsShareOfClips) {
  const AugmentOptions options{.shift_ms = 0.0, .noise_share = 0.8, .noise_volume = 1.0, .speed_percent = 0.0};
  int noisy = 0;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    noisy += augmented({}, {Samples(16000, 30000)}, options, Rng({seed}))[5] != 0;
  }
  EXPECT_NEAR(noisy, 800, 50);  // four standard deviations of a binomial
}

TEST(Augment, ClipsInsteadOfWrapping) {
  const AugmentOptions options{.shift_ms = 0.0, .noise_share = 1.0, .noise_volume = 1.0, .speed_percent = 0.0};
  const Samples high = augmented(Samples(16000, 32767), {Samples(20000, 32767)}, options, Rng({5}));
  const Samples low = augmented(Samples(16000, -32768), {Samples(20000, -32768)}, options, Rng({5}));
  EXPECT_EQ(high, Samples(16000, 32767));
  EXPECT_EQ(low, Samples(16000, -32768));
}

TEST(Augment, RepeatsShortNoiseAndSkipsEmptyNoise) {
  const AugmentOptions options{.shift_ms = 0.0, .noise_share = 1.0, .noise_volume = 1.0, .speed_percent = 0.0};
  const Samples out = augmented({}, {{30000, -30000, 15000}}, options, Rng({9}));
  EXPECT_NE(out[0], 0);
  for (std::size_t i = 3; i < out.size(); ++i) ASSERT_EQ(out[i], out[i - 3]);
  EXPECT_EQ(augmented({}, {{}}, options, Rng({9})), Samples(16000, 0));
}

TEST(Augment, VectorCodeGivesThePlainLoopsSamples) {
  Rng random({1});
  const auto any = [&](std::size_t samples) {
    Samples audio(samples);
    for (auto& sample : audio) sample = static_cast<std::int16_t>(random.between(-32768, 32767));
    return audio;
  };
  const std::vector<Samples> noises = {any(40000), any(16000), any(999), any(5)};
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    const AugmentOptions options{.shift_ms = seed % 3 == 0 ? 1000.0 : 100.0,
                                 .noise_share = 0.8,
                                 .noise_volume = 1.0,
                                 .speed_percent = seed % 2 == 0 ? 50.0 : 10.0};
    const Samples clip = any(seed % 4 == 0 ? random.below(40) : random.below(16001));
    Samples plain(16000, 77), vectors(16000, 78);
    Rng first({seed}), second({seed});
    augment_plain(clip, noises, options, first, false, plain);
    augment(clip, noises, options, second, false, vectors);
    ASSERT_EQ(plain, vectors) << seed;
  }
}

TEST(Augment, ChangesTheLevelLastAndLeavesTheOtherDrawsAlone) {
  const AugmentOptions usual{.shift_ms = 100.0, .noise_share = 0.8, .noise_volume = 0.1, .speed_percent = 10.0};
  AugmentOptions quieter = usual, shifted = usual;
  quieter.gain_db = -40;
  shifted.dc_offset = 100;
  const std::vector<Samples> noises = {ramp()};
  int most = 0, least = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const Samples whole = augmented(ramp(), noises, usual, Rng({seed}));
    const Samples quiet = augmented(ramp(), noises, quieter, Rng({seed}));
    const Samples moved = augmented(ramp(), noises, shifted, Rng({seed}));
    const int offset = moved[0] - whole[0];
    most = std::max(most, offset);
    least = std::min(least, offset);
    const double factor = static_cast<double>(quiet[9000]) / whole[9000];
    ASSERT_GT(factor, 0.0099);
    ASSERT_LE(factor, 1.0);
    for (std::size_t i = 0; i < whole.size(); ++i) {
      ASSERT_NEAR(quiet[i], factor * whole[i], 3.0) << "rounded";
      ASSERT_EQ(moved[i], std::min(whole[i] + offset, 32767));
    }
  }
  EXPECT_GT(most, 80);
  EXPECT_LE(most, 100);
  EXPECT_LT(least, -80);
  EXPECT_GE(least, -100);
}

TEST(Level, RoundsAndClips) {
  Samples pcm = {0, 1, -1, 1000, -32768, 32767, 5, -5};
  Samples same = pcm;
  set_level({}, same);
  EXPECT_EQ(same, pcm);
  set_level({.gain_db = 20.0 * std::log10(2.0), .offset = -3}, pcm);
  EXPECT_EQ(pcm, (Samples{-3, -1, -5, 1997, -32768, 32767, 7, -13}));
  pcm = {3, -3, 5, 32767};
  set_level({.gain_db = 20.0 * std::log10(0.5)}, pcm);
  EXPECT_EQ(pcm, (Samples{2, -1, 3, 16384})) << "halves go up";
}

TEST(Augment, SameStreamSameSamples) {
  const AugmentOptions options{.shift_ms = 100.0, .noise_share = 0.8, .noise_volume = 0.1, .speed_percent = 10.0};
  const std::vector<Samples> noises = {ramp()};
  EXPECT_EQ(augmented(ramp(), noises, options, Rng({1, 2})), augmented(ramp(), noises, options, Rng({1, 2})));
  EXPECT_NE(augmented(ramp(), noises, options, Rng({1, 2})), augmented(ramp(), noises, options, Rng({2, 1})));
}

}  // namespace
}  // namespace kws::test
