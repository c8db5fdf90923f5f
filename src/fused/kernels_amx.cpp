#include <immintrin.h>

#include "kernels.h"

namespace kws::fused {
namespace {

#include "ahead_text.h"
#include "avx512_text.h"
#include "bf16_text.h"
#include "tiles_text.h"

/// In assembler, because GCC 12 believes of its tile intrinsics that they leave memory alone.
struct HardwareTiles {
  static void begin() {
    struct alignas(64) Config {
      std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
      std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
      std::uint8_t rows[16] = {kTile, kTile, kTile, kTile, kTile, kTile, kTile, kTile};
    };
    static_assert(sizeof(Config) == 64);
    static constexpr Config kConfig;
    asm volatile("ldtilecfg %0" : : "m"(kConfig));
  }
  static void end() { asm volatile("tilerelease"); }
  template <int kIndex>
  static void zero() {
    asm volatile("tilezero %%tmm%c0" : : "i"(kIndex));
  }
  template <int kIndex>
  static void load(const void* from, std::ptrdiff_t row_bytes) {
    asm volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(from), "r"(row_bytes), "i"(kIndex) : "memory");
  }
  template <int kIndex>
  static void store(void* to, std::ptrdiff_t row_bytes) {
    asm volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(to), "r"(row_bytes), "i"(kIndex) : "memory");
  }
  template <int kSum, int kLeft, int kRight>
  static void multiply() {
    asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSum), "i"(kLeft), "i"(kRight));
  }
};

}  // namespace

const Kernels<Bf16>& amx_kernels() {
  static const Kernels<Bf16> table = [] {
    Kernels<Bf16> kernels = bf16_kernels();
    kernels.begin = HardwareTiles::begin;
    kernels.end = HardwareTiles::end;
    kernels.gemm = tile_gemm<HardwareTiles, float>;
    kernels.gemm_kept = tile_gemm<HardwareTiles, Bf16>;
    kernels.gemm_moments = tile_gemm_moments<HardwareTiles>;
    kernels.gemm_masked = tile_gemm_masked<HardwareTiles>;
    return kernels;
  }();
  return table;
}

}  // namespace kws::fused
