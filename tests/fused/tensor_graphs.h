#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "kws/core/rng.h"
#include "kws/graph/graph.h"

namespace kws::testing {

/// Graphs that are no chains, drawn small, in the manner of the families that have them.
class TensorGraph {
 public:
  explicit TensorGraph(Shape input) : graph_(input) {}
  [[nodiscard]] const Graph& graph() const { return graph_; }

  TensorId add(const Op& op) { return add(op, {graph_.last()}); }
  TensorId add(const Op& op, std::vector<TensorId> inputs) {
    return graph_.add("layer" + std::to_string(graph_.last()), op, std::move(inputs));
  }
  [[nodiscard]] TensorId last() const { return graph_.last(); }
  [[nodiscard]] Shape shape(TensorId tensor) const { return graph_.shape(tensor); }

 private:
  Graph graph_;
};

inline Conv2d pointwise(int filters, bool relu, Norm norm = Norm::affine) {
  return {.filters = filters, .kernel = {1, 1}, .stride = {1, 1}, .norm = norm, .relu = relu};
}

/// Temporal depthwise-separable residual blocks on [T, 1, C]; a block's skip passes a pointwise convolution where the
/// width changes.
inline Graph ds_tc_like(Rng& rng, bool corners = true) {
  const int coefficients = rng.between(10, 40);
  TensorGraph net({rng.between(30, 60), 1, coefficients});
  const auto temporal = [&](int stride) {
    const int kernel = 2 * rng.between(1, 7) + 1;
    const bool short_enough = net.shape(net.last()).time > 3 * kernel;
    return Depthwise2d{.kernel = {kernel, 1},
                       .stride = {stride, 1},
                       .padding = rng.below(2) == 0 ? Padding::same
                                  : short_enough    ? Padding::valid
                                                    : Padding::causal,
                       .norm = rng.below(2) == 0 ? Norm::affine : Norm::none,
                       .dilation = {stride == 1 ? rng.between(1, 3) : 1, 1}};
  };
  int width = rng.between(8, 40);
  net.add(temporal(2));
  net.add(pointwise(width, corners));
  for (int block = 0; block < 2; ++block) {
    const TensorId from = net.last();
    const int next = rng.below(2) == 0 ? width : rng.between(8, 40);
    net.add(temporal(1));
    net.add(pointwise(next, corners));
    net.add(temporal(1));
    const TensorId branch = net.add(pointwise(next, false));
    const TensorId skip = next == width ? from : net.add(pointwise(next, false), {from});
    net.add(Add{.relu = corners, .crop = true}, {branch, skip});
    width = next;
  }
  if (rng.below(2) == 0) net.add(Activate{corners ? Function::gate : Function::tanh});
  net.add(AvgPool2d{});
  net.add(Dense{.units = 5});
  return net.graph();
}

/// Temporal convolutions over all coefficients with residuals; the skip of a block with a stride has one as well.
inline Graph tc_resnet_like(Rng& rng, bool corners = true) {
  TensorGraph net({rng.between(30, 60), 1, rng.between(10, 40)});
  net.add(Conv2d{.filters = rng.between(8, 20), .kernel = {3, 1}, .stride = {1, 1}});
  for (int block = 0; block < 3; ++block) {
    const TensorId from = net.last();
    const int filters = rng.between(8, 36), stride = rng.between(1, 2);
    const auto conv = [&](int step, bool active) {
      return Conv2d{.filters = filters,
                    .kernel = {2 * rng.between(1, 4) + 1, 1},
                    .stride = {step, 1},
                    .norm = Norm::affine,
                    .relu = active,
                    .dilation = {step == 1 ? rng.between(1, 2) : 1, 1}};
    };
    net.add(conv(stride, corners));
    const TensorId branch = net.add(conv(1, false));
    Conv2d match = pointwise(filters, corners);
    match.stride = {stride, 1};
    const TensorId skip = net.add(match, {from});
    net.add(Add{.relu = corners}, {branch, skip});
  }
  net.add(AvgPool2d{});
  net.add(Dense{.units = 4});
  return net.graph();
}

/// Convolutions over time with any kernel, stride and padding, kernels shorter than their stride among them.
inline Graph over_time(Rng& rng) {
  TensorGraph net({rng.between(40, 60), 1, rng.between(2, 40)});
  for (int layer = 0; layer < 3; ++layer) {
    const int kernel = rng.between(1, 9), left = net.shape(net.last()).time;
    net.add(Conv2d{.filters = rng.between(2, 40),
                   .kernel = {kernel, 1},
                   .stride = {rng.between(1, left > 20 ? 4 : 2), 1},
                   .padding = rng.below(2) == 0 ? Padding::same
                              : left > kernel   ? Padding::valid
                                                : Padding::causal,
                   .norm = rng.below(3) == 0 ? Norm::none : Norm::affine,
                   .relu = rng.below(2) == 0});
  }
  if (rng.below(2) == 0) net.add(AvgPool2d{});
  net.add(Dense{.units = 4});
  return net.graph();
}

/// Broadcast residual blocks: a depthwise convolution over frequencies with sub-bands, its mean over them through a
/// temporal one, added back to every frequency. `smooth`: the function between the two.
inline Graph bc_resnet_like(Rng& rng, Function smooth, bool corners = true) {
  TensorGraph net({rng.between(12, 24), rng.between(17, 30), 1});
  int channels = rng.between(6, 20);
  net.add(Conv2d{.filters = channels, .kernel = {5, 5}, .stride = {1, 2}, .norm = Norm::affine, .relu = corners});
  for (int block = 0; block < 3; ++block) {
    const bool transition = block == 1;
    const TensorId from = net.last();
    if (transition) {
      channels = rng.between(6, 20);
      net.add(pointwise(channels, corners));
    }
    const TensorId spread = net.add(Depthwise2d{
        .kernel = {1, 3}, .stride = {1, transition ? 2 : 1}, .norm = Norm::affine, .bands = rng.between(1, 3)});
    net.add(AvgPool2d{.over_time = false}, {spread});
    net.add(Depthwise2d{.kernel = {3, 1},
                        .stride = {1, 1},
                        .padding = rng.below(2) == 0 ? Padding::same : Padding::causal,
                        .norm = Norm::affine,
                        .dilation = {1 << block, 1}});
    net.add(Activate{smooth});
    const TensorId branch = net.add(pointwise(channels, false, Norm::none));
    const TensorId whole = net.add(Add{.relu = corners && transition}, {spread, branch});
    if (!transition) net.add(Add{.relu = corners}, {whole, from});
  }
  // Frequencies without padding, dilated ones, and the mean over time beside the map it is of.
  const int left = net.shape(net.last()).freq;
  const TensorId map = net.add(Depthwise2d{.kernel = {3, std::min(left, 3)},
                                           .stride = {2, 1},
                                           .padding = {Padding::causal, Padding::valid},
                                           .norm = Norm::affine,
                                           .relu = corners});
  const TensorId steady = net.add(AvgPool2d{.over_freq = false});
  net.add(Add{}, {map, steady});
  net.add(Conv2d{.filters = 7, .kernel = {2, 2}, .stride = {1, 1}, .norm = Norm::affine, .dilation = {2, 2}});
  net.add(AvgPool2d{});
  net.add(pointwise(5, false, Norm::none));
  return net.graph();
}

constexpr Function kFunctions[] = {Function::relu, Function::relu6, Function::swish, Function::hard_swish,
                                   Function::tanh, Function::clip,  Function::gate};

/// One of each kind in turn; without corners, no value decides for a gradient by its sign.
inline Graph tensor_graph(int i, Rng& rng, bool corners = true) {
  if (i % 3 == 0) return ds_tc_like(rng, corners);
  if (i % 3 == 1) return tc_resnet_like(rng, corners);
  const bool smooth = i / 3 % 2 == 0;
  return bc_resnet_like(rng, corners ? kFunctions[i / 3 % 7] : smooth ? Function::swish : Function::tanh, corners);
}

}  // namespace kws::testing
