#include <gtest/gtest.h>

#include "../src/fused/fused_steps.h"
#include "families/random_design.h"
#include "fused/fused_step.h"
#include "fused/tensor_graphs.h"
#include "kws/fused/rounded_net.h"

// Against autograd the steps are tested in tests/train/fused_test.cpp; what stands here needs no LibTorch and runs
// under the sanitizers.
namespace kws {
namespace {

using testing::Batch;
using testing::distance;
using testing::float_isa;
using testing::Result;
using testing::stepped;

class FusedNetTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (best_isa() == Isa::portable) GTEST_SKIP() << "this CPU has no fused instruction set";
  }
};

TEST_P(FusedNetTest, LossFallsAlongTheGradient) {
  test::RandomDesign random(15);
  Rng rng({16});
  for (int i = 0; i < 2; ++i) {
    const Graph graph = build_graph(random(GetParam()));
    NetState state = initial_state(graph, ParameterLayout(graph), rng.next());
    const Batch batch(graph, 5, rng);
    const Result before = stepped(graph, state, batch, float_isa());
    double squares = 0.0;
    for (const float g : before.gradients) squares += static_cast<double>(g) * g;
    // A step that should lower the loss by a thousandth, to first order.
    const double rate = 1e-3 * before.loss / squares;
    for (std::size_t p = 0; p < state.parameters.size(); ++p) {
      state.parameters[p] -= static_cast<float>(rate * before.gradients[p]);
    }
    const Result after = stepped(graph, state, batch, float_isa());
    EXPECT_NEAR(before.loss - after.loss, 1e-3 * before.loss, 3e-4 * before.loss) << "design " << i;
  }
}

/// By these kernels, whatever the network's own are.
Result stepped_by(const fused::Kernels<float>& kernels, const Graph& graph, const NetState& state, const Batch& batch) {
  const ParameterLayout layout(graph);
  fused::FusedSteps<float> steps(graph, static_cast<int>(batch.labels.size()), kernels);
  EXPECT_TRUE(steps.build(graph, layout));
  Result result{0.0, std::vector<float>(layout.parameters(), NAN), state.statistics};
  const std::vector<double> targets = smoothed_targets(batch.labels, graph.output().elements(), 0.1);
  result.loss = steps.step(batch.features, targets, state.parameters, result.statistics, result.gradients);
  return result;
}

void expect_same_bits(const Graph& graph, const NetState& state, const Batch& batch) {
  const Result narrow = stepped_by(fused::avx2_kernels(), graph, state, batch);
  const Result wide = stepped_by(fused::avx512_kernels(), graph, state, batch);
  EXPECT_EQ(narrow.loss, wide.loss);
  EXPECT_EQ(narrow.gradients, wide.gradients);
  EXPECT_EQ(narrow.statistics, wide.statistics);
}

TEST_P(FusedNetTest, GradientsAreTheSameBitsForEveryInstructionSet) {
  if (!supported(Isa::avx512)) GTEST_SKIP() << "this CPU has one fused instruction set at most";
  test::RandomDesign random(9);
  Rng rng({10});
  for (int i = 0; i < 2; ++i) {
    const Graph graph = build_graph(random(GetParam()));
    const NetState state = initial_state(graph, ParameterLayout(graph), rng.next());
    expect_same_bits(graph, state, Batch(graph, 10, rng));
  }
}

TEST(FusedNet, GradientsOfGraphsOfTensorsAreTheSameBitsForEveryInstructionSet) {
  if (!supported(Isa::avx512)) GTEST_SKIP() << "this CPU has one fused instruction set at most";
  Rng rng({28});
  for (int i = 0; i < 21; ++i) {
    const Graph graph = testing::tensor_graph(i, rng);
    const NetState state = initial_state(graph, ParameterLayout(graph), rng.next());
    expect_same_bits(graph, state, Batch(graph, 6, rng));
  }
}

TEST(FusedNet, GradientsOverTimeAreTheSameBitsForEveryInstructionSet) {
  if (!supported(Isa::avx512)) GTEST_SKIP() << "this CPU has one fused instruction set at most";
  Rng rng({32});
  for (int i = 0; i < 10; ++i) {
    const Graph graph = testing::over_time(rng);
    const NetState state = initial_state(graph, ParameterLayout(graph), rng.next());
    expect_same_bits(graph, state, Batch(graph, 10, rng));
  }
}

TEST(FusedNet, NarrowMapsAreNotPaddedToSixteenChannels) {
  const std::vector<Design> known = known_designs();
  for (const auto& [name, narrow] : {std::pair{"bc_resnet_0_625", true},
                                     {"bc_resnet_1", true},
                                     {"tc_resnet8", false},
                                     {"ds_cnn_s", false},
                                     {"gru_s", false},
                                     {"dnn_s", false}}) {
    const Graph graph = build_graph(*std::ranges::find(known, name, &Design::name));
    EXPECT_EQ(fused::float_kernels(graph, Isa::avx512).lanes, narrow ? 8 : 16) << name;
    EXPECT_EQ(fused::float_kernels(graph, Isa::avx2).lanes, 8) << name;
  }
}

std::vector<Isa> bfloat16_isas() {
  std::vector<Isa> isas;
  for (const Isa isa : kAllIsas) {
    if (supported(isa) && precision_of(isa) == "bfloat16") isas.push_back(isa);
  }
  return isas;
}

/// Every layer's weights by themselves, so that none hides behind larger ones.
void expect_near_float(const Graph& graph, const NetState& state, const Batch& batch, double limit) {
  const ParameterLayout layout(graph);
  const Result exact = stepped(graph, state, batch, float_isa());
  for (const Isa isa : bfloat16_isas()) {
    const Result rounded = stepped(graph, state, batch, isa);
    EXPECT_NEAR(rounded.loss, exact.loss, 0.01 * exact.loss) << isa_name(isa);
    EXPECT_LT(distance(rounded.statistics, exact.statistics), 0.001) << isa_name(isa);
    for (std::size_t i = 0; i < graph.layers().size(); ++i) {
      for (const ParameterSpec& spec : parameters_of(graph.layers()[i])) {
        if (spec.name == "bias" || layout.layers()[i].named(spec.name) < 0) continue;  // a bias may well have none
        const auto part = [&](const std::vector<float>& all) {
          return std::span(all).subspan(static_cast<std::size_t>(layout.layers()[i].named(spec.name)),
                                        static_cast<std::size_t>(spec.elements()));
        };
        EXPECT_LT(distance(part(rounded.gradients), part(exact.gradients)), limit)
            << isa_name(isa) << ", " << graph.layers()[i].name << "/" << spec.name;
      }
    }
  }
}

// Rounding to 8 bits moves values across the corners of ReLUs, so that single gradients scatter; a wrong one would be
// off by its size. Without ReLUs rounding alone is left.
TEST_P(FusedNetTest, Bfloat16GradientsAreThoseOfFloatButForRounding) {
  if (bfloat16_isas().empty()) GTEST_SKIP() << "this CPU has no products of bfloat16";
  test::RandomDesign random(19);
  Rng rng({20});
  for (int i = 0; i < 6; ++i) {
    SCOPED_TRACE("design " + std::to_string(i));
    const Graph graph = build_graph(random(GetParam()));
    const bool corners = GetParam().ends_with("cnn") || GetParam() == "crnn";
    const NetState state = initial_state(graph, ParameterLayout(graph), rng.next());
    expect_near_float(graph, state, Batch(graph, 30 + i % 2, rng), corners ? 0.8 : 0.03);
  }
}

TEST(FusedNet, Bfloat16GradientsWithoutReluAreThoseOfFloat) {
  if (bfloat16_isas().empty()) GTEST_SKIP() << "this CPU has no products of bfloat16";
  Rng rng({21});
  for (int i = 0; i < 20; ++i) {
    SCOPED_TRACE("network " + std::to_string(i));
    const auto kernel = [&] { return Extent{rng.between(1, 5), rng.between(1, 4)}; };
    const auto stride = [&] { return Extent{rng.between(1, 2), rng.between(1, 2)}; };
    const Norm norm = i % 2 == 0 ? Norm::affine : Norm::none;
    Graph graph({rng.between(9, 21), rng.between(7, 13), 1});
    graph.add("conv", Conv2d{.filters = rng.between(3, 40), .kernel = kernel(), .stride = stride(), .norm = norm});
    graph.add("depthwise", Depthwise2d{.kernel = kernel(), .stride = stride(), .norm = norm});
    graph.add("pointwise", Conv2d{.filters = rng.between(3, 40), .kernel = {1, 1}, .stride = {1, 1}, .norm = norm});
    graph.add("conv2", Conv2d{.filters = rng.between(3, 40), .kernel = kernel(), .stride = stride(), .norm = norm});
    if (i % 3 != 0) graph.add("pool", AvgPool2d{});
    graph.add("logits", Dense{.units = 5});
    const NetState state = initial_state(graph, ParameterLayout(graph), rng.next());
    expect_near_float(graph, state, Batch(graph, rng.between(3, 20), rng), 0.03);
  }
}

TEST(FusedNet, Bfloat16GradientsOfGraphsOfTensorsAreThoseOfFloat) {
  if (bfloat16_isas().empty()) GTEST_SKIP() << "this CPU has no products of bfloat16";
  Rng rng({29});
  for (int i = 0; i < 12; ++i) {
    SCOPED_TRACE("network " + std::to_string(i));
    const Graph graph = testing::tensor_graph(i, rng, false);
    const NetState state = initial_state(graph, ParameterLayout(graph), rng.next());
    expect_near_float(graph, state, Batch(graph, 20, rng), 0.06);
  }
}

Result rounded(const Graph& graph, const NetState& state, const Batch& batch, Isa isa) {
  const ParameterLayout layout(graph);
  Ranges ranges;
  for (const Layer& layer : graph.layers()) ranges[layer.name] = {-1.0F, 1.0F};
  const Int8Model int8 = quantize(graph, folded(graph, layout, state.parameters, state.statistics), ranges);
  const auto net = RoundedNet::make(graph, layout, static_cast<int>(batch.labels.size()), isa, int8);
  Result result{0.0, std::vector<float>(layout.parameters(), NAN), state.statistics};
  result.loss = net->step(batch.features, batch.targets, state.parameters, state.statistics, result.gradients);
  return result;
}

TEST_P(FusedNetTest, RoundedGradientsAreTheSameBitsForEveryInstructionSet) {
  test::RandomDesign random(25);
  Rng rng({26});
  const bool wider = best_isa() != Isa::avx2;
  for (int i = 0; i < 2; ++i) {
    const Graph graph = build_graph(random(GetParam()));
    const NetState state = initial_state(graph, ParameterLayout(graph), rng.next());
    const Batch batch(graph, 4, rng);
    const Result narrow = rounded(graph, state, batch, Isa::avx2);
    EXPECT_TRUE(std::ranges::all_of(narrow.gradients, [](float g) { return std::isfinite(g); }));
    if (!wider) continue;
    const Result wide = rounded(graph, state, batch, best_isa());
    EXPECT_EQ(wide.loss, narrow.loss);
    EXPECT_EQ(wide.gradients, narrow.gradients);
  }
  if (!wider) GTEST_SKIP() << "this CPU has one fused instruction set at most";
}

TEST_P(FusedNetTest, ResultsDoNotDependOnTheBatchBefore) {
  test::RandomDesign random(11);
  Rng rng({12});
  const Graph graph = build_graph(random(GetParam()));
  const ParameterLayout layout(graph);
  const NetState state = initial_state(graph, layout, 1);
  const auto net = FusedNet::make(graph, layout, 7, best_isa());
  const auto run = [&](const Batch& batch) {
    Result result{0.0, std::vector<float>(layout.parameters()), state.statistics};
    result.loss = net->step(batch.features, batch.targets, state.parameters, result.statistics, result.gradients);
    return result;
  };
  const Batch small(graph, 3, rng), large(graph, 7, rng);
  const Result first = run(small);
  run(large);
  std::vector<float> logits(20 * static_cast<std::size_t>(graph.output().elements()));
  net->logits(Batch(graph, 20, rng).features, state.parameters, state.statistics, logits);
  const Result again = run(small);
  EXPECT_EQ(first.gradients, again.gradients);
  EXPECT_EQ(first.statistics, again.statistics);
}

INSTANTIATE_TEST_SUITE_P(AllTypes, FusedNetTest, ::testing::ValuesIn(network_types()),
                         [](const auto& type) { return type.param; });

TEST(FusedNet, WhatBfloat16WouldMakeLessAccurateStaysInFloat) {
  if (bfloat16_isas().empty()) GTEST_SKIP() << "this CPU has no products of bfloat16";
  Rng rng({22});
  for (const std::string& type : network_types()) {
    const Graph graph = build_graph(test::RandomDesign(1)(type));
    const NetState state = initial_state(graph, ParameterLayout(graph), 1);
    const Batch batch(graph, 9, rng);
    const Result exact = stepped(graph, state, batch, float_isa());
    for (const Isa isa : bfloat16_isas()) {
      EXPECT_EQ(stepped(graph, state, batch, isa).gradients == exact.gradients, type == "dnn" || !graph.chain())
          << type;
    }
  }
}

TEST(FusedNet, LeavesPlainCodeToLibTorch) {
  const Graph graph = build_graph(test::RandomDesign(1)("dnn"));
  EXPECT_EQ(FusedNet::make(graph, ParameterLayout(graph), 10, Isa::portable), nullptr);
}

TEST(ParameterLayout, HasNoBiasUnderBatchNormAndDecaysMatricesAlone) {
  Graph graph({4, 3, 1});
  graph.add("conv", Conv2d{.filters = 2, .kernel = {2, 2}, .stride = {1, 1}, .norm = Norm::affine, .relu = true});
  graph.add("pool", AvgPool2d{});
  graph.add("logits", Dense{.units = 3});
  const ParameterLayout layout(graph);
  const LayerParameters& conv = layout.layers()[0];
  EXPECT_EQ(conv.bias, LayerParameters::kAbsent);
  EXPECT_EQ(layout.parameters(), 8U + 2 + 2 + 6 + 3);  // kernel, beta, gamma; weight, bias
  EXPECT_EQ(layout.statistics(), 4U);
  float decayed = 0.0F;
  for (const float d : layout.decayed()) decayed += d;
  EXPECT_EQ(decayed, 14.0F);  // kernel and weight
}

TEST(Folded, AppliesTheRunningStatistics) {
  Graph graph({1, 1, 1});
  graph.add("conv", Conv2d{.filters = 1, .kernel = {1, 1}, .stride = {1, 1}, .norm = Norm::affine});
  const ParameterLayout layout(graph);
  const LayerParameters& at = layout.layers()[0];
  std::vector<float> parameters(layout.parameters()), statistics(layout.statistics());
  const auto index = [](std::ptrdiff_t offset) { return static_cast<std::size_t>(offset); };
  parameters[index(at.weight)] = 3.0F;
  parameters[index(at.beta)] = 0.5F;
  parameters[index(at.gamma)] = 2.0F;
  statistics[index(at.mean)] = 1.5F;
  statistics[index(at.variance)] = 4.0F - static_cast<float>(kNormEpsilon);
  const Weights weights = folded(graph, layout, parameters, statistics);
  EXPECT_NEAR(weights.at("conv/weight").data[0], 3.0F, 1e-6F);       // 3 * 2 / sqrt(4)
  EXPECT_NEAR(weights.at("conv/bias").data[0], 0.5F - 1.5F, 1e-6F);  // beta - mean * gamma / sqrt(4)
}

}  // namespace
}  // namespace kws
