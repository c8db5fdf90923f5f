#include "adam.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace kws {

void Adam::update(std::span<float> parameters, std::span<const float> gradients, std::span<const float> decayed,
                  double rate, double weight_decay, double clip_norm, double average_decay) {
  constexpr double kBeta1 = 0.9;
  constexpr double kBeta2 = 0.999;
  constexpr float kEpsilon = 1e-8F;
  ++step;
  double squares = 0.0;
  for (const float gradient : gradients) squares += static_cast<double>(gradient) * gradient;
  const double norm = std::sqrt(squares);
  const auto scale = static_cast<float>(norm > clip_norm ? clip_norm / norm : 1.0);
  const auto b1 = static_cast<float>(kBeta1);
  const auto b2 = static_cast<float>(kBeta2);
  const auto rate1 = static_cast<float>(rate / (1.0 - std::pow(kBeta1, static_cast<double>(step))));
  const auto correction2 = static_cast<float>(1.0 / (1.0 - std::pow(kBeta2, static_cast<double>(step))));
  const auto decay = static_cast<float>(rate * weight_decay);
  const auto follow = static_cast<float>(1.0 - average_decay);
  float* p = parameters.data();
  float* m = first.data();
  float* v = second.data();
  float* a = average.data();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const float g = gradients[i] * scale;
    m[i] = b1 * m[i] + (1.0F - b1) * g;
    v[i] = b2 * v[i] + (1.0F - b2) * g * g;
    p[i] -= rate1 * m[i] / (std::sqrt(v[i] * correction2) + kEpsilon) + decay * decayed[i] * p[i];
    a[i] += follow * (p[i] - a[i]);
  }
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
