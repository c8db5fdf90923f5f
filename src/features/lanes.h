#pragma once

#include <cstdint>
#include <span>

#include "kws_frontend.h"

namespace kws {

/// Float features of any frames, side by side in the lanes of registers; bit for bit what kws_frontend_frame gives.
///   starts  first sample of each frame, fe.window samples behind it; fe.window <= 1024, a multiple of 8
///   out     [frames][values], values = coefficients, or mel_bins for log-mel
using FramesInLanes = void(const kws_frontend& fe, std::span<const std::int16_t* const> starts, float* out);
FramesInLanes frames_avx2;    ///< eight at a time
FramesInLanes frames_avx512;  ///< sixteen

/// Features as int8, eight at a time (AVX2); bit for bit what kws_frontend_quantize gives for each frame.
///   values, out  [frames][coefficients], coefficients of fe.mean and fe.inverse_deviation
void quantize_avx2(const kws_frontend& fe, int coefficients, std::span<const float> values, std::int8_t* out);

}  // namespace kws
