#include <immintrin.h>

#include <cstring>

#include "kernels.h"

// Only this file's code may use AVX2; the program itself starts on any x86-64.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2")
#endif

namespace kws::int8 {
namespace {

using Cell = std::int16_t;
constexpr int kWord = 2;
#include "kernels_256.h"

inline Reg dot(Reg acc, Reg x, Reg weight) { return _mm256_add_epi32(acc, _mm256_madd_epi16(x, weight)); }

#include "kernels_text.h"

}  // namespace

const Kernels& avx2_kernels() { return table; }

}  // namespace kws::int8
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
