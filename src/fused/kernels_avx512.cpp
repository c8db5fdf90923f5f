#include <immintrin.h>

#include "kernels.h"

namespace kws::fused {
namespace {

using Vec = __m512;
constexpr int kLanes = 16;
constexpr int kMostColumns = 4;  // registers of a tile's row

/// Rows of a tile: with its sums, a row of b and one value of a it fills the 32 registers.
constexpr int tile_rows(int columns) { return columns == 4 ? 6 : 8; }

inline Vec load(const float* p) { return _mm512_loadu_ps(p); }
inline void store(float* p, Vec x) { _mm512_storeu_ps(p, x); }
inline Vec splat(float x) { return _mm512_set1_ps(x); }
inline Vec multiply_add(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }
inline Vec maximum(Vec a, Vec b) { return _mm512_max_ps(a, b); }
inline Vec minimum(Vec a, Vec b) { return _mm512_min_ps(a, b); }
inline Vec magnitude(Vec x) { return _mm512_abs_ps(x); }
inline Vec where_positive(Vec condition, Vec x) {
  return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(condition, _mm512_setzero_ps(), _CMP_GT_OQ), x);
}
inline Vec nearest(Vec x) { return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
inline Vec power_of_two(Vec n) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127)), 23));
}

#include "kernels_text.h"

}  // namespace

const Kernels& avx512_kernels() { return kKernels; }

}  // namespace kws::fused
