// Included once per storage and instruction set by a file that defines for it
//   Value, and Vec, kLanes, load, store, splat, multiply_add and the others on floats;
//   Factors, factors_at, factor_splat, accumulate: what a product multiplies, kDepth values to a lane;
//   move, narrow, factors.
// Everything is static: the same text becomes other code in each.

constexpr int kSumRows = 64;  // rows added in float before they go to double

#define KWS_UNROLL _Pragma("GCC unroll 16")

static inline Vec lower_zero(Vec x) { return maximum(x, splat(0.0F)); }

static inline Vec activated(Vec y, Vec scale, Vec shift, bool relu) {
  const Vec x = multiply_add(y, scale, shift);
  return relu ? lower_zero(x) : x;
}

/// Hands out the cache lines of an Ahead in equal portions.
class Fetcher {
 public:
  Fetcher(Ahead ahead, std::ptrdiff_t portions)
      : next_(reinterpret_cast<const char*>(ahead.from)),
        end_(next_ + ahead.bytes),
        portion_((ahead.bytes / kLine + portions - 1) / portions * kLine) {}
  void fetch() {
    const char* const stop = end_ - next_ < portion_ ? end_ : next_ + portion_;
    for (; next_ < stop; next_ += kLine) _mm_prefetch(next_, _MM_HINT_T1);
  }

 private:
  static constexpr std::ptrdiff_t kLine = 64;
  const char* next_;
  const char* end_;
  std::ptrdiff_t portion_;
};

#include "cells_text.h"
#include "depthwise_text.h"
#include "gemm_text.h"
#include "patches_text.h"
#include "rows_text.h"

static constexpr Kernels<Value> kKernels = {
    gemm<float>, gemm<Value>, factors, narrow,    activate,           moments, sums,          norm_gradient,
    mask,        gather,      scatter, depthwise, depthwise_backward, lstm,    lstm_backward, gru,
    gru_backward};
