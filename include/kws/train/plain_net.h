#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "kws/fused/parameters.h"
#include "kws/graph/graph.h"
#include "kws/quant/int8_model.h"

namespace kws {

class FloatNetwork;

/// Threads of LibTorch's operations that the calling thread starts; the setting belongs to that thread.
void use_plain_threads(int threads);

enum class Precision {
  float32,  ///< trains: works on the flat arrays themselves
  /// The same without oneDNN, whose gradients of some convolutions LibTorch 1.13 has written beyond their end on a CPU
  /// with AVX2 alone.
  float32_native,
  float64,  ///< oracle of the gradients: parameters are copied when it is made, running statistics stay as they are
};

/// float32_native where the CPU has no AVX-512, else float32.
Precision training_precision();

/// FusedNet's step in plain LibTorch operations and autograd: its oracle, and what trains where it cannot.
class PlainNet {
 public:
  /// The flat arrays of `layout` must outlive it.
  PlainNet(const Graph& graph, const ParameterLayout& layout, std::span<float> parameters, std::span<float> gradients,
           std::span<float> statistics, Precision precision = Precision::float32);
  ~PlainNet();
  PlainNet(const PlainNet&) = delete;
  PlainNet& operator=(const PlainNet&) = delete;

  /// From now on steps see the rounding of such a network, and batch norm with its running statistics, which stay as
  /// they are; float32 only. Of `int8` the scales of outputs count, those of weights follow the weights.
  void round_as(Int8Model int8);
  /// See FusedNet::step().
  double step(std::span<const std::int8_t> features, std::span<const double> targets);

 private:
  std::unique_ptr<FloatNetwork> net_;
  std::optional<Int8Model> int8_;
};

}  // namespace kws
