#include "batch_norm.h"

#include <algorithm>
#include <cmath>

namespace kws::fused {

BatchNorm::BatchNorm(const LayerParameters& slot, int channels)
    : slot_(slot),
      channels_(channels),
      pitch_(padded(channels)),
      pivot_(pitch_),
      mean_(pitch_),
      scale_(pitch_),
      shift_(pitch_),
      mean_dz_(pitch_),
      slope_(pitch_),
      inverse_(static_cast<std::size_t>(pitch_)),
      sum_(static_cast<std::size_t>(pitch_)),
      product_(static_cast<std::size_t>(pitch_)) {}

void BatchNorm::clear_sums() {
  std::ranges::fill(sum_, 0.0);
  std::ranges::fill(product_, 0.0);
}

void BatchNorm::begin(const float* statistics) {
  // Sums about a value near the mean lose no digits.
  std::copy_n(statistics + slot_.mean, channels_, pivot_.data());
  clear_sums();
}

void BatchNorm::set(int channel, double mean, double variance, const float* parameters) {
  const double gamma = slot_.gamma >= 0 ? static_cast<double>(parameters[slot_.gamma + channel]) : 1.0;
  const double inverse = 1.0 / std::sqrt(variance + kNormEpsilon);
  const double beta = static_cast<double>(parameters[slot_.beta + channel]);
  inverse_[static_cast<std::size_t>(channel)] = inverse;
  mean_.data()[channel] = static_cast<float>(mean);
  scale_.data()[channel] = static_cast<float>(gamma * inverse);
  shift_.data()[channel] = static_cast<float>(beta - mean * gamma * inverse);
}

void BatchNorm::finish(std::ptrdiff_t rows, const float* parameters, float* statistics) {
  const auto count = static_cast<double>(rows);
  for (int c = 0; c < channels_; ++c) {
    const auto i = static_cast<std::size_t>(c);
    const double offset = sum_[i] / count;
    const double mean = static_cast<double>(pivot_.data()[c]) + offset;
    const double variance = std::max(0.0, product_[i] / count - offset * offset);
    set(c, mean, variance, parameters);
    float& running_mean = statistics[slot_.mean + c];
    float& running_variance = statistics[slot_.variance + c];
    const double unbiased = rows > 1 ? variance * count / (count - 1.0) : variance;
    running_mean += static_cast<float>(kNormMomentum * (mean - static_cast<double>(running_mean)));
    running_variance += static_cast<float>(kNormMomentum * (unbiased - static_cast<double>(running_variance)));
  }
  clear_sums();  // the backward pass adds up into the same arrays
}

void BatchNorm::use_running(const float* parameters, const float* statistics) {
  for (int c = 0; c < channels_; ++c) {
    set(c, static_cast<double>(statistics[slot_.mean + c]), static_cast<double>(statistics[slot_.variance + c]),
        parameters);
  }
}

NormGradient BatchNorm::gradient(std::ptrdiff_t rows, float* gradients) {
  const auto count = static_cast<double>(rows);
  for (int c = 0; c < channels_; ++c) {
    const auto i = static_cast<std::size_t>(c);
    mean_dz_.data()[c] = static_cast<float>(sum_[i] / count);
    slope_.data()[c] = static_cast<float>(inverse_[i] * inverse_[i] * product_[i] / count);
    gradients[slot_.beta + c] = static_cast<float>(sum_[i]);
    if (slot_.gamma >= 0) gradients[slot_.gamma + c] = static_cast<float>(product_[i] * inverse_[i]);
  }
  return {scale_.data(), mean_dz_.data(), slope_.data(), mean_.data()};
}

}  // namespace kws::fused
