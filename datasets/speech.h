#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace kws {

constexpr int kSpeechRateHz = 22050;  ///< espeak-ng's rate

struct Utterance {
  std::string text;
  std::string accent;   ///< espeak-ng language voice, "gmw/en-US"
  std::string variant;  ///< espeak-ng voice variant, "f3"; "" for the accent's own voice
  int pitch = 50;       ///< 0..99
  int range = 50;       ///< 0..100, liveliness of the pitch
  int rate = 175;       ///< words per minute, 80..450
};

/// Accents and variants of espeak-ng that sound like different English speakers.
const std::vector<std::string>& speech_accents();
const std::vector<std::string>& speech_variants();

/// Speaks all utterances in their order and hands each one's samples at 22,050 Hz to `take`.
///   throws  Error when espeak-ng or one of its voices is missing; whatever `take` throws
void speak(const std::vector<Utterance>& utterances,
           const std::function<void(std::size_t index, const std::vector<std::int16_t>& samples)>& take);

}  // namespace kws
