#include "augment_lanes.h"

#include <immintrin.h>

#include "kws/core/isa.h"

namespace kws {

bool augment_lanes_supported() { return supported(Isa::avx2); }

// Only these functions may use AVX2; the program itself starts on any x86-64.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2")
#endif

std::size_t resample_lanes(std::span<const std::int16_t> clip, std::int64_t position, std::int64_t step,
                           std::span<std::int16_t> out) {
  const __m256i steps = _mm256_set1_epi64x(8 * step);
  const __m256i start = _mm256_set1_epi64x(position);
  // Outputs 0 1 4 5 and 2 3 6 7, so that their lower words interleave to 0 1 2 3 4 5 6 7.
  __m256i low = _mm256_add_epi64(start, _mm256_set_epi64x(5 * step, 4 * step, step, 0));
  __m256i high = _mm256_add_epi64(start, _mm256_set_epi64x(7 * step, 6 * step, 3 * step, 2 * step));
  std::size_t done = 0;
  for (; done + 8 <= out.size(); done += 8) {
    const auto first = static_cast<std::size_t>(position >> 32);
    const auto fifth = static_cast<std::size_t>((position + 4 * step) >> 32);
    if (fifth + 8 > clip.size()) break;
    // Four outputs at up to 1.5 samples a step reach 7 samples: one 128-bit load holds both neighbours of each.
    const __m256i samples = _mm256_set_m128i(_mm_loadu_si128(reinterpret_cast<const __m128i*>(clip.data() + fifth)),
                                             _mm_loadu_si128(reinterpret_cast<const __m128i*>(clip.data() + first)));
    const __m256i places = _mm256_castps_si256(_mm256_shuffle_ps(_mm256_castsi256_ps(_mm256_srli_epi64(low, 17)),
                                                                 _mm256_castsi256_ps(_mm256_srli_epi64(high, 17)),
                                                                 _MM_SHUFFLE(2, 0, 2, 0)));
    const __m256i fraction = _mm256_and_si256(places, _mm256_set1_epi32(0x7FFF));
    const __m256i at = _mm256_srli_epi32(places, 15);
    const __m256i offset = _mm256_sub_epi32(at, _mm256_shuffle_epi32(at, 0));
    const __m256i bytes =
        _mm256_add_epi32(_mm256_mullo_epi32(offset, _mm256_set1_epi32(0x02020202)), _mm256_set1_epi32(0x03020100));
    const __m256i pairs = _mm256_shuffle_epi8(samples, bytes);  // a below b in each 32 bits
    const __m256i weights = _mm256_sign_epi16(_mm256_or_si256(fraction, _mm256_slli_epi32(fraction, 16)),
                                              _mm256_set1_epi32(0x0001FFFF));  // -fraction for a, fraction for b
    const __m256i change = _mm256_srai_epi32(_mm256_madd_epi16(pairs, weights), 15);
    const __m256i a = _mm256_srai_epi32(_mm256_slli_epi32(pairs, 16), 16);
    const __m256i sum = _mm256_add_epi32(a, change);
    const __m256i packed = _mm256_permute4x64_epi64(_mm256_packs_epi32(sum, sum), _MM_SHUFFLE(3, 1, 2, 0));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out.data() + done), _mm256_castsi256_si128(packed));
    position += 8 * step;
    low = _mm256_add_epi64(low, steps);
    high = _mm256_add_epi64(high, steps);
  }
  return done;
}

std::size_t add_noise_lanes(std::span<const std::int16_t> noise, int volume, std::span<std::int16_t> out) {
  const __m256i factor = _mm256_set1_epi16(static_cast<std::int16_t>(volume));
  std::size_t done = 0;
  for (; done + 16 <= out.size(); done += 16) {
    auto* to = reinterpret_cast<__m256i*>(out.data() + done);
    const __m256i from = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(noise.data() + done));
    // mulhrs: (from * factor + 2^14) >> 15.
    _mm256_storeu_si256(to, _mm256_adds_epi16(_mm256_loadu_si256(to), _mm256_mulhrs_epi16(from, factor)));
  }
  return done;
}

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

}  // namespace kws
