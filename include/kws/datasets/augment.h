#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kws/core/rng.h"
#include "kws/recipe/augment_options.h"

namespace kws {

/// The clip as evaluation reads it: left-aligned in `out`, zeros behind. Source: TensorFlow's decode_wav.
///   clip  samples at 16 kHz;  out  [samples of the clip length]
void pad_clip(std::span<const std::int16_t> clip, std::span<std::int16_t> out);

/// How loud a microphone hears, and the constant that it adds.
struct Level {
  double gain_db = 0.0;
  int offset = 0;  ///< of 16-bit samples
  friend bool operator==(const Level&, const Level&) = default;
};
/// Changes samples to that level, rounded and clipped to 16 bit.
void set_level(const Level& level, std::span<std::int16_t> pcm);

/// A training variant of one clip: speed and pitch changed about the middle of `out`, shifted, noise added, its level
/// changed, clipped to 16 bit. Integer arithmetic after the draws, so a given `rng` makes the same samples on every
/// machine.
///   clip     samples at 16 kHz, at most as many as out, not read when `silence`
///   noises   recordings of any length; none or empty ones add nothing
///   silence  the word itself is left out; noise is added as for any clip
///   out      [samples of the clip length]
void augment(std::span<const std::int16_t> clip, const std::vector<std::vector<std::int16_t>>& noises,
             const AugmentOptions& options, Rng& rng, bool silence, std::span<std::int16_t> out);
/// The same by plain loops on any CPU; the oracle of the vector code that augment() uses where the CPU has it.
void augment_plain(std::span<const std::int16_t> clip, const std::vector<std::vector<std::int16_t>>& noises,
                   const AugmentOptions& options, Rng& rng, bool silence, std::span<std::int16_t> out);

}  // namespace kws
