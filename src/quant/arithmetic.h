#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

namespace kws {

/// The host's own integer activations; the exported C has its own, written from the same definition:
///   S[k] = round(32768 * sigmoid(k / 32)), k = 0..256
///   |x| >= 8: v = S[256] = 32757;  else k = |x| >> 7, f = |x| & 127, v = S[k] + (((S[k + 1] - S[k]) * f + 64) >> 7)
///   sigmoid(x) = x >= 0 ? v : 32768 - v;  tanh(x) = clamp(2 sigmoid(2x) - 32768, -32768, 32767)
/// x is Q12 (4096 is 1.0), the result Q15: 0..32768 for the sigmoid, about 1 LSB off for both.
std::int32_t sigmoid_q15(std::int32_t x_q12);
std::int32_t tanh_q15(std::int32_t x_q12);

/// The table as two int16 per k, what gives two neighbours at once: S[k] in the lower half, S[k + 1] - S[k] in the
/// upper.
const std::array<std::int32_t, 257>& sigmoid_pairs();

/// Saturates to 16 bit.
inline std::int32_t sat16(std::int32_t x) { return std::clamp(x, -32768, 32767); }

/// TensorFlow Lite's "double rounding" requantization:
///   x = acc * 2^max(shift, 0), modulo 2^32 (quantize() picks multipliers that never get there)
///   h = (x * multiplier + 2^30) >> 31 (saturating)
///   result = h >> max(-shift, 0), rounded half away from zero
inline std::int32_t requantize(std::int32_t acc, std::int32_t multiplier, int shift) {
  const std::int32_t x = shift > 0 ? static_cast<std::int32_t>(static_cast<std::uint32_t>(acc) << shift) : acc;
  const std::int64_t high = (std::int64_t{x} * multiplier + (std::int64_t{1} << 30)) >> 31;
  const auto h = static_cast<std::int32_t>(std::min<std::int64_t>(high, std::numeric_limits<std::int32_t>::max()));
  if (shift >= 0) return h;
  const auto mask = static_cast<std::int32_t>((std::uint32_t{1} << -shift) - 1);
  const std::int32_t threshold = (mask >> 1) + (h < 0 ? 1 : 0);
  return (h >> -shift) + ((h & mask) > threshold ? 1 : 0);
}

}  // namespace kws
