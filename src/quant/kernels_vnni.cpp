#include <immintrin.h>

#include <cstring>

#include "kernels.h"

// Only this file's code may use AVX-512 VNNI; the program itself starts on any x86-64. 256 bits, because 512 would pad
// channels to 64; the sixteen further registers and the products of bytes are what counts.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))), \
                             apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")
#endif

namespace kws::int8 {
namespace {

using Cell = std::uint8_t;
constexpr int kWord = 4;
#include "kernels_256.h"

/// Unsigned inputs by signed weights; the engine takes the 128 that every input has too much out of the bias.
inline Reg dot(Reg acc, Reg x, Reg weight) { return _mm256_dpbusd_epi32(acc, x, weight); }

#include "kernels_text.h"

}  // namespace

const Kernels& vnni_kernels() { return table; }

}  // namespace kws::int8
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
