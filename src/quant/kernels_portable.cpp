// SSE2 is part of every x86-64; what it lacks is done lane by lane.
#include <emmintrin.h>

#include <cstring>

#include "arithmetic.h"
#include "kernels.h"

namespace kws::int8 {
namespace {

using Reg = __m128i;
using Cell = std::int16_t;
constexpr int kWord = 2;
#define OP(name) _mm_##name
#define SI(name) _mm_##name##_si128

inline Reg broadcast(const Cell* from) {
  std::int32_t word = 0;
  std::memcpy(&word, from, sizeof word);
  return _mm_set1_epi32(word);
}
inline Reg dot(Reg acc, Reg x, Reg weight) { return _mm_add_epi32(acc, _mm_madd_epi16(x, weight)); }

struct Factors {
  const std::int32_t *multiplier, *left, *right;  // [4]
};
inline Factors load_factors(const Scaling& s, int at) { return {s.multiplier + at, s.left + at, s.right + at}; }

inline Reg requantized(Reg acc, const Factors& factors) {
  alignas(Reg) std::int32_t lane[4];
  _mm_store_si128(reinterpret_cast<Reg*>(lane), acc);
  for (int i = 0; i < 4; ++i) lane[i] = requantize(lane[i], factors.multiplier[i], factors.left[i] - factors.right[i]);
  return _mm_load_si128(reinterpret_cast<const Reg*>(lane));
}

/// (a * b + 2^14) >> 15, never -32768 times itself
inline Reg mulhrs(Reg a, Reg b) {
  const Reg low = _mm_mullo_epi16(a, b), high = _mm_mulhi_epi16(a, b), round = _mm_set1_epi32(1 << 14);
  return _mm_packs_epi32(_mm_srai_epi32(_mm_add_epi32(_mm_unpacklo_epi16(low, high), round), 15),
                         _mm_srai_epi32(_mm_add_epi32(_mm_unpackhi_epi16(low, high), round), 15));
}
inline Reg minimum32(Reg a, Reg b) {
  const Reg above = _mm_cmpgt_epi32(a, b);
  return _mm_or_si128(_mm_and_si128(above, b), _mm_andnot_si128(above, a));
}
inline Reg gather(const std::int32_t* table, Reg index) {
  alignas(Reg) std::int32_t lane[4];
  _mm_store_si128(reinterpret_cast<Reg*>(lane), index);
  return _mm_setr_epi32(table[lane[0]], table[lane[1]], table[lane[2]], table[lane[3]]);
}

#include "kernels_text.h"

}  // namespace

const Kernels& portable_kernels() { return table; }

}  // namespace kws::int8
