#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "families/random_design.h"
#include "fused/fused_step.h"
#include "fused/tensor_graphs.h"
#include "kws/fused/fused_net.h"
#include "kws/fused/rounded_net.h"
#include "kws/train/float_run.h"
#include "kws/train/plain_net.h"
#include "kws/train/trainer.h"

namespace kws {
namespace {

using testing::Batch;
using testing::distance;
using testing::float_isa;
using testing::Result;
using testing::stepped;

Result plain(const Graph& graph, NetState state, const Batch& batch, Precision precision) {
  const ParameterLayout layout(graph);
  Result result{0.0, std::vector<float>(layout.parameters()), {}};
  PlainNet net(graph, layout, state.parameters, result.gradients, state.statistics, precision);
  result.loss = net.step(batch.features, batch.targets);
  result.statistics = state.statistics;
  return result;
}

class FusedGradients : public ::testing::TestWithParam<std::string> {};

/// Gradients of `count` networks, network(i), against autograd's.
template <class Network>
void expect_gradients_of_autograd(int count, Rng& rng, const Network& network) {
  int corners = 0;
  for (int i = 0; i < count; ++i) {
    const Graph graph = network(i);
    const ParameterLayout layout(graph);
    NetState state = initial_state(graph, layout, rng.next());
    // Sub-bands scale by gamma's magnitude, whatever its sign.
    for (std::size_t k = 0; k < graph.layers().size(); ++k) {
      const std::ptrdiff_t gamma = layout.layers()[k].gamma;
      if (gamma >= 0) state.parameters[static_cast<std::size_t>(gamma)] = -0.5F;
    }
    const Batch batch(graph, 7, rng);
    const Result exact = plain(graph, state, batch, Precision::float64);
    const Result single = plain(graph, state, batch, Precision::float32_native);
    const Result result = stepped(graph, state, batch, float_isa());
    EXPECT_NEAR(result.loss, exact.loss, 1e-5 * exact.loss);
    EXPECT_LT(distance(result.statistics, single.statistics), 1e-5) << "design " << i;
    // Where a value falls within float32's rounding of a ReLU's corner, the gradient of LibTorch's own float32 jumps
    // away from the exact one, or that of parameters which are as little off; there ours may be on either side, and of
    // several corners on different ones: no further away than twice as far.
    const double off = distance(result.gradients, exact.gradients);
    double jump = distance(single.gradients, exact.gradients);
    Rng rounding({9});
    for (int k = 0; k < 8 && off > 1e-5 && jump <= 1e-4; ++k) {
      NetState near = state;
      for (float& value : near.parameters) value += static_cast<float>(rounding.uniform(-2e-7, 2e-7)) * value;
      jump = distance(plain(graph, near, batch, Precision::float64).gradients, exact.gradients);
    }
    const bool corner = off > 1e-5 && jump > 1e-4;
    if (corner) ++corners;
    const bool same_side = distance(result.gradients, single.gradients) < 1e-5;
    EXPECT_LT(off, corner ? (same_side ? 1.0 : 2.0 * jump) : 1e-5) << "design " << i;
  }
  EXPECT_LE(corners, count / 3);
}

TEST_P(FusedGradients, AreThoseOfAutogradForRandomDesigns) {
  test::RandomDesign random(7);
  Rng rng({8});
  expect_gradients_of_autograd(12, rng, [&](int) { return build_graph(random(GetParam())); });
}

TEST(FusedGradients, AreThoseOfAutogradForGraphsOfTensors) {
  Rng rng({27});
  expect_gradients_of_autograd(21, rng, [&](int i) { return testing::tensor_graph(i, rng); });
}

TEST(FusedGradients, AreThoseOfAutogradForConvolutionsOverTime) {
  Rng rng({31});
  expect_gradients_of_autograd(40, rng, [&](int) { return testing::over_time(rng); });
}

TEST_P(FusedGradients, LogitsAreThoseOfTheFoldedWeights) {
  test::RandomDesign random(13);
  Rng rng({14});
  const Graph graph = build_graph(random(GetParam()));
  const ParameterLayout layout(graph);
  NetState state = initial_state(graph, layout, 1);
  for (float& value : state.statistics) value = static_cast<float>(rng.uniform(0.5, 1.5));
  const Batch batch(graph, 25, rng);
  const auto net = FusedNet::make(graph, layout, 10, float_isa());
  std::vector<float> logits(25 * static_cast<std::size_t>(graph.output().elements()));
  net->logits(batch.features, state.parameters, state.statistics, logits);
  const Weights weights = folded(graph, layout, state.parameters, state.statistics);
  EXPECT_LT(distance(logits, run_float(graph, weights, batch.features)), 1e-5);
}

/// Mean cross entropy of an int8 network's outputs with smoothed labels.
double int8_loss(const Int8Model& int8, const Batch& batch, double smoothing) {
  const auto classes = static_cast<std::size_t>(int8.classes());
  std::vector<std::int8_t> logits(batch.labels.size() * classes);
  run_int8(int8, batch.features, logits);
  double loss = 0.0;
  for (std::size_t clip = 0; clip < batch.labels.size(); ++clip) {
    double sum = 0.0, mean = 0.0;
    const auto value = [&](std::size_t c) { return int8.layers.back().output.scale * logits[clip * classes + c]; };
    for (std::size_t c = 0; c < classes; ++c) {
      sum += std::exp(value(c));
      mean += value(c) / static_cast<double>(classes);
    }
    const double target = value(static_cast<std::size_t>(batch.labels[clip]));
    loss += std::log(sum) - (1.0 - smoothing) * target - smoothing * mean;
  }
  return loss / static_cast<double>(batch.labels.size());
}

/// A network on its way through training, with large weights so that rounding matters, and its int8 network.
struct Rounded {
  Graph graph;
  ParameterLayout layout;
  NetState state;
  Batch batch;
  Int8Model int8;

  Rounded(const Design& design, int clips, Rng& rng) : Rounded(build_graph(design), clips, rng) {
    const Weights weights = folded(graph, layout, state.parameters, state.statistics);
    int8 = quantize(graph, weights, calibrate(graph, weights, batch.features));
  }
  /// The scales of its outputs are all there is of its int8 network.
  Rounded(const Graph& from, int clips, Rng& rng)
      : graph(from), layout(graph), state(initial_state(graph, layout, rng.next())), batch(graph, clips, rng) {
    for (float& value : state.parameters) value *= 1.5F;
    // Batch norm follows the batch, lest nothing pass the ReLUs.
    for (int i = 0; i < 20 && !state.statistics.empty(); ++i) {
      state.statistics = testing::stepped(graph, state, batch, float_isa()).statistics;
    }
    const Ranges ranges = calibrate(graph, folded(graph, layout, state.parameters, state.statistics), batch.features);
    for (const Layer& layer : graph.layers()) {
      const auto [low, high] = ranges.at(layer.name);
      // A little wider, or the gate of a zero, 1/2, would lie in the middle of two steps.
      const double scale = 1.01 * std::max(static_cast<double>(high) - static_cast<double>(low), 1e-3) / 255.0;
      int8.layers.emplace_back().output = {scale,
                                           static_cast<int>(std::lround(-128.0 - static_cast<double>(low) / scale))};
    }
  }

  Result plain() {
    Result result{0.0, std::vector<float>(layout.parameters()), {}};
    PlainNet net(graph, layout, state.parameters, result.gradients, state.statistics, Precision::float32_native);
    net.round_as(int8);
    result.loss = net.step(batch.features, batch.targets);
    result.statistics = state.statistics;
    return result;
  }
  Result stepped() {
    Result result{0.0, std::vector<float>(layout.parameters(), NAN), state.statistics};
    const int clips = static_cast<int>(batch.labels.size());
    const auto net = RoundedNet::make(graph, layout, clips + 1, float_isa(), int8);
    result.loss = net->step(batch.features, batch.targets, state.parameters, state.statistics, result.gradients);
    return result;
  }
};

TEST_P(FusedGradients, RoundedStepSeesWhatTheInt8NetworkComputes) {
  test::RandomDesign random(17);
  Rng rng({18});
  double off = 0.0;
  std::size_t layers = 0;
  for (int i = 0; i < 4; ++i) {
    const Design design = random(GetParam());
    layers = build_graph(design).layers().size();
    Rounded net(design, 40, rng);
    const NetState before = net.state;
    const Result result = net.plain();
    const double real = int8_loss(net.int8, net.batch, 0.1);
    off += std::abs(result.loss - real) / real;
    EXPECT_EQ(result.statistics, before.statistics);
    EXPECT_TRUE(std::ranges::all_of(result.gradients, [](float g) { return std::isfinite(g); }));
    EXPECT_GT(distance(result.gradients, std::vector<float>(result.gradients.size())), 0.0);
  }
  // Each layer may differ by a step from the int8 network's, and bc_resnet has ninety of them.
  EXPECT_LT(off / 4.0, layers > 40 ? 0.04 : 0.01);
}

// Where a value lies within float32's error of the middle between two steps of its grid, either may be its rounding,
// and the rest of the network follows. So each design has a few batches, of which one at least must meet no such value.
template <class Network>
void expect_rounded_step_of_autograd(const Network& network, Rng& rng) {
  constexpr int kBatches = 32;
  double nearest = 1.0;
  for (int batch = 0; batch < kBatches && nearest > 1e-5; ++batch) {
    Rounded net(network, 1, rng);
    const Result exact = net.plain(), result = net.stepped();
    EXPECT_GT(distance(exact.gradients, std::vector<float>(exact.gradients.size())), 0.0);
    nearest = std::min(nearest, distance(result.gradients, exact.gradients));
    if (nearest < 1e-5) {
      EXPECT_NEAR(result.loss, exact.loss, 1e-5 * exact.loss);
    }
  }
  EXPECT_LT(nearest, 1e-5);
}

TEST_P(FusedGradients, RoundedStepIsThatOfAutograd) {
  test::RandomDesign random(23);
  Rng rng({24});
  for (int i = 0; i < 12; ++i) {
    SCOPED_TRACE("design " + std::to_string(i));
    expect_rounded_step_of_autograd(random(GetParam()), rng);
  }
}

TEST(FusedGradients, RoundedStepOfGraphsOfTensorsIsThatOfAutograd) {
  Rng rng({30});
  for (int i = 0; i < 21; ++i) {
    SCOPED_TRACE("network " + std::to_string(i));
    expect_rounded_step_of_autograd(testing::tensor_graph(i, rng), rng);
  }
}

INSTANTIATE_TEST_SUITE_P(AllTypes, FusedGradients, ::testing::ValuesIn(network_types()),
                         [](const auto& type) { return type.param; });

}  // namespace
}  // namespace kws
