#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "kws/graph/graph.h"

namespace kws {

/// The float network of a graph. All parameters lie in one flat tensor, all batch-norm statistics in another, so that
/// optimiser, averaging and checkpoints are loops over plain arrays.
class FloatNet {
 public:
  /// Trainable, batch norm as in the graph, initialised from `seed` (see initialise() in float_net.cpp).
  FloatNet(const Graph& graph, std::uint64_t seed);
  /// For inference: the folded weights, no batch norm.
  FloatNet(const Graph& graph, const Weights& weights);

  /// Called with each layer's output, [N, C, T, F].
  using Observer = std::function<void(const Layer& layer, const torch::Tensor& output)>;

  /// features [N, T, F] float; returns logits [N, classes]. training: batch statistics, running ones updated.
  torch::Tensor forward(const torch::Tensor& features, bool training, const Observer& observer = {});

  torch::Tensor& parameters() { return parameters_; }
  torch::Tensor& gradients() { return gradients_; }
  torch::Tensor& statistics() { return statistics_; }
  /// 1 where weight decay applies (matrices and kernels), else 0; as long as parameters().
  [[nodiscard]] const torch::Tensor& decayed() const { return decayed_; }

  /// Inference weights: batch norm folded into weight and bias.
  [[nodiscard]] Weights folded() const;

 private:
  /// Tensors of one layer, views into the flat ones; undefined where the layer has none.
  struct Slot {
    torch::Tensor weight, bias, recurrent_weight, projection_weight, peephole;
    torch::Tensor gamma, beta, mean, variance;
  };
  struct Forward;
  struct Initialise;
  void lay_out(bool with_norm);

  Graph graph_;
  std::vector<Slot> slots_;
  torch::Tensor parameters_, gradients_, statistics_, decayed_;
};

/// int8 features to the network's input, [N, T, F] float.
torch::Tensor to_input(std::span<const std::int8_t> features, Shape input);

}  // namespace kws
