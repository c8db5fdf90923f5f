#pragma once

#include "../src/fused/kernels.h"

namespace kws::testing {

/// The product as the AMX kernels compute it, on tiles that plain loops stand for. For CPUs with Isa::avx512_bf16.
void emulated_gemm(const fused::Gemm<fused::Bf16Pair, float>& gemm);
void emulated_gemm(const fused::Gemm<fused::Bf16Pair, fused::Bf16>& gemm);
void emulated_gemm_moments(const fused::Gemm<fused::Bf16Pair, fused::Bf16>& gemm, const fused::Moments& moments);
void emulated_gemm_masked(const fused::Gemm<fused::Bf16Pair, fused::Bf16>& gemm, const fused::Mask<fused::Bf16>& mask,
                          float* scratch);

}  // namespace kws::testing
