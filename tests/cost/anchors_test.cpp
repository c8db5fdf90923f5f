#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "kws/core/error.h"
#include "kws/cost/cost.h"

namespace kws {
namespace {

/// An anchor as its source has it. Sources count gamma and beta of each batch norm (parameters_unfolded), and some what
/// no fold leaves. Memory is parameters at one byte and the largest layer's tensors, held ones included, two operations
/// stand for each multiply-accumulate.
struct Anchor {
  std::string name;
  double parameters;  ///< as published
  double tolerance;   ///< 0 where the source prints every digit, 1 % where it prints thousands
  int beyond;         ///< numbers that the source counts besides
  int classes;        ///< of the source's parameters; the figures behind them are of 12
  int frames;         ///< of a second: 101 with padding at both ends of the clip, as most sources have it
  double kib, mops;
  double held_kib = 0;  ///< tensors kept for a residual, which the figure before leaves out
};
const std::vector<Anchor>& anchors() {
  // SparkNet: the bias of its gates' convolution, in front of a batch norm. TC-ResNet: running means and variances.
  // ds_tc_small is in no source.
  static const std::vector<Anchor> table = {
      {"bc_resnet_0_625", 4585, 0, 0, 12, 101, 33.8, 2.49},
      {"bc_resnet_1", 9232, 0, 0, 12, 101, 55.9, 4.96},
      {"bc_resnet_1_5", 17.2e3, 0.01, 0, 12, 101, 87.1, 9.22},
      {"bc_resnet_2", 27.3e3, 0.01, 0, 12, 101, 120.4, 14.65},
      {"bc_resnet_3", 54.2e3, 0.01, 0, 12, 101, 193.5, 29.05},
      {"bc_resnet_8", 321068, 0, 0, 12, 101, 688.6, 171.8},
      {"matchboxnet_3x1x64", 77e3, 0.01, 0, 30, 101, 98, 14.5, 101 * 64 / 1024.0},
      {"matchboxnet_3x2x64", 93e3, 0.01, 0, 30, 101, 113, 17.6, 101 * 64 / 1024.0},
      {"sparknet_16", 4636, 0, 32, 12, 101, 10.7, 0.79},
      {"sparknet_32", 11500, 0, 32, 12, 101, 20.4, 2.13},
      {"tc_resnet14_1_5", 305e3, 0.01, 1608, 12, 98, 301, 13.4},
      {"tc_resnet8", 66e3, 0.01, 656, 12, 98, 68.7, 3.05},
  };
  return table;
}

Design anchor_named(const std::string& name) {
  for (Design& design : anchor_designs()) {
    if (design.name == name) return std::move(design);
  }
  throw Error("no anchor " + name);
}

Cost cost_of(const Design& design, int frames, int classes) {
  Graph graph({.time = frames, .freq = design.features.coefficients, .channels = 1});
  design.network.add_layers(graph, classes);
  return hello_edge_cost(graph);
}

TEST(Anchors, HaveTheFiguresOfTheirSources) {
  for (const Anchor& anchor : anchors()) {
    const Design design = anchor_named(anchor.name);
    const Cost as_published = cost_of(design, anchor.frames, anchor.classes);
    EXPECT_NEAR(static_cast<double>(as_published.parameters_unfolded + anchor.beyond), anchor.parameters,
                anchor.tolerance * anchor.parameters)
        << anchor.name;
    const Cost cost = cost_of(design, anchor.frames, 12);
    // 2 %: the sources' figures have three digits at most.
    const double kib = anchor.kib + anchor.held_kib;
    EXPECT_NEAR(static_cast<double>(cost.memory_bytes) / 1024, kib, 0.02 * kib) << anchor.name;
    EXPECT_NEAR(2e-6 * static_cast<double>(cost.macs), anchor.mops, 0.02 * anchor.mops) << anchor.name;
  }
  EXPECT_EQ(anchors().size() + 1, anchor_designs().size());
}

TEST(Anchors, UnfoldedParametersHaveTwoForEachAffineNorm) {
  Graph graph({.time = 9, .freq = 8, .channels = 1});
  graph.add("conv", Conv2d{.filters = 5, .kernel = {3, 3}, .stride = {1, 1}, .norm = Norm::affine, .relu = true})
      .add("dw", Depthwise2d{.kernel = {3, 1}, .stride = {1, 1}})
      .add("banded", Depthwise2d{.kernel = {1, 3}, .stride = {1, 1}, .norm = Norm::affine, .bands = 4})
      .add("pw", Conv2d{.filters = 6, .kernel = {1, 1}, .stride = {1, 1}, .norm = Norm::beta})
      .add("logits", Dense{.units = 2});
  const Cost cost = hello_edge_cost(graph);
  EXPECT_EQ(cost.layers[0].parameters, 45 + 5);
  EXPECT_EQ(cost.layers[0].parameters_unfolded, 45 + 10);
  EXPECT_EQ(cost.layers[1].parameters_unfolded, 15) << "its bias is what the next layer has";
  EXPECT_EQ(cost.layers[2].parameters, 15 + 20 + 20);
  EXPECT_EQ(cost.layers[2].parameters_unfolded, 15 + 40);
  EXPECT_EQ(cost.layers[3].parameters_unfolded, 30 + 6);
  EXPECT_EQ(cost.layers[4].parameters_unfolded, cost.layers[4].parameters);
}

}  // namespace
}  // namespace kws
