#include <immintrin.h>

#include "kernels.h"

namespace kws::fused {
namespace {

using Vec = __m256;
constexpr int kLanes = 8;
constexpr int kMostColumns = 2;  // registers of a tile's row

/// Rows of a tile: with its sums, a row of b and one value of a it fills the 16 registers.
constexpr int tile_rows(int columns) { return columns == 2 ? 6 : 8; }

inline Vec load(const float* p) { return _mm256_loadu_ps(p); }
inline void store(float* p, Vec x) { _mm256_storeu_ps(p, x); }
inline Vec splat(float x) { return _mm256_set1_ps(x); }
inline Vec multiply_add(Vec a, Vec b, Vec c) { return _mm256_fmadd_ps(a, b, c); }
inline Vec maximum(Vec a, Vec b) { return _mm256_max_ps(a, b); }
inline Vec minimum(Vec a, Vec b) { return _mm256_min_ps(a, b); }
inline Vec magnitude(Vec x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0F), x); }
inline Vec where_positive(Vec condition, Vec x) {
  return _mm256_and_ps(_mm256_cmp_ps(condition, _mm256_setzero_ps(), _CMP_GT_OQ), x);
}
inline Vec nearest(Vec x) { return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
inline Vec power_of_two(Vec n) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23));
}

#include "float_text.h"
#include "kernels_text.h"

}  // namespace

const Kernels<float>& avx2_kernels() { return kKernels; }

}  // namespace kws::fused
