#pragma once

#include <cstdint>

#include "kws_frontend.h"

namespace kws {

constexpr int kLanes = 8;  ///< frames side by side in one AVX register

/// Float features of all frames of a clip, kLanes frames at a time; bit for bit what kws_frontend_frame gives.
///   out [frames, values], values = coefficients, or mel_bins for log-mel
void frames_in_lanes(const kws_frontend& fe, const std::int16_t* pcm, int frames, float* out);

/// Whether this CPU runs frames_in_lanes (AVX2).
bool lanes_supported();

}  // namespace kws
