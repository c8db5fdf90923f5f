#pragma once

#include <algorithm>
#include <cstdint>

namespace kws {

/// The host's own integer activations; the exported C has its own, written from the same definition:
///   S[k] = round(32768 * sigmoid(k / 32)), k = 0..256
///   |x| >= 8: v = S[256] = 32757;  else k = |x| >> 7, f = |x| & 127, v = S[k] + (((S[k + 1] - S[k]) * f + 64) >> 7)
///   sigmoid(x) = x >= 0 ? v : 32768 - v;  tanh(x) = clamp(2 sigmoid(2x) - 32768, -32768, 32767)
/// x is Q12 (4096 is 1.0), the result Q15: 0..32768 for the sigmoid, about 1 LSB off for both.
std::int32_t sigmoid_q15(std::int32_t x_q12);
std::int32_t tanh_q15(std::int32_t x_q12);

/// Saturates to 16 bit.
inline std::int32_t sat16(std::int32_t x) { return std::clamp(x, -32768, 32767); }

}  // namespace kws
