#include "batch_norm.h"

#include <algorithm>
#include <cmath>

namespace kws::fused {

namespace {

/// Places of one norm's numbers in the vectors for readers.
struct Columns {
  int first, step, count;
  /// Sum of an array's values there.
  [[nodiscard]] double sum(const std::vector<double>& values) const {
    double total = 0.0;
    for (int i = 0; i < count; ++i) total += values.data()[first + i * step];
    return total;
  }
  void fill(Buffer<float>& values, double value) const {
    for (int i = 0; i < count; ++i) values.data()[first + i * step] = static_cast<float>(value);
  }
};

}  // namespace

BatchNorm::BatchNorm(const LayerParameters& slot, Axis channels, Bands bands)
    : slot_(slot),
      channels_(channels),
      bands_(bands),
      pitch_(bands.freq * channels.pitch),
      pivot_(pitch_),
      mean_(pitch_),
      scale_(pitch_),
      shift_(pitch_),
      mean_dz_(pitch_),
      slope_(pitch_),
      inverse_(static_cast<std::size_t>(bands.bands) * static_cast<std::size_t>(channels.size)),
      sum_(static_cast<std::size_t>(pitch_)),
      product_(static_cast<std::size_t>(pitch_)) {}

template <class Visit>
void BatchNorm::each_norm(const Visit& visit) const {
  const int step = channels_.pitch;
  for (int first = 0; first < bands_.freq;) {
    const int band = bands_.of(first);
    int end = first + 1;
    while (end < bands_.freq && bands_.of(end) == band) ++end;
    for (int c = 0; c < channels_.size; ++c)
      visit(band * channels_.size + c, Columns{first * step + c, step, end - first});
    first = end;
  }
}

void BatchNorm::clear_sums() {
  std::ranges::fill(sum_, 0.0);
  std::ranges::fill(product_, 0.0);
}

void BatchNorm::begin(const float* statistics) {
  // Sums about a value near the mean lose no digits.
  each_norm([&](int norm, const Columns& at) { at.fill(pivot_, static_cast<double>(statistics[slot_.mean + norm])); });
  clear_sums();
}

double BatchNorm::gamma(int norm, const float* parameters) const {
  if (slot_.gamma < 0) return 1.0;
  const auto gamma = static_cast<double>(parameters[slot_.gamma + norm]);
  return bands_.bands > 1 ? std::abs(gamma) : gamma;
}

template <class At>
void BatchNorm::set(int norm, const At& at, double mean, double variance, const float* parameters) {
  const double inverse = 1.0 / std::sqrt(variance + kNormEpsilon);
  const double scale = gamma(norm, parameters) * inverse;
  inverse_[static_cast<std::size_t>(norm)] = inverse;
  at.fill(mean_, mean);
  at.fill(scale_, scale);
  at.fill(shift_, static_cast<double>(parameters[slot_.beta + norm]) - mean * scale);
}

void BatchNorm::finish(std::ptrdiff_t rows, const float* parameters, float* statistics) {
  each_norm([&](int norm, const Columns& at) {
    const double count = static_cast<double>(rows) * at.count;
    const double offset = at.sum(sum_) / count;
    const double mean = static_cast<double>(pivot_.data()[at.first]) + offset;
    const double variance = std::max(0.0, at.sum(product_) / count - offset * offset);
    set(norm, at, mean, variance, parameters);
    float& running_mean = statistics[slot_.mean + norm];
    float& running_variance = statistics[slot_.variance + norm];
    const double unbiased = count > 1.0 ? variance * count / (count - 1.0) : variance;
    running_mean += static_cast<float>(kNormMomentum * (mean - static_cast<double>(running_mean)));
    running_variance += static_cast<float>(kNormMomentum * (unbiased - static_cast<double>(running_variance)));
  });
  clear_sums();  // the backward pass adds up into the same arrays
}

void BatchNorm::use_running(const float* parameters, const float* statistics) {
  each_norm([&](int norm, const Columns& at) {
    set(norm, at, static_cast<double>(statistics[slot_.mean + norm]),
        static_cast<double>(statistics[slot_.variance + norm]), parameters);
  });
}

void BatchNorm::use_given(const float* parameters) {
  each_norm([&](int norm, const Columns& at) {
    at.fill(mean_, 0.0);
    at.fill(scale_, static_cast<double>(parameters[slot_.scale + norm]));
    at.fill(shift_, static_cast<double>(parameters[slot_.bias + norm]));
  });
  clear_sums();
}

NormGradient BatchNorm::gradient(std::ptrdiff_t rows, const float* parameters, float* gradients) {
  each_norm([&](int norm, const Columns& at) {
    const double count = static_cast<double>(rows) * at.count, inverse = inverse_[static_cast<std::size_t>(norm)];
    const double sum = at.sum(sum_), product = at.sum(product_);
    if (slot_.mean < 0) {  // nothing depends on the batch
      gradients[slot_.bias + norm] = static_cast<float>(sum);
      gradients[slot_.scale + norm] = static_cast<float>(product);
      return;
    }
    at.fill(mean_dz_, sum / count);
    at.fill(slope_, inverse * inverse * product / count);
    gradients[slot_.beta + norm] = static_cast<float>(sum);
    if (slot_.gamma < 0) return;
    const bool turned = bands_.bands > 1 && parameters[slot_.gamma + norm] < 0.0F;
    gradients[slot_.gamma + norm] = static_cast<float>((turned ? -product : product) * inverse);
  });
  return {scale_.data(), mean_dz_.data(), slope_.data(), mean_.data()};
}

}  // namespace kws::fused
