#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "kws/core/isa.h"
#include "kws/fused/parameters.h"
#include "kws/graph/graph.h"
#include "kws/quant/int8_model.h"

namespace kws {

/// The training step of a network that sees the rounding of its int8 network: weights, with batch norm by its running
/// statistics folded in, at the scale of their row; outputs and recurrent states at those of the int8 network. In
/// float32, with the same bits for every instruction set. Not for two threads at once.
/// Source: Jacob et al., "Quantization and Training of Neural Networks", CVPR 2018, section 3.
class RoundedNet {
 public:
  /// nullptr where FusedNet::make() gives nullptr.
  ///   capacity  most clips of one batch
  ///   int8      of it the scales of outputs count, those of weights follow the weights
  static std::unique_ptr<RoundedNet> make(const Graph& graph, const ParameterLayout& layout, int capacity, Isa isa,
                                          const Int8Model& int8);
  ~RoundedNet();
  RoundedNet(const RoundedNet&) = delete;
  RoundedNet& operator=(const RoundedNet&) = delete;

  /// See FusedNet::step(); rounding has the gradient 1, clipping 0, and the statistics stay as they are.
  double step(std::span<const std::int8_t> features, std::span<const double> targets, std::span<const float> parameters,
              std::span<const float> statistics, std::span<float> gradients);

 private:
  struct Impl;
  explicit RoundedNet(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace kws
