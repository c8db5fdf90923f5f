#include "lanes.h"

#include <immintrin.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "kws/core/isa.h"

// Only this function's code may use AVX2; the program itself starts on any x86-64. Sixteen lanes of AVX-512 were
// measured 15 % slower on a Zen 4: their FFT of 1,024 points takes 64 KB, twice that CPU's first cache.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2")
#endif

namespace kws {
namespace {

constexpr int kLanes = 8;
constexpr int kLongestWindow = 1024;

using kws_real = float __attribute__((vector_size(kLanes * sizeof(float))));
using kws_int = std::int32_t __attribute__((vector_size(kLanes * sizeof(std::int32_t))));
using Samples = std::int16_t __attribute__((vector_size(kLanes * sizeof(std::int16_t))));

inline kws_int kws_bits(kws_real x) { return reinterpret_cast<kws_int>(x); }
inline kws_real kws_from_bits(kws_int x) { return reinterpret_cast<kws_real>(x); }
inline kws_real kws_to_real(kws_int x) { return __builtin_convertvector(x, kws_real); }
inline kws_real kws_sqrt(kws_real x) { return _mm256_sqrt_ps(x); }
inline kws_real kws_max(kws_real x, float low) { return _mm256_max_ps(x, _mm256_set1_ps(low)); }
/// Sample i of all lanes, from samples that lie side by side.
inline kws_real side_by_side(const std::int16_t* samples) {
  Samples row;
  std::memcpy(&row, samples, sizeof row);
  return __builtin_convertvector(row, kws_real);
}
#define KWS_SAMPLE(pcm, i, stride) side_by_side((pcm) + (i)*kLanes)

#include "kws_frontend_frame.h"

/// from [lanes][window] to side_by_side [window][lanes], by interleaving three times the rows a half apart.
inline void transpose(const std::int16_t* const* from, int window, std::int16_t* to) {
  for (int first = 0; first < window; first += kLanes) {
    __m128i rows[kLanes];
    for (int i = 0; i < kLanes; ++i) rows[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from[i] + first));
    for (int step = 0; step < 3; ++step) {
      __m128i next[kLanes];
      for (int i = 0; i < kLanes / 2; ++i) {
        next[2 * i] = _mm_unpacklo_epi16(rows[i], rows[i + kLanes / 2]);
        next[2 * i + 1] = _mm_unpackhi_epi16(rows[i], rows[i + kLanes / 2]);
      }
      std::memcpy(rows, next, sizeof rows);
    }
    std::memcpy(to + first * kLanes, rows, sizeof rows);
  }
}

}  // namespace

void frames_in_lanes(const kws_frontend& fe, std::span<const std::int16_t* const> starts, float* out) {
  const int values = fe.coefficients == 0 ? fe.mel_bins : fe.coefficients;
  kws_real work[kLongestWindow];
  alignas(32) std::int16_t samples[kLongestWindow * kLanes];
  for (std::size_t first = 0; first < starts.size(); first += kLanes) {
    const std::size_t used = std::min<std::size_t>(kLanes, starts.size() - first);
    const std::int16_t* from[kLanes];
    for (std::size_t lane = 0; lane < kLanes; ++lane) from[lane] = starts[first + std::min(lane, used - 1)];
    transpose(from, fe.window, samples);
    const kws_real* lanes = kws_frame(&fe, samples, work);
    for (std::size_t lane = 0; lane < used; ++lane) {
      for (int i = 0; i < values; ++i) *out++ = lanes[i][lane];
    }
  }
}

void quantize_in_lanes(const kws_frontend& fe, int coefficients, std::span<const float> values, std::int8_t* out) {
  // Eight frames are whole registers, whatever a frame's length.
  const std::size_t block = kLanes * static_cast<std::size_t>(coefficients);
  std::vector<float> mean(block), inverse(block);
  for (std::size_t i = 0; i < block; ++i) {
    mean[i] = fe.mean[i % static_cast<std::size_t>(coefficients)];
    inverse[i] = fe.inverse_deviation[i % static_cast<std::size_t>(coefficients)];
  }
  const __m256 half = _mm256_set1_ps(0.5F), sign = _mm256_set1_ps(-0.0F);
  const __m256 most = _mm256_set1_ps(127.0F), least = _mm256_set1_ps(-128.0F);
  std::size_t first = 0;
  for (; first + block <= values.size(); first += block) {
    for (std::size_t i = 0; i < block; i += kLanes) {
      const __m256 distance = _mm256_sub_ps(_mm256_loadu_ps(values.data() + first + i), _mm256_loadu_ps(&mean[i]));
      __m256 steps = _mm256_mul_ps(distance, _mm256_loadu_ps(&inverse[i]));
      steps = _mm256_max_ps(_mm256_min_ps(steps, most), least);
      steps = _mm256_add_ps(steps, _mm256_or_ps(half, _mm256_and_ps(steps, sign)));
      const __m256i whole = _mm256_cvttps_epi32(steps);
      const __m128i narrow = _mm_packs_epi32(_mm256_castsi256_si128(whole), _mm256_extracti128_si256(whole, 1));
      _mm_storel_epi64(reinterpret_cast<__m128i*>(out + first + i), _mm_packs_epi16(narrow, narrow));
    }
  }
  for (; first < values.size(); first += static_cast<std::size_t>(coefficients)) {
    kws_frontend_quantize(&fe, values.data() + first, out + first);
  }
}

}  // namespace kws
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

namespace kws {
bool lanes_supported() { return supported(Isa::avx2); }
}  // namespace kws
