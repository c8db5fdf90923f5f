// Included by the files that are compiled for AVX-512: arithmetic on floats.

using Vec = __m512;
static constexpr int kLanes = 16;
static constexpr int kMostColumns = 4;  // registers of a tile's row

/// Rows of a tile: with its sums, a row of b and one value of a it fills the 32 registers.
static constexpr int tile_rows(int columns) { return columns == 4 ? 6 : 8; }

static inline Vec load(const float* p) { return _mm512_loadu_ps(p); }
static inline void store(float* p, Vec x) { _mm512_storeu_ps(p, x); }
static inline Vec splat(float x) { return _mm512_set1_ps(x); }
static inline Vec multiply_add(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }
static inline Vec maximum(Vec a, Vec b) { return _mm512_max_ps(a, b); }
static inline Vec minimum(Vec a, Vec b) { return _mm512_min_ps(a, b); }
static inline Vec magnitude(Vec x) { return _mm512_abs_ps(x); }
static inline Vec where_positive(Vec condition, Vec x) {
  return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(condition, _mm512_setzero_ps(), _CMP_GT_OQ), x);
}
static inline Vec nearest(Vec x) { return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
static inline Vec power_of_two(Vec n) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127)), 23));
}
