// Included by the files whose networks store bfloat16, after avx512_text.h: a factor is two of them.

using Value = Bf16;
using Factors = __m512bh;

static inline __m512i widened(const Bf16* p) {
  return _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
static inline Vec load(const Bf16* p) { return _mm512_castsi512_ps(_mm512_slli_epi32(widened(p), 16)); }
/// Rounds to the nearest, ties to even.
static inline void store(Bf16* p, Vec x) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(x)));
}
/// A value as it would be loaded once stored.
static inline Vec as_kept(Vec x) {
  const auto rounded = reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(x));
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(rounded), 16));
}
/// Stores a value; returns it as it will be loaded.
static inline Vec kept(Bf16* p, Vec x) {
  const auto rounded = reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(x));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), rounded);
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(rounded), 16));
}
static inline Factors factors_at(const Bf16Pair* p) { return reinterpret_cast<Factors>(_mm512_loadu_si512(p)); }
static inline Factors factor_splat(Bf16Pair x) {
  return reinterpret_cast<Factors>(_mm512_set1_epi32(static_cast<int>(x)));
}
static inline Vec accumulate(Factors a, Factors b, Vec sum) { return _mm512_dpbf16_ps(sum, a, b); }
static inline void move(Bf16* to, const Bf16* from) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
}
