#include "synth_noise.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "audio_file.h"
#include "kws/core/rng.h"

namespace kws {
namespace {

constexpr std::size_t kLength = 20 * kSecond;

std::vector<double> white(Rng& rng) {
  std::vector<double> out(kLength);
  for (double& value : out) value = rng.uniform(-1.0, 1.0) + rng.uniform(-1.0, 1.0);
  return out;
}

/// Voss-McCartney: sum of sixteen random rows, row k renewed every 2^k samples, falls 3 dB per octave.
std::vector<double> pink(Rng& rng) {
  double rows[16] = {};
  double sum = 0.0;
  std::vector<double> out(kLength);
  for (std::size_t i = 0; i < kLength; ++i) {
    std::size_t row = 0;
    while (row < 15 && ((i >> row) & 1U) == 0) ++row;
    sum -= rows[row];
    rows[row] = rng.uniform(-1.0, 1.0);
    sum += rows[row];
    out[i] = sum + rng.uniform(-1.0, 1.0);
  }
  return out;
}

/// Mains hum with odd and even harmonics, swelling slowly.
std::vector<double> hum(Rng& rng) {
  std::vector<double> out(kLength);
  for (int harmonic = 1; harmonic <= 12; ++harmonic) {
    const double level = rng.uniform(0.2, 1.0) / harmonic;
    const double phase = rng.uniform(0.0, 2.0 * std::numbers::pi);
    for (std::size_t i = 0; i < kLength; ++i) {
      const double seconds = static_cast<double>(i) / kAudioRateHz;
      const double swell = 1.0 + 0.3 * std::sin(2.0 * std::numbers::pi * seconds / (3.0 + harmonic));
      out[i] += level * swell * std::sin(2.0 * std::numbers::pi * 50.0 * harmonic * seconds + phase);
    }
  }
  for (double& value : out) value += rng.uniform(-0.05, 0.05);
  return out;
}

std::vector<double> babble(const std::vector<std::vector<std::int16_t>>& spoken, Rng& rng) {
  std::vector<double> out(kLength);
  for (int voice = 0; voice < 160; ++voice) {  // eight people talking all the time
    const std::vector<std::int16_t>& word = spoken[rng.below(spoken.size())];
    std::size_t at = rng.below(kLength);
    for (const std::int16_t sample : word) {
      out[at] += sample;
      at = (at + 1) % kLength;
    }
  }
  return out;
}

/// Loudest sample to half of full scale: augmentation scales it down again.
std::vector<std::int16_t> scaled(const std::vector<double>& noise) {
  double peak = 1e-9;
  for (const double value : noise) peak = std::max(peak, std::abs(value));
  std::vector<std::int16_t> out;
  out.reserve(noise.size());
  for (const double value : noise) out.push_back(static_cast<std::int16_t>(std::lrint(value / peak * 16384.0)));
  return out;
}

}  // namespace

std::vector<std::pair<std::string, std::vector<std::int16_t>>> make_noises(
    const std::vector<std::vector<std::int16_t>>& spoken, std::uint64_t seed) {
  Rng rng({seed, 0x6E6F697365});  // "noise"
  std::vector<std::pair<std::string, std::vector<std::int16_t>>> noises;
  noises.emplace_back("white_noise.wav", scaled(white(rng)));
  noises.emplace_back("pink_noise.wav", scaled(pink(rng)));
  noises.emplace_back("mains_hum.wav", scaled(hum(rng)));
  if (!spoken.empty()) noises.emplace_back("babble.wav", scaled(babble(spoken, rng)));
  return noises;
}

}  // namespace kws
