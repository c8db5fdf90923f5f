#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string>
#include <vector>

#include "../../export/runtime/kws_audio.h"

namespace kws::test {
namespace {

using Pcm16 = std::vector<std::int16_t>;

Pcm16 sine(double amplitude, double hz, double offset, int samples) {
  Pcm16 pcm;
  for (int i = 0; i < samples; ++i) {
    const double phase = 2.0 * std::numbers::pi * hz * i / 16000.0;
    pcm.push_back(static_cast<std::int16_t>(std::lround(offset + amplitude * std::sin(phase))));
  }
  return pcm;
}

kws_audio audio(std::int32_t format, std::int32_t channels = 1, std::int32_t channel = 0, bool high_pass = false) {
  kws_audio a;
  EXPECT_EQ(kws_audio_init(&a, format, channels, channel), 0);
  a.high_pass = high_pass ? 1 : 0;
  return a;
}

TEST(AudioCode, PassesSamplesOfEveryFormatAndChannelUnchanged) {
  const Pcm16 pcm = sine(20000, 440, 0, 500);
  std::vector<std::int32_t> upper, lower, stereo;
  for (const std::int16_t x : pcm) {
    upper.push_back(x * 65536);
    lower.push_back(static_cast<std::int32_t>((static_cast<std::uint32_t>(x * 256) & 0xFFFFFFU) | 0x5A000000U));
    stereo.push_back(-1234567);
    stereo.push_back(x * 65536);
  }
  Pcm16 out(pcm.size());
  kws_audio a = audio(KWS_AUDIO_S16);
  kws_audio_convert(&a, pcm.data(), pcm.size(), out.data());
  EXPECT_EQ(out, pcm);
  a = audio(KWS_AUDIO_S32);
  kws_audio_convert(&a, upper.data(), pcm.size(), out.data());
  EXPECT_EQ(out, pcm);
  a = audio(KWS_AUDIO_S24_LOW);
  kws_audio_convert(&a, lower.data(), pcm.size(), out.data());
  EXPECT_EQ(out, pcm);
  a = audio(KWS_AUDIO_S32, 2, 1);
  kws_audio_convert(&a, stereo.data(), pcm.size(), out.data());
  EXPECT_EQ(out, pcm);
  Pcm16 in_place = pcm;
  a = audio(KWS_AUDIO_S16);
  kws_audio_convert(&a, in_place.data(), pcm.size(), in_place.data());
  EXPECT_EQ(in_place, pcm);
  EXPECT_EQ(a.clipped, 0U);
}

TEST(AudioCode, TheHighPassTakesTheOffsetAndLeavesSpeech) {
  const Pcm16 pcm = sine(8000, 300, 5000, 32000);
  kws_audio a = audio(KWS_AUDIO_S16, 1, 0, true);
  Pcm16 out(pcm.size());
  kws_audio_convert(&a, pcm.data(), 16000, out.data());
  kws_audio_level(&a);
  kws_audio_convert(&a, pcm.data() + 16000, 16000, out.data());
  double sum = 0.0;
  for (int i = 0; i < 16000; ++i) sum += out[static_cast<std::size_t>(i)];
  EXPECT_NEAR(sum / 16000.0, 0.0, 2.0);
  EXPECT_NEAR(kws_audio_level(&a), 8000 / std::numbers::sqrt2, 20.0);
}

TEST(AudioCode, TheGainKeepsTheBitsBelowSixteenAndSaturates) {
  // 24 bits, far too quiet: 34 dB below a good level.
  std::vector<std::int32_t> quiet;
  for (const std::int16_t x : sine(30000, 440, 0, 1000)) quiet.push_back(x * 256 / 50 * 256);
  kws_audio a = audio(KWS_AUDIO_S32);
  a.gain = 50 * KWS_AUDIO_GAIN_ONE;
  Pcm16 out(quiet.size());
  kws_audio_convert(&a, quiet.data(), quiet.size(), out.data());
  const Pcm16 expected = sine(30000, 440, 0, 1000);
  for (std::size_t i = 0; i < out.size(); ++i) EXPECT_NEAR(out[i], expected[i], 1.0);
  EXPECT_EQ(a.clipped, 0U);
  a.gain = KWS_AUDIO_GAIN_MOST;
  kws_audio_convert(&a, quiet.data(), quiet.size(), out.data());
  EXPECT_GT(a.clipped, 800U);
  EXPECT_EQ(*std::max_element(out.begin(), out.end()), 32767);
  EXPECT_EQ(*std::min_element(out.begin(), out.end()), -32768);
}

TEST(AudioCode, ExtremesDoNotOverflow) {
  for (const bool high_pass : {false, true}) {
    kws_audio a = audio(KWS_AUDIO_S32, 1, 0, high_pass);
    a.gain = KWS_AUDIO_GAIN_MOST;
    std::vector<std::int32_t> square;
    for (int i = 0; i < 8000; ++i) square.push_back(i % 4000 < 2000 ? INT32_MIN : INT32_MAX);
    Pcm16 out(square.size());
    kws_audio_convert(&a, square.data(), square.size(), out.data());
    EXPECT_EQ(out.front(), -32768);
    EXPECT_EQ(out[2001], 32767);
    EXPECT_GT(kws_audio_level(&a), 29000U);
  }
}

TEST(AudioCode, RefusesWhatItDoesNotKnow) {
  kws_audio a;
  EXPECT_EQ(kws_audio_init(&a, 3, 1, 0), -1);
  EXPECT_EQ(kws_audio_init(&a, KWS_AUDIO_S16, 0, 0), -1);
  EXPECT_EQ(kws_audio_init(&a, KWS_AUDIO_S16, 2, 2), -1);
  a = audio(KWS_AUDIO_S16);
  EXPECT_EQ(kws_audio_level(&a), 0U);
}

TEST(AudioCode, TheGateIsOpenWhileSomebodySpeaksAndForAsLongAsTheWindowHoldsIt) {
  kws_gate gate;
  EXPECT_EQ(kws_gate_init(&gate, 0), -1);
  ASSERT_EQ(kws_gate_init(&gate, 12), 0);
  std::string open;
  const auto hear = [&](std::uint32_t level, int decisions) {
    for (int i = 0; i < decisions; ++i) {
      open += kws_gate_open(&gate, level + static_cast<std::uint32_t>(i % 3)) != 0 ? '1' : '0';
    }
  };
  const auto of = [](int count, char value) { return std::string(static_cast<std::size_t>(count), value); };
  hear(40, 50);
  EXPECT_EQ(open, of(11, '1') + of(39, '0')) << "open until a window has been heard";
  open.clear();
  hear(2000, 5);
  hear(40, 40);
  EXPECT_EQ(open, of(16, '1') + of(29, '0')) << "5 loud ones, and 11 that follow";
  open.clear();
  // Ten times the noise becomes the background within 146 decisions: 1.0157^146 = 9.7.
  hear(400, 200);
  EXPECT_EQ(open.substr(0, 100), of(100, '1'));
  EXPECT_EQ(open.substr(180), of(20, '0'));
  open.clear();
  hear(2000, 3);
  hear(400, 30);
  EXPECT_EQ(open.substr(0, 14), of(14, '1')) << "speech above it opens";
  EXPECT_EQ(open.back(), '0');
}

TEST(AudioCode, TheGateKnowsEveryLevel) {
  kws_gate gate;
  ASSERT_EQ(kws_gate_init(&gate, 1), 0);
  for (const std::uint32_t level : {0U, 0U, 32768U, 4294967295U, 0U, 1U}) (void)kws_gate_open(&gate, level);
  EXPECT_GT(gate.floor8, 0U);
  EXPECT_EQ(kws_gate_open(&gate, 32768), 1);
  EXPECT_EQ(kws_gate_open(&gate, 0), 0);
}

}  // namespace
}  // namespace kws::test
