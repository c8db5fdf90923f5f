#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "kws/fused/parameters.h"
#include "kws/graph/graph.h"
#include "kws/quant/int8_model.h"

namespace kws {

/// The float network of a graph in plain LibTorch operations, trainable or with folded weights for inference.
class FloatNet {
 public:
  /// Trainable, batch norm as in the graph. Works on the flat arrays of `layout`, which must outlive it; with kDouble
  /// on copies of them.
  FloatNet(const Graph& graph, const ParameterLayout& layout, std::span<float> parameters, std::span<float> gradients,
           std::span<float> statistics, torch::Dtype dtype);
  /// For inference: the folded weights, no batch norm.
  FloatNet(const Graph& graph, const Weights& weights);

  /// With kDouble: what autograd left in the copies, into the flat gradients.
  void collect_gradients() const;

  /// Called with each layer's output, [N, C, T, F].
  using Observer = std::function<void(const Layer& layer, const torch::Tensor& output)>;

  /// features [N, T, F C] float; returns logits [N, classes]. training: batch statistics, running ones updated.
  torch::Tensor forward(const torch::Tensor& features, bool training, const Observer& observer = {});
  /// The same with the rounding of an int8 network: weights, with batch norm by its running statistics folded in, at
  /// the scale of their row; outputs and recurrent states at those of `int8`. Rounding has the gradient 1, clipping 0.
  /// Source: Jacob et al., "Quantization and Training of Neural Networks", CVPR 2018, section 3.
  torch::Tensor forward_rounded(const torch::Tensor& features, const Int8Model& int8);

 private:
  /// Tensors of one layer; undefined where the layer has none.
  struct Slot {
    torch::Tensor weight, bias, recurrent_weight, projection_weight, peephole;
    torch::Tensor gamma, beta, mean, variance, scale;
    torch::Tensor& named(std::string_view parameter);
  };
  struct Forward;

  /// Output of layer i. Tensors that no later layer reads are let go by release().
  torch::Tensor apply(std::size_t i, const std::vector<torch::Tensor>& tensors, bool training, const Int8Layer* int8);
  void release(const Layer& layer, std::size_t i, std::vector<torch::Tensor>& tensors) const;

  Graph graph_;
  std::vector<Slot> slots_;
  torch::Dtype dtype_ = torch::kFloat;
  std::vector<std::pair<torch::Tensor, float*>> copies_;  // with the place of their gradient
};

/// int8 features to the network's input, [N, T, F C] float.
torch::Tensor to_input(std::span<const std::int8_t> features, Shape input);

}  // namespace kws
