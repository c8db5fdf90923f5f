// The energy in the bands of speech, and the gate that it opens.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <sstream>
#include <string>
#include <vector>

#include "../../export/features_code.h"
#include "../../export/runtime/kws_audio.h"
#include "export/random_models.h"
#include "export/shell_folder.h"

namespace kws::test {
namespace {

/// Streams standard input in chunks of argv[1] samples and prints the energy after each.
constexpr const char* kEnergyDriver = R"(
#include <stdio.h>
#include <stdlib.h>
#define KWS_IMPLEMENTATION
#include "kws_single.h"
KWS_ALIGN(4) static uint8_t arena[KWS_STREAM_ARENA_SIZE];
static kws_state s;
static int16_t pcm[16000];
int main(int argc, char **argv) {
  const size_t chunk = argc > 1 ? (size_t)atoi(argv[1]) : 1;
  size_t n;
  if (kws_init(&s, arena) != 0) return 2;
  while ((n = fread(pcm, 2, chunk, stdin)) > 0) {
    (void)kws_push(&s, pcm, n);
    printf("%ld\n", (long)kws_band_energy(&s));
  }
  return 0;
}
)";

/// A second of hiss, and a tone.
std::vector<std::int16_t> sound(double hiss, double tone, double hz) {
  Rng rng({11});
  std::vector<std::int16_t> pcm;
  for (int i = 0; i < kClipSamples; ++i) {
    const double noise = hiss * (2.0 * rng.uniform() - 1.0);
    pcm.push_back(
        static_cast<std::int16_t>(std::lround(noise + tone * std::sin(2.0 * std::numbers::pi * hz * i / kRateHz))));
  }
  return pcm;
}

class BandEnergy : public ShellFolder {
 protected:
  std::vector<long> energies(const std::vector<std::int16_t>& pcm, int chunk) {
    write_file(root_ / "pcm", {reinterpret_cast<const char*>(pcm.data()), 2 * pcm.size()});
    EXPECT_EQ(run("./driver " + std::to_string(chunk) + " <pcm"), 0) << output();
    std::istringstream lines(output());
    std::vector<long> list;
    for (long one = 0; lines >> one;) list.push_back(one);
    return list;
  }
};

TEST_F(BandEnergy, IsThatOfTheHostsFeaturesAndFollowsSpeechAlone) {
  KWS_SKIP_WITHOUT("gcc")
  for (const FeatureOptions& options :
       {FeatureOptions{.stride_ms = 40}, FeatureOptions{.kind = "log_mel", .coefficients = 40, .stride_ms = 40},
        FeatureOptions{.stride_ms = 40, .arithmetic = "integer"}}) {
    Graph graph({.time = frame_count(options), .freq = options.coefficients, .channels = 1});
    graph.add("logits", Dense{.units = 4});
    Exportable parts(RandomModels(5).model(graph), options);
    // As training would find them for the hiss.
    std::vector<float> values(static_cast<std::size_t>(parts.front_end.values()));
    parts.front_end.compute(sound(300, 0, 0), values);
    parts.norm.mean.assign(values.begin(), values.begin() + options.coefficients);
    parts.norm.deviation.assign(static_cast<std::size_t>(options.coefficients), 2.0F);
    write_c_model(parts.model(1), {.replace = true}, root_ / "kws");
    write_file(root_ / "driver.c", kEnergyDriver);
    ASSERT_EQ(run("gcc -std=c99 -O1 -Wall -Wextra -Wconversion -Wsign-conversion -Werror -DKWS_BANDS=1 "
                  "-fsanitize=address,undefined -fno-sanitize-recover=all -Ikws -o driver driver.c -lm"),
              0)
        << output();
    const std::vector<std::int16_t> weights = speech_weights(parts.front_end, parts.norm);
    const auto mean_energy = [&](const std::vector<std::int16_t>& pcm) {
      std::vector<std::int8_t> features(values.size());
      parts.front_end.quantized(pcm, parts.norm, features);
      std::vector<long> host;
      double sum = 0.0;
      for (std::size_t first = 0; first < features.size(); first += weights.size()) {
        long energy = 0;
        for (std::size_t i = 0; i < weights.size(); ++i) energy += long{weights[i]} * features[first + i];
        host.push_back(energy / 256);
        sum += static_cast<double>(host.back());
      }
      EXPECT_EQ(energies(pcm, 640), host) << options.kind << " " << options.arithmetic;
      return sum / static_cast<double>(host.size());
    };
    const double hiss = mean_energy(sound(300, 0, 0));
    EXPECT_NEAR(mean_energy(sound(600, 0, 0)) - hiss, 256 * std::numbers::ln2, 12.0) << "twice the amplitude";
    EXPECT_LT(mean_energy(sound(300, 3000, 50)) - hiss, 30.0) << "hum";
    EXPECT_GT(mean_energy(sound(300, 3000, 1000)) - hiss, 60.0) << "a tone of speech";
  }
}

TEST(BandGate, IsOpenWhileSomebodySpeaksAndForAsLongAsTheWindowHoldsIt) {
  kws_band_gate gate;
  EXPECT_EQ(kws_band_gate_init(&gate, 0), -1);
  ASSERT_EQ(kws_band_gate_init(&gate, 12), 0);
  std::string open;
  const auto hear = [&](std::int32_t energy, int decisions) {
    for (int i = 0; i < decisions; ++i) open += kws_band_gate_open(&gate, energy + 10 * (i % 3)) != 0 ? '1' : '0';
  };
  const auto of = [](int count, char value) { return std::string(static_cast<std::size_t>(count), value); };
  hear(-500, 50);
  EXPECT_EQ(open, of(11, '1') + of(39, '0')) << "open until a window has been heard";
  open.clear();
  hear(300, 5);
  hear(-500, 40);
  EXPECT_EQ(open, of(16, '1') + of(29, '0')) << "5 loud ones, and 11 that follow";
  open.clear();
  // 600 more become the background, 4 of them a decision.
  hear(100, 220);
  EXPECT_EQ(open.substr(0, 120), of(120, '1'));
  EXPECT_EQ(open.substr(200), of(20, '0'));
  open.clear();
  hear(400, 3);
  hear(100, 30);
  EXPECT_EQ(open.substr(0, 14), of(14, '1')) << "speech above it opens";
  EXPECT_EQ(open.back(), '0');
}

TEST(BandGate, KnowsEveryEnergy) {
  kws_band_gate gate;
  ASSERT_EQ(kws_band_gate_init(&gate, 1), 0);
  for (const std::int32_t energy : {0, INT32_MAX, INT32_MIN, 0, INT32_MIN, 5}) (void)kws_band_gate_open(&gate, energy);
  EXPECT_EQ(kws_band_gate_open(&gate, INT32_MAX), 1);
  EXPECT_EQ(kws_band_gate_open(&gate, INT32_MIN), 0);
}

}  // namespace
}  // namespace kws::test
