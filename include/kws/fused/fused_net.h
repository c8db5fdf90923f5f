#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "kws/core/isa.h"
#include "kws/fused/parameters.h"
#include "kws/graph/graph.h"

namespace kws {

/// A network's training step in few passes over memory: batch norm and ReLU are applied where a value is read, batch
/// statistics are gathered where it is written, and every product runs on rows that lie in the cache. In float32, with
/// the same bits for avx2 and avx512; or, for avx512_bf16 and amx, with activations, their gradients and what products
/// read stored as bfloat16, while parameters, sums, batch norm, cell states, evaluation, and networks of dense layers
/// alone or with residuals stay in float32. Not for two threads at once.
class FusedNet {
 public:
  /// nullptr when a layer (or an order of layers) has no fused step, or for Isa::portable.
  ///   capacity  most clips of one batch
  ///   throws    Error (Exit::failed) where the CPU's AMX tiles do not multiply as they should
  static std::unique_ptr<FusedNet> make(const Graph& graph, const ParameterLayout& layout, int capacity, Isa isa);
  ~FusedNet();
  FusedNet(const FusedNet&) = delete;
  FusedNet& operator=(const FusedNet&) = delete;

  /// Mean cross-entropy of a batch with its targets, its gradient, and batch norm's running statistics moved on.
  ///   features    [clips][input elements] int8, read as value * kFeatureScale; 1 <= clips <= capacity
  ///   targets     [clips][classes], see targets.h
  ///   parameters, statistics, gradients  flat, see ParameterLayout; every gradient is written
  double step(std::span<const std::int8_t> features, std::span<const double> targets, std::span<const float> parameters,
              std::span<float> statistics, std::span<float> gradients);

  /// Evaluation with the running statistics, any number of clips; returns nothing but logits [clips][classes].
  void logits(std::span<const std::int8_t> features, std::span<const float> parameters,
              std::span<const float> statistics, std::span<float> out);

 private:
  struct Impl;
  explicit FusedNet(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace kws
