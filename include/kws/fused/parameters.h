#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "kws/graph/graph.h"

namespace kws {

constexpr double kNormEpsilon = 1e-3;   ///< added to batch norm's variance, as in the published code
constexpr double kNormMomentum = 0.04;  ///< of its running statistics: the published decay of 0.96

/// Where one layer's numbers lie in the flat arrays of a trainable network; kAbsent where it has none.
struct LayerParameters {
  static constexpr std::ptrdiff_t kAbsent = -1;
  std::ptrdiff_t weight = kAbsent, bias = kAbsent, recurrent_weight = kAbsent, projection_weight = kAbsent,
                 peephole = kAbsent,
                 scale = kAbsent;                     ///< shapes as in parameters_of(layer); under batch norm no scale
  std::ptrdiff_t beta = kAbsent, gamma = kAbsent;     ///< [norm_size(layer)]; without gamma it is 1
  std::ptrdiff_t mean = kAbsent, variance = kAbsent;  ///< the same, in the array of statistics
  /// By the name that parameters_of() gives it.
  [[nodiscard]] std::ptrdiff_t named(std::string_view parameter) const;
};

/// All trainable parameters of a network in one flat array, batch norm's running statistics in another, so that
/// optimiser, averaging and checkpoints are loops over plain arrays. A layer with batch norm has no bias: the norm
/// would take it away again, and no scale beside sub-bands, which the norm has.
class ParameterLayout {
 public:
  explicit ParameterLayout(const Graph& graph);

  [[nodiscard]] const std::vector<LayerParameters>& layers() const { return layers_; }
  [[nodiscard]] std::size_t parameters() const { return decayed_.size(); }
  [[nodiscard]] std::size_t statistics() const { return statistics_; }
  /// 1 where weight decay applies (matrices and kernels), else 0; [parameters()]
  [[nodiscard]] std::span<const float> decayed() const { return decayed_; }

 private:
  std::vector<LayerParameters> layers_;
  std::vector<float> decayed_;
  std::size_t statistics_ = 0;
};

/// Numbers of a trainable network at one moment.
struct NetState {
  std::vector<float> parameters, statistics;
};

/// Glorot-uniform weights, zero biases but 1 for forget, reset and update gates, gamma 1, beta 0, mean 0, variance 1.
NetState initial_state(const Graph& graph, const ParameterLayout& layout, std::uint64_t seed);

/// Inference weights: batch norm with its running statistics folded into weight and bias.
Weights folded(const Graph& graph, const ParameterLayout& layout, std::span<const float> parameters,
               std::span<const float> statistics);

/// Batch norm of a convolution or dense layer, Norm::none for every other one.
Norm norm_of(const Op& op);
/// Bands of its sub-spectral norm, 1 without. With more than one, what scales is gamma's magnitude: int8 multipliers
/// have no sign.
int bands_of(const Op& op);
/// Numbers of beta, gamma, mean and variance each: [bands][channels].
int norm_size(const Layer& layer);

}  // namespace kws
