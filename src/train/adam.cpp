#include "kws/train/adam.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kws/core/wide.h"

namespace kws {

/// Sixteen sums side by side in a fixed order, which compilers can put into registers.
KWS_WIDE static double square_sum(const float* values, std::size_t count) {
  constexpr std::size_t kSums = 16;
  double sums[kSums] = {};
  std::size_t i = 0;
  for (; i + kSums <= count; i += kSums) {
    for (std::size_t j = 0; j < kSums; ++j) sums[j] += static_cast<double>(values[i + j]) * values[i + j];
  }
  for (; i < count; ++i) sums[0] += static_cast<double>(values[i]) * values[i];
  double total = 0.0;
  for (const double sum : sums) total += sum;
  return total;
}

namespace {
constexpr float kBeta1 = 0.9F;
constexpr float kBeta2 = 0.999F;
constexpr float kEpsilon = 1e-8F;

struct Scales {
  float gradient, rate, correction2, decay, follow;
};
}  // namespace

KWS_WIDE static void move(std::size_t count, const Scales& s, const float* __restrict gradients,
                          const float* __restrict decayed, float* __restrict p, float* __restrict m,
                          float* __restrict v, float* __restrict a) {
  for (std::size_t i = 0; i < count; ++i) {
    const float g = gradients[i] * s.gradient;
    m[i] = kBeta1 * m[i] + (1.0F - kBeta1) * g;
    v[i] = kBeta2 * v[i] + (1.0F - kBeta2) * g * g;
    p[i] -= s.rate * m[i] / (std::sqrt(v[i] * s.correction2) + kEpsilon) + s.decay * decayed[i] * p[i];
    a[i] += s.follow * (p[i] - a[i]);
  }
}

void Adam::update(std::span<float> parameters, std::span<const float> gradients, std::span<const float> decayed,
                  double rate, double weight_decay, double clip_norm, double average_decay) {
  ++step;
  const double norm = std::sqrt(square_sum(gradients.data(), gradients.size()));
  const auto steps = static_cast<double>(step);
  const Scales scales = {static_cast<float>(norm > clip_norm ? clip_norm / norm : 1.0),
                         static_cast<float>(rate / (1.0 - std::pow(0.9, steps))),
                         static_cast<float>(1.0 / (1.0 - std::pow(0.999, steps))),
                         static_cast<float>(rate * weight_decay), static_cast<float>(1.0 - average_decay)};
  move(parameters.size(), scales, gradients.data(), decayed.data(), parameters.data(), first.data(), second.data(),
       average.data());
}

double cosine_rate(double peak, std::int64_t step, std::int64_t steps) {
  const double warm_up = std::max(1.0, 0.02 * static_cast<double>(steps));
  const double done = static_cast<double>(step) / static_cast<double>(steps);
  const double warm = std::min(1.0, (static_cast<double>(step) + 1.0) / warm_up);
  return peak * warm * 0.5 * (1.0 + std::cos(std::numbers::pi * done));
}

double warm_average(double decay, std::int64_t step) {
  const auto n = static_cast<double>(step);
  return std::min(decay, (1.0 + n) / (10.0 + n));
}

}  // namespace kws
