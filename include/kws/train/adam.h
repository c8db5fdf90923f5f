#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace kws {

/// Adam over one flat parameter array with decoupled weight decay and an exponential average of the weights, in one
/// loop. Source: Kingma and Ba 2015; Loshchilov and Hutter 2019 (decay).
struct Adam {
  std::vector<float> first, second;  ///< moments, as long as the parameters
  std::vector<float> average;        ///< of the weights
  std::int64_t step = 0;

  explicit Adam(std::size_t parameters) : first(parameters), second(parameters), average(parameters) {}

  /// One update. decayed [i] is 1 where weight decay applies. Gradients are scaled down to a norm of at most clip_norm.
  /// average_decay 0 makes the average equal to the parameters.
  void update(std::span<float> parameters, std::span<const float> gradients, std::span<const float> decayed,
              double rate, double weight_decay, double clip_norm, double average_decay);
};

/// Rate of a step under cosine decay from `peak` to 0, after a linear warm-up over the first 2 % of the steps.
double cosine_rate(double peak, std::int64_t step, std::int64_t steps);

/// Decay of a running average that follows quickly at first: min(decay, (1 + step) / (10 + step)).
double warm_average(double decay, std::int64_t step);

}  // namespace kws
