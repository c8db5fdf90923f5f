#include <immintrin.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "lanes.h"

// Only this file's code may use AVX2; the program itself starts on any x86-64.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2")
#endif

namespace kws {
namespace {

constexpr int kLanes = 8;
using kws_real = float __attribute__((vector_size(kLanes * sizeof(float))));
inline kws_real kws_sqrt(kws_real x) { return _mm256_sqrt_ps(x); }
inline kws_real kws_max(kws_real x, float low) { return _mm256_max_ps(x, _mm256_set1_ps(low)); }

#include "lanes_text.h"

}  // namespace

void frames_avx2(const kws_frontend& fe, std::span<const std::int16_t* const> starts, float* out) {
  frames_in_lanes(fe, starts, out);
}

void quantize_avx2(const kws_frontend& fe, int coefficients, std::span<const float> values, std::int8_t* out) {
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
