#include <immintrin.h>

#include "kernels.h"

namespace kws::fused {
namespace {

#include "avx512_text.h"
#include "bf16_text.h"

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
