// Included once per instruction set by a file that defines kLanes, kws_real, kws_sqrt and kws_max for it.

using kws_int = std::int32_t __attribute__((vector_size(kLanes * sizeof(std::int32_t))));
using Samples = std::int16_t __attribute__((vector_size(kLanes * sizeof(std::int16_t))));

inline kws_int kws_bits(kws_real x) { return reinterpret_cast<kws_int>(x); }
inline kws_real kws_from_bits(kws_int x) { return reinterpret_cast<kws_real>(x); }
inline kws_real kws_to_real(kws_int x) { return __builtin_convertvector(x, kws_real); }
/// Sample i of all lanes, from samples that lie side by side.
inline kws_real side_by_side(const std::int16_t* samples) {
  Samples row;
  std::memcpy(&row, samples, sizeof row);
  return __builtin_convertvector(row, kws_real);
}
#define KWS_SAMPLE(pcm, i, stride) side_by_side((pcm) + (i)*kLanes)

#include "kws_frontend_frame.h"

constexpr int kLongestWindow = 1024;
constexpr int kTransposed = 8;  // lanes at a time

/// From [kTransposed][window] to side_by_side [window][kLanes], by interleaving three times the rows a half apart.
inline void transpose(const std::int16_t* const* from, int window, std::int16_t* to) {
  for (int first = 0; first < window; first += kTransposed) {
    __m128i rows[kTransposed];
    for (int i = 0; i < kTransposed; ++i) rows[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from[i] + first));
    for (int step = 0; step < 3; ++step) {
      __m128i next[kTransposed];
      for (int i = 0; i < kTransposed / 2; ++i) {
        next[2 * i] = _mm_unpacklo_epi16(rows[i], rows[i + kTransposed / 2]);
        next[2 * i + 1] = _mm_unpackhi_epi16(rows[i], rows[i + kTransposed / 2]);
      }
      std::memcpy(rows, next, sizeof rows);
    }
    for (int i = 0; i < kTransposed; ++i) {
      _mm_store_si128(reinterpret_cast<__m128i*>(to + (first + i) * kLanes), rows[i]);
    }
  }
}

inline void frames_in_lanes(const kws_frontend& fe, std::span<const std::int16_t* const> starts, float* out) {
  const int values = fe.coefficients == 0 ? fe.mel_bins : fe.coefficients;
  kws_real work[kLongestWindow];
  alignas(kws_real) std::int16_t samples[kLongestWindow * kLanes];
  for (std::size_t first = 0; first < starts.size(); first += kLanes) {
    const std::size_t used = std::min<std::size_t>(kLanes, starts.size() - first);
    const std::int16_t* from[kLanes];
    for (std::size_t lane = 0; lane < kLanes; ++lane) from[lane] = starts[first + std::min(lane, used - 1)];
    for (int lane = 0; lane < kLanes; lane += kTransposed) transpose(from + lane, fe.window, samples + lane);
    const kws_real* lanes = kws_frame(&fe, samples, work);
    for (std::size_t lane = 0; lane < used; ++lane) {
      for (int i = 0; i < values; ++i) *out++ = lanes[i][lane];
    }
  }
}
