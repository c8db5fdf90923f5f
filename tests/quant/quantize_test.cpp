#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kws/core/error.h"
#include "kws/features/front_end.h"
#include "kws/quant/int8_model.h"

namespace kws {
namespace {

using Bytes = std::vector<std::int8_t>;

Int8Layer quantize_dense(Tensor weight, std::vector<float> bias, Range range, bool relu = false) {
  const int units = weight.shape[0];
  const Graph graph = Graph({1, weight.shape[1], 1}).add("fc", Dense{.units = units, .relu = relu});
  const Weights weights = {{"fc/weight", std::move(weight)}, {"fc/bias", {.shape = {units}, .data = std::move(bias)}}};
  return quantize(graph, weights, {{"fc", range}}).layers.front();
}

TEST(Quantize, ScalesEachRowToItsLargestWeight) {
  const Int8Layer fc = quantize_dense({{2, 2}, {1.0F, -0.5F, 0.01F, 0.02F}}, {0.0F, 0.5F}, {-1.0F, 1.0F});
  EXPECT_EQ(fc.main.weight, (Bytes{127, -64, 64, 127}));
  // 0.5 in steps of (1 / 24) * (0.02 / 127)
  EXPECT_EQ(fc.main.bias, (std::vector<std::int32_t>{0, 76200}));
  EXPECT_DOUBLE_EQ(fc.input.scale, static_cast<double>(kFeatureScale));
  EXPECT_EQ(fc.input.zero_point, 0);
}

TEST(RoundWeights, GivesWhatTheInt8NetworkMultipliesByAndLeavesBiasesAlone) {
  const Graph graph =
      Graph({1, 2, 1}).add("dw", Depthwise2d{.kernel = {2, 1}, .stride = {1, 1}}).add("fc", Dense{.units = 2});
  Weights weights = {{"dw/weight", {{2, 1, 1}, {127.0F, 40.4F}}},
                     {"dw/bias", {{1}, {0.3F}}},
                     {"fc/weight", {{2, 2}, {1.27F, -0.504F, 0.0F, 0.0F}}},
                     {"fc/bias", {{2}, {0.1F, -0.2F}}}};
  round_weights(graph, weights);
  EXPECT_EQ(weights.at("dw/weight").data, (std::vector<float>{127.0F, 40.0F}));  // a column is a row
  EXPECT_FLOAT_EQ(weights.at("fc/weight").data[0], 1.27F);
  EXPECT_FLOAT_EQ(weights.at("fc/weight").data[1], -0.5F);
  EXPECT_EQ(weights.at("fc/weight").data[2], 0.0F);
  EXPECT_EQ(weights.at("fc/bias").data, (std::vector<float>{0.1F, -0.2F}));
}

TEST(Quantize, RangesIncludeZeroAndReluStartsThere) {
  const Tensor weight{{1, 1}, {1.0F}};
  const Quant above = quantize_dense(weight, {0.0F}, {2.0F, 5.1F}).output;
  EXPECT_EQ(above.zero_point, -128);
  EXPECT_NEAR(above.scale, 0.02, 1e-8);
  const Quant below = quantize_dense(weight, {0.0F}, {-5.1F, -1.0F}).output;
  EXPECT_EQ(below.zero_point, 127);
  const Int8Layer both = quantize_dense(weight, {0.0F}, {-1.0F, 1.55F});
  EXPECT_EQ(both.output.zero_point, -28);
  EXPECT_EQ(both.activation_min, -128);
  const Int8Layer relu = quantize_dense(weight, {0.0F}, {-1.0F, 2.55F}, true);
  EXPECT_EQ(relu.output.zero_point, -128);
  EXPECT_EQ(relu.activation_min, -128);
}

TEST(Quantize, FoldsTheZeroPointIntoTheBias) {
  const Graph graph = Graph({1, 1, 1}).add("a", Dense{.units = 2}).add("b", Dense{.units = 1});
  const Weights weights = {{"a/weight", {{2, 1}, {1.0F, -1.0F}}},
                           {"a/bias", {{2}, {0.0F, 0.0F}}},
                           {"b/weight", {{1, 2}, {1.27F, 0.5F}}},
                           {"b/bias", {{1}, {0.0F}}}};
  const Int8Model model = quantize(graph, weights, {{"a", {-1.0F, 1.55F}}, {"b", {-1.0F, 1.0F}}});
  EXPECT_EQ(model.layers[1].input.zero_point, -28);
  EXPECT_EQ(model.layers[1].main.bias.front(), 28 * (127 + 50));
}

TEST(Quantize, KeepsTheBiasOfARowOfZeros) {
  const Int8Layer fc = quantize_dense({{2, 1}, {0.0F, 1e-30F}}, {0.75F, -0.25F}, {-1.0F, 1.0F});
  const Int8Model model{.input = {1, 1, 1}, .layers = {fc}};
  Bytes out(2);
  run_int8(model, Bytes{99}, out);
  EXPECT_NEAR(fc.output.scale * (out[0] - fc.output.zero_point), 0.75, fc.output.scale);
  EXPECT_NEAR(fc.output.scale * (out[1] - fc.output.zero_point), -0.25, fc.output.scale);
}

TEST(Quantize, SilentLayersAndTooNarrowRangesSaturateInsteadOfWrapping) {
  for (const float high : {0.0F, 1e-30F, 1e-6F}) {
    const Int8Layer fc = quantize_dense({{2, 1}, {50.0F, -50.0F}}, {0.0F, 0.0F}, {-high, high});
    const Int8Model model{.input = {1, 1, 1}, .layers = {fc}};
    Bytes out(2);
    run_int8(model, Bytes{127}, out);
    EXPECT_EQ(out, (Bytes{127, -128})) << high;
  }
}

TEST(Quantize, KeepsEveryAccumulatorBelowThirtyBits) {
  // A bias a billion times its weights, and a range so narrow that results shift to the left.
  for (const float weight : {1.0F, 1e-6F, 0.0F}) {
    for (const float high : {1e-6F, 1.0F, 1e6F}) {
      const Int8Layer fc = quantize_dense({{2, 1}, {weight, -weight}}, {1e3F, -1e3F}, {-high, high});
      for (std::size_t row = 0; row < 2; ++row) {
        const double worst = 128.0 * std::abs(fc.main.weight[row]) + std::abs(static_cast<double>(fc.main.bias[row]));
        EXPECT_LT(std::ldexp(worst, std::max<int>(fc.main.shift[row], 0)), 0x1p30) << weight << " " << high;
      }
    }
  }
}

TEST(Quantize, ScalesDepthwiseChannelsByColumn) {
  const Graph graph = Graph({1, 2, 2}).add("dw", Depthwise2d{.kernel = {1, 2}, .stride = {1, 1}});
  const Weights weights = {{"dw/weight", {{1, 2, 2}, {1.0F, 0.125F, -0.5F, -0.0625F}}},
                           {"dw/bias", {{2}, {0.0F, 0.0F}}}};
  EXPECT_EQ(quantize(graph, weights, {{"dw", {-1.0F, 1.0F}}}).layers.front().main.weight, (Bytes{127, 127, -64, -64}));
}

TEST(Quantize, GivesAnAddFactorsOfAsManyBitsAsFit) {
  Graph graph({.time = 1, .freq = 1, .channels = 1});
  const TensorId a = graph.add("a", Dense{.units = 1}, {0});
  const TensorId b = graph.add("b", Dense{.units = 1}, {0});
  graph.add("sum", Add{}, {a, b});
  const Weights weights = {{"a/weight", {{1, 1}, {1.0F}}},
                           {"a/bias", {{1}, {0.0F}}},
                           {"b/weight", {{1, 1}, {1.0F}}},
                           {"b/bias", {{1}, {0.0F}}}};
  // Scales 0.01, 0.02 and 0.03: factors of a third and two thirds.
  const Int8Model model =
      quantize(graph, weights, {{"a", {-1.28F, 1.27F}}, {"b", {-2.56F, 2.54F}}, {"sum", {-3.84F, 3.81F}}});
  const Int8Layer& sum = model.layers.back();
  EXPECT_EQ(sum.add_shift, 15);
  EXPECT_EQ(sum.addend[0], 10923);
  EXPECT_EQ(sum.addend[1], 21845);
  EXPECT_DOUBLE_EQ(sum.second.scale, model.layers[1].output.scale);
}

TEST(Quantize, GivesEachBandItsBiasAndFactor) {
  const Graph graph =
      Graph({1, 2, 1}).add("dw", Depthwise2d{.kernel = {1, 1}, .stride = {1, 1}, .norm = Norm::affine, .bands = 2});
  const Weights weights = {
      {"dw/weight", {{1, 1, 1}, {1.27F}}}, {"dw/scale", {{2, 1}, {1.0F, 0.0F}}}, {"dw/bias", {{2, 1}, {0.5F, -0.75F}}}};
  const Int8Model model = quantize(graph, weights, {{"dw", {-1.0F, 1.0F}}});
  const Int8Layer& dw = model.layers.front();
  ASSERT_EQ(dw.main.bias.size(), 2U);
  EXPECT_EQ(dw.main.bias[0], std::lround(0.5 / (dw.input.scale * 0.01)));
  Bytes out(2);
  run_int8(model, Bytes{0, 127}, out);
  const Quant& quant = dw.output;
  EXPECT_NEAR(quant.scale * (out[0] - quant.zero_point), 0.5, quant.scale);
  EXPECT_NEAR(quant.scale * (out[1] - quant.zero_point), -0.75, quant.scale) << "a band without scale has its bias";
}

TEST(Quantize, RecurrentCellsNeedNoRangeUnlessTheyProject) {
  const Graph graph = Graph({2, 1, 1}).add("gru", Gru{.cells = 1});
  const Weights weights = {{"gru/weight", {{3, 1}, {1.0F, 1.0F, 1.0F}}},
                           {"gru/recurrent_weight", {{3, 1}, {0.5F, 0.5F, 0.0F}}},
                           {"gru/bias", {{3}, {0.0F, 0.0F, 0.0F}}}};
  const Int8Layer gru = quantize(graph, weights, {}).layers.front();
  EXPECT_DOUBLE_EQ(gru.output.scale, 1.0 / 128);
  EXPECT_EQ(gru.recurrent.bias, (std::vector<std::int32_t>{0, 0, 0}));
  // One unit of weight and one of input are 1 / (127 * 24); Q4.11 has 2048 steps.
  EXPECT_NEAR(std::ldexp(gru.main.multiplier[0], gru.main.shift[0] - 31), 2048.0 / (127 * 24), 1e-7);
  EXPECT_NEAR(std::ldexp(gru.recurrent.multiplier[0], gru.recurrent.shift[0] - 31), 2048.0 * 0.5 / (127 * 128), 1e-7);
}

TEST(Quantize, RefusesDivergedTraining) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THROW(quantize_dense({{1, 1}, {nan}}, {0.0F}, {-1.0F, 1.0F}), Error);
  EXPECT_THROW(quantize_dense({{1, 1}, {1.0F}}, {nan}, {-1.0F, 1.0F}), Error);
  EXPECT_THROW(quantize_dense({{1, 1}, {1.0F}}, {0.0F}, {-1.0F, std::numeric_limits<float>::infinity()}), Error);
  EXPECT_THROW(quantize_dense({{1, 1}, {1.0F}}, {0.0F}, {-1.0F, 2e30F}), Error);  // no file holds such a scale
}

TEST(Quantize, ALayerThatNeverSpokeHasAScaleThatAFileHolds) {
  const Quant silent = quantize_dense({{1, 1}, {1.0F}}, {0.0F}, {0.0F, 1e-33F}).output;
  EXPECT_GE(silent.scale, kSmallestScale);
}

TEST(Quantize, MissingTensorsAndRangesAreBrokenPromises) {
  const Graph graph = Graph({1, 1, 1}).add("fc", Dense{.units = 1});
  EXPECT_THROW(quantize(graph, {}, {{"fc", {}}}), std::out_of_range);
  const Weights weights = {{"fc/weight", {{1, 1}, {1.0F}}}, {"fc/bias", {{1}, {0.0F}}}};
  EXPECT_THROW(quantize(graph, weights, {}), std::out_of_range);
}

}  // namespace
}  // namespace kws
