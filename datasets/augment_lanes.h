#pragma once

#include <cstdint>
#include <span>

namespace kws {

// Inner loops of augment() in AVX2, sample for sample what the plain loops beside their calls give.

/// Whether this CPU runs them.
bool augment_lanes_supported();

/// out[i] = clip at position + i * step (32.32 fixed point), linearly interpolated, for i = 0, 1, ...
///   step     > 0, at most 1.5 samples
///   returns  how many outputs were written: a multiple of 8, at most out.size(); what lies close to the clip's end is
///            left to the caller
std::size_t resample_lanes(std::span<const std::int16_t> clip, std::int64_t position, std::int64_t step,
                           std::span<std::int16_t> out);

/// out[i] += noise[i] * volume / 32768, rounded, clipped to 16 bit, for i = 0, 1, ...
///   volume   0..32767;  noise has at least out.size() samples
///   returns  how many were done: a multiple of 16
std::size_t add_noise_lanes(std::span<const std::int16_t> noise, int volume, std::span<std::int16_t> out);

}  // namespace kws
