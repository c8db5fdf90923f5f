// Compiled for AVX-512 BF16 like the kernels, hence without the standard library's inline functions.
#include "emulated_tiles.h"

#include <immintrin.h>

namespace kws::fused {
namespace {

#include "../src/fused/ahead_text.h"
#include "../src/fused/avx512_text.h"
#include "../src/fused/bf16_text.h"
#include "../src/fused/tiles_text.h"

struct EmulatedTiles {
  static inline std::uint32_t tiles[8][kTile][kTile];

  static void clear(std::uint32_t (&tile)[kTile][kTile]) { __builtin_memset(tile, 0, sizeof tile); }
  template <int kIndex>
  static void zero() {
    clear(tiles[kIndex]);
  }
  template <int kIndex>
  static void load(const void* from, std::ptrdiff_t row_bytes) {
    for (int r = 0; r < kTile; ++r) {
      __builtin_memcpy(tiles[kIndex][r], static_cast<const char*>(from) + r * row_bytes, sizeof tiles[kIndex][r]);
    }
  }
  template <int kIndex>
  static void store(void* to, std::ptrdiff_t row_bytes) {
    for (int r = 0; r < kTile; ++r) {
      __builtin_memcpy(static_cast<char*>(to) + r * row_bytes, tiles[kIndex][r], sizeof tiles[kIndex][r]);
    }
  }
  static float as_float(std::uint32_t bits) { return __builtin_bit_cast(float, bits); }
  /// In the order of Intel's manual, "TDPBF16PS": the halves of the pairs by themselves, then what was there.
  template <int kSum, int kLeft, int kRight>
  static void multiply() {
    for (int m = 0; m < kTile; ++m) {
      for (int n = 0; n < kTile; ++n) {
        float lower = 0.0F, upper = 0.0F;
        for (int k = 0; k < kTile; ++k) {
          const std::uint32_t a = tiles[kLeft][m][k], b = tiles[kRight][k][n];
          lower = __builtin_fmaf(as_float(a << 16), as_float(b << 16), lower);
          upper = __builtin_fmaf(as_float(a & 0xFFFF0000U), as_float(b & 0xFFFF0000U), upper);
        }
        const float sum = as_float(tiles[kSum][m][n]) + (lower + upper);
        tiles[kSum][m][n] = __builtin_bit_cast(std::uint32_t, sum);
      }
    }
  }
};

}  // namespace
}  // namespace kws::fused

namespace kws::testing {

void emulated_gemm(const fused::Gemm<fused::Bf16Pair, float>& gemm) { fused::tile_gemm<fused::EmulatedTiles>(gemm); }
void emulated_gemm(const fused::Gemm<fused::Bf16Pair, fused::Bf16>& gemm) {
  fused::tile_gemm<fused::EmulatedTiles>(gemm);
}
void emulated_gemm_moments(const fused::Gemm<fused::Bf16Pair, fused::Bf16>& gemm, const fused::Moments& moments) {
  fused::tile_gemm_moments<fused::EmulatedTiles>(gemm, moments);
}
void emulated_gemm_masked(const fused::Gemm<fused::Bf16Pair, fused::Bf16>& gemm, const fused::Mask<fused::Bf16>& mask,
                          float* scratch) {
  fused::tile_gemm_masked<fused::EmulatedTiles>(gemm, mask, scratch);
}

}  // namespace kws::testing
