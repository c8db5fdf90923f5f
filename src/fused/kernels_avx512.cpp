#include <immintrin.h>

#include "kernels.h"

namespace kws::fused {
namespace {

#include "avx512_text.h"
#include "float_text.h"
#include "kernels_text.h"

}  // namespace

const Kernels<float>& avx512_kernels() { return kKernels; }

}  // namespace kws::fused
