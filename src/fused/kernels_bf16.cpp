#include <immintrin.h>

#include "kernels.h"

namespace kws::fused {
namespace {

#include "avx512_text.h"

using Value = Bf16;
using Factors = __m512bh;

inline __m512i widened(const Bf16* p) {
  return _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
inline Vec load(const Bf16* p) { return _mm512_castsi512_ps(_mm512_slli_epi32(widened(p), 16)); }
/// Rounds to the nearest, ties to even.
inline void store(Bf16* p, Vec x) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(x)));
}
inline Factors factors_at(const Bf16Pair* p) { return reinterpret_cast<Factors>(_mm512_loadu_si512(p)); }
inline Factors factor_splat(Bf16Pair x) { return reinterpret_cast<Factors>(_mm512_set1_epi32(static_cast<int>(x))); }
inline Vec accumulate(Factors a, Factors b, Vec sum) { return _mm512_dpbf16_ps(sum, a, b); }
inline void move(Bf16* to, const Bf16* from) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
}

const Bf16* narrow(std::ptrdiff_t count, const float* from, Bf16* to) {
  for (std::ptrdiff_t i = 0; i < count; i += kLanes) store(to + i, load(from + i));
  return to;
}

const Bf16Pair* factors(std::ptrdiff_t rows, int pitch, const Bf16* from, std::ptrdiff_t from_row, Bf16Pair* to) {
  Bf16Pair* pairs = to;
  for (std::ptrdiff_t r = 0; r < rows; r += 2, from += 2 * from_row, pairs += pitch) {
    const bool alone = r + 1 == rows;
    for (int c = 0; c < pitch; c += kLanes) {
      const __m512i second = alone ? _mm512_setzero_si512() : _mm512_slli_epi32(widened(from + from_row + c), 16);
      _mm512_storeu_si512(pairs + c, _mm512_or_si512(widened(from + c), second));
    }
  }
  return to;
}

#include "kernels_text.h"

}  // namespace

const Kernels<Bf16>& bf16_kernels() { return kKernels; }

}  // namespace kws::fused
