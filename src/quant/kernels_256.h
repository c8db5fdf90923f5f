// What the kernels of both 256-bit instruction sets have in common; included like kernels_text.h.

using Reg = __m256i;
#define OP(name) _mm256_##name
#define SI(name) _mm256_##name##_si256

struct Factors {
  Reg left, even, odd, half, away, right;  // even, odd: multipliers of those lanes in the lower halves of 64 bit
};
inline Factors load_factors(const Scaling& s, int at) {
  const auto load = [at](const std::int32_t* from) {
    return _mm256_loadu_si256(reinterpret_cast<const Reg*>(from + at));
  };
  const Reg multiplier = load(s.multiplier);
  return {load(s.left), multiplier, _mm256_srli_epi64(multiplier, 32), load(s.half), load(s.away), load(s.right)};
}

/// requantize() in 8 lanes. The accumulator's bound in int8_model.h keeps h + half inside 32 bit.
inline Reg requantized(Reg acc, const Factors& factors) {
  const Reg x = _mm256_sllv_epi32(acc, factors.left);
  const Reg round = _mm256_set1_epi64x(std::int64_t{1} << 30);
  const Reg even = _mm256_add_epi64(_mm256_mul_epi32(x, factors.even), round);
  const Reg odd = _mm256_add_epi64(_mm256_mul_epi32(_mm256_srli_epi64(x, 32), factors.odd), round);
  const Reg h = _mm256_blend_epi32(_mm256_srli_epi64(even, 31), _mm256_slli_epi64(odd, 1), 0xAA);
  const Reg away = _mm256_and_si256(_mm256_srai_epi32(h, 31), factors.away);
  return _mm256_srav_epi32(_mm256_add_epi32(_mm256_add_epi32(h, factors.half), away), factors.right);
}

inline Reg broadcast(const Cell* from) {
  std::int32_t word = 0;
  std::memcpy(&word, from, sizeof word);
  return _mm256_set1_epi32(word);
}
inline Reg mulhrs(Reg a, Reg b) { return _mm256_mulhrs_epi16(a, b); }
inline Reg minimum32(Reg a, Reg b) { return _mm256_min_epi32(a, b); }
inline Reg gather(const std::int32_t* table, Reg index) { return _mm256_i32gather_epi32(table, index, 4); }
