#pragma once

#include <vector>

namespace kws {

/// What passes, as a share of half the lower rate: 0.8 or 0.9, at twice the time.
enum class Quality { quick, good };

/// Band-limited change of the sampling rate, mono; about samples.size() * to_hz / from_hz samples.
std::vector<float> change_rate(const std::vector<float>& samples, int from_hz, int to_hz, Quality quality);

}  // namespace kws
