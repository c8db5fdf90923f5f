#include <immintrin.h>

#include <algorithm>
#include <cstring>

#include "lanes.h"

// Only this file's code may use AVX-512; the program itself starts on any x86-64.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl")
#endif

namespace kws {
namespace {

constexpr int kLanes = 16;
using kws_real = float __attribute__((vector_size(kLanes * sizeof(float))));
inline kws_real kws_sqrt(kws_real x) { return _mm512_sqrt_ps(x); }
inline kws_real kws_max(kws_real x, float low) { return _mm512_max_ps(x, _mm512_set1_ps(low)); }

#include "lanes_text.h"

}  // namespace

void frames_avx512(const kws_frontend& fe, std::span<const std::int16_t* const> starts, float* out) {
  frames_in_lanes(fe, starts, out);
}

}  // namespace kws
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
