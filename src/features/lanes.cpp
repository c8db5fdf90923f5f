#include "lanes.h"

#include <algorithm>
#include <cmath>
#include <vector>

// Only this function's code may use AVX2; the program itself starts on any x86-64.
#pragma GCC push_options
#pragma GCC target("avx2")
#pragma GCC optimize("no-math-errno")

namespace kws {
namespace {

using kws_real = float __attribute__((vector_size(kLanes * sizeof(float))));
using kws_int = std::int32_t __attribute__((vector_size(kLanes * sizeof(std::int32_t))));

inline kws_int kws_bits(kws_real x) { return reinterpret_cast<kws_int>(x); }
inline kws_real kws_from_bits(kws_int x) { return reinterpret_cast<kws_real>(x); }
inline kws_real kws_to_real(kws_int x) { return __builtin_convertvector(x, kws_real); }
inline kws_real kws_sqrt(kws_real x) {
  kws_real root;
  for (int lane = 0; lane < kLanes; ++lane) root[lane] = std::sqrt(x[lane]);
  return root;
}
inline kws_real kws_max(kws_real x, float low) {
  return x > low ? x : kws_real{low, low, low, low, low, low, low, low};
}
inline kws_real gather(const std::int16_t* first, std::int32_t stride) {
  kws_real samples;
  for (int lane = 0; lane < kLanes; ++lane) samples[lane] = static_cast<float>(first[lane * stride]);
  return samples;
}
#define KWS_SAMPLE(pcm, i, stride) gather((pcm) + (i), stride)

#include "kws_frontend_frame.h"

}  // namespace

void frames_in_lanes(const kws_frontend& fe, const std::int16_t* pcm, int frames, float* out) {
  const int values = fe.coefficients == 0 ? fe.mel_bins : fe.coefficients;
  // A struct, because std::allocator does not see the alignment of a bare vector type.
  struct alignas(sizeof(kws_real)) Cell {
    kws_real value;
  };
  thread_local std::vector<Cell> cells;
  cells.resize(static_cast<std::size_t>(fe.fft));
  kws_real* const work = &cells.front().value;
  for (int first = 0; first < frames; first += kLanes) {
    // The last group repeats frames of the one before it rather than reading behind the clip.
    const int start = std::max(0, std::min(first, frames - kLanes));
    const kws_real* lanes = kws_frame(&fe, pcm + start * fe.stride, work);
    for (int lane = 0; lane < kLanes; ++lane) {
      float* frame = out + (start + lane) * values;
      for (int i = 0; i < values; ++i) frame[i] = lanes[i][lane];
    }
  }
}

}  // namespace kws
#pragma GCC pop_options

namespace kws {
bool lanes_supported() { return __builtin_cpu_supports("avx2") != 0; }
}  // namespace kws
