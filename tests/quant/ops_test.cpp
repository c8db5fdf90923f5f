// Each op on inputs small enough to follow with pencil and paper.
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "kws/quant/int8_model.h"

namespace kws {
namespace {

using Bytes = std::vector<std::int8_t>;

constexpr std::int32_t kHalf = 1 << 30;
/// `acc * 1` for every row: 0.5 in Q31 and one left shift.
Int8Product product(Bytes weight, std::vector<std::int32_t> bias) {
  const std::size_t rows = bias.size();
  return {.weight = std::move(weight),
          .bias = std::move(bias),
          .multiplier = std::vector<std::int32_t>(rows, kHalf),
          .shift = Bytes(rows, 1)};
}

Int8Layer layer(Shape input, const Op& op) {
  Int8Layer result;
  result.layer = Graph(input).add("layer", op).layers().front();
  return result;
}

Bytes run(const Int8Layer& layer, const Bytes& in) {
  const Int8Model model{.input = layer.layer.input, .layers = {layer}};
  Bytes out(static_cast<std::size_t>(layer.layer.output.elements()));
  run_int8(model, in, out);
  return out;
}

TEST(Int8Dense, AddsBiasScalesRowsAndClamps) {
  Int8Layer dense = layer({1, 2, 1}, Dense{.units = 4});
  dense.output.zero_point = 3;
  dense.main = product({1, 2, 3, -4, 100, 100, -100, -100}, {5, 0, 0, 0});
  dense.main.shift[1] = -1;  // row 1: a quarter
  // 5 + 10 + 2*7 + 3 = 32;  (30 - 28) / 4 = 0.5 -> 1, + 3 = 4;  1700 and -1700 clamp
  EXPECT_EQ(run(dense, {10, 7}), (Bytes{32, 4, 127, -128}));
  dense.activation_min = 3;
  EXPECT_EQ(run(dense, {10, 7}), (Bytes{32, 4, 127, 3}));
}

TEST(Int8Conv2d, PadsWithTheInputZeroPoint) {
  // One filter 3x1 of ones over [1, 2, 3]: the pad value -10 enters the raw sums, as the folded bias expects.
  Int8Layer conv = layer({3, 1, 1}, Conv2d{.filters = 1, .kernel = {3, 1}, .stride = {1, 1}});
  conv.input.zero_point = -10;
  conv.main = product({1, 1, 1}, {0});
  EXPECT_EQ(run(conv, {1, 2, 3}), (Bytes{-7, 6, -5}));
}

TEST(Int8Conv2d, ReadsChannelsLastAndPutsTheOddPaddingAtTheEnd) {
  // Input [2 time][3 freq][2 channels], kernel 1x2, stride 1x2, SAME: output columns start at 0 and 2, one pad column.
  Int8Layer conv = layer({2, 3, 2}, Conv2d{.filters = 2, .kernel = {1, 2}, .stride = {1, 2}, .padding = Padding::same});
  conv.main = product({1, 0, 0, 0, /*filter 1*/ 0, 1, 0, 10}, {0, 0});
  // Filter 0 picks channel 0 of the left column; filter 1 adds channel 1 left and 10 times channel 1 right.
  EXPECT_EQ(run(conv, {1, 2, 3, 4, 5, 6, -1, -2, -3, -4, -5, -6}), (Bytes{1, 42, 5, 6, -1, -42, -5, -6}));
}

TEST(Int8Conv2d, TakesNoPaddingWhenValid) {
  Int8Layer conv =
      layer({5, 1, 1}, Conv2d{.filters = 1, .kernel = {2, 1}, .stride = {2, 1}, .padding = Padding::valid});
  conv.input.zero_point = 100;  // would show
  conv.main = product({1, 10}, {0});
  EXPECT_EQ(run(conv, {1, 2, 3, 4, 5}), (Bytes{21, 43}));
}

TEST(Int8Depthwise2d, KeepsChannelsApartAndPadsWithTheZeroPoint) {
  // Kernel 3x1 over 2 steps of 2 channels; weights lie [kernel][channel].
  Int8Layer depthwise = layer({2, 1, 2}, Depthwise2d{.kernel = {3, 1}, .stride = {1, 1}});
  depthwise.input.zero_point = 4;
  depthwise.main = product({1, -1, 2, -2, 3, -3}, {0, 7});
  // channel 0: 4*1 + 10*2 + 20*3 = 84;  10*1 + 20*2 + 4*3 = 62.  channel 1 negated, inputs 1 and 2, bias 7
  EXPECT_EQ(run(depthwise, {10, 1, 20, 2}), (Bytes{84, -5, 62, -10}));
}

TEST(Int8AvgPool, AveragesAboveTheZeroPoint) {
  Int8Layer pool = layer({2, 2, 2}, AvgPool2d{});
  pool.input.zero_point = -128;
  pool.output.zero_point = -100;
  pool.main.multiplier = {kHalf};
  pool.main.shift = {-1};  // a quarter: same scale in and out
  // channel 0: (128 + 129 + 130 + 131) / 4 = 129.5 -> 130 - 100;  channel 1: (0 + 0 + 0 + 4) / 4 = 1
  EXPECT_EQ(run(pool, {0, -128, 1, -128, 2, -128, 3, -124}), (Bytes{30, -99}));
}

TEST(Int8AvgPool, AveragesOverOneDirection) {
  const auto mean = [](bool over_time) {
    Int8Layer pool = layer({2, 2, 1}, AvgPool2d{.over_time = over_time, .over_freq = !over_time});
    pool.main.multiplier = {kHalf};
    pool.main.shift = {0};  // a half: same scale in and out
    return run(pool, {1, 3, 5, 11});
  };
  EXPECT_EQ(mean(true), (Bytes{3, 7}));
  EXPECT_EQ(mean(false), (Bytes{2, 8}));
}

TEST(Int8Conv2d, ReadsElementsApartWhenDilatedAndThePastAloneWhenCausal) {
  Int8Layer conv = layer({5, 1, 1}, Conv2d{.filters = 1,
                                           .kernel = {2, 1},
                                           .stride = {1, 1},
                                           .padding = {Padding::causal, Padding::same},
                                           .dilation = {2, 1}});
  conv.input.zero_point = 9;
  conv.main = product({1, 10}, {0});
  // 9 stands for what was before the first; each output adds ten times its own input to the one two before.
  EXPECT_EQ(run(conv, {1, 2, 3, 4, 5}), (Bytes{19, 29, 31, 42, 53}));
}

TEST(Int8Depthwise2d, TakesTheFactorsOfItsBand) {
  Int8Layer depthwise = layer({1, 3, 1}, Depthwise2d{.kernel = {1, 1}, .stride = {1, 1}, .bands = 2});
  depthwise.main = product({1}, {0});
  depthwise.main.bias = {1, 100};
  depthwise.main.multiplier = {kHalf, kHalf};
  depthwise.main.shift = {1, 0};
  // f * 2 / 3: bands 0, 0, 1; the second one halves.
  EXPECT_EQ(run(depthwise, {10, 20, 30}), (Bytes{11, 21, 65}));
}

/// a + 2 b + 1, a being [2 time][2 freq] and b its mean over what `second` has one of.
Bytes added(Shape second, const Bytes& in, bool relu = false) {
  Int8Model model{.input = {2, 2, 1}, .layers = {}};
  Graph sum(model.input);
  TensorId b = 0;
  if (second.time == 1) b = sum.add("m", AvgPool2d{.over_time = true, .over_freq = second.freq == 1}, {0});
  if (second.time == 2 && second.freq == 1) b = sum.add("m", AvgPool2d{.over_time = false}, {0});
  sum.add("sum", Add{.relu = relu}, {0, b});
  for (const Layer& one : sum.layers()) {
    Int8Layer to;
    to.layer = one;
    model.connect(to);
    if (std::holds_alternative<Add>(one.op)) {
      to.addend = {1 << 12, 1 << 13};  // a + 2 b
      to.add_shift = 12;
      to.output.zero_point = 1;
      to.activation_min = relu ? 1 : -128;
    } else {
      to.main.multiplier = {kHalf};
      to.main.shift = {static_cast<std::int8_t>(second.elements() == 1 ? -1 : 0)};
    }
    model.layers.push_back(to);
  }
  Bytes out(4);
  run_int8(model, in, out);
  return out;
}

TEST(Int8Add, AddsWithAFactorEachAndRepeatsASecondInputOfOneStepOrFrequency) {
  EXPECT_EQ(added({2, 2, 1}, {1, 2, 3, -4}), (Bytes{4, 7, 10, -11}));
  EXPECT_EQ(added({2, 2, 1}, {1, 2, 3, -4}, true), (Bytes{4, 7, 10, 1}));
  EXPECT_EQ(added({2, 2, 1}, {100, -100, 0, 0}), (Bytes{127, -128, 1, 1}));
  EXPECT_EQ(added({1, 2, 1}, {1, 2, 3, 4}), (Bytes{6, 9, 8, 11}));   // means 2 and 3 of the frequencies
  EXPECT_EQ(added({2, 1, 1}, {1, 3, 5, 7}), (Bytes{6, 8, 18, 20}));  // 2 and 6 of the steps
  EXPECT_EQ(added({1, 1, 1}, {1, 3, 5, 7}), (Bytes{10, 12, 14, 16}));
}

TEST(Int8Activate, LooksUpEachValue) {
  Int8Layer activate = layer({1, 1, 3}, Activate{.function = Function::tanh});
  for (int q = -128; q < 128; ++q) activate.table.push_back(static_cast<std::int8_t>(-1 - q));
  EXPECT_EQ(run(activate, {-128, 0, 127}), (Bytes{127, -1, -128}));
}

TEST(Int8Gru, FollowsItsFormula) {
  // One cell, two steps, input gates only through the bias: r = z = sigmoid(0) = 1/2.
  Int8Layer gru = layer({2, 1, 1}, Gru{.cells = 1, .sequence = true});
  gru.output = {.scale = 1.0 / 128, .zero_point = 0};
  gru.main = product({0, 0, 100}, {0, 0, 0});  // the new gate reads the input: 100 x in Q4.11
  gru.recurrent = product({0, 0, 64}, {0, 0, 0});
  // step 1: n = tanh(2000 / 2048) = 0.7516 -> 24628, h16 = (16384 n + 2^14) >> 15 = 12314,
  //         h8 = (12314 + 128) >> 8 = 48
  // step 2: x = 0: ah = 64 * 48 = 3072, r * ah = 1536, n = tanh(0.75) = 0.63515 -> 20812,
  //         h16 = (12314 + 20812) / 2 = 16563, h8 = 65
  EXPECT_EQ(run(gru, {20, 0}), (Bytes{48, 65}));
}

TEST(Int8Gru, SaturatesTheStateAtOneTwentySeven) {
  Int8Layer gru = layer({9, 1, 1}, Gru{.cells = 1});
  // Update gate closed (z about 0), new gate far beyond saturation: h16 = 32746 - 11.., (h16 + 128) >> 8 = 128 -> 127
  gru.main = product({0, 0, 0}, {0, -32768, 32767});
  gru.recurrent = product({0, 0, 0}, {0, 0, 0});
  EXPECT_EQ(run(gru, Bytes(9)), Bytes{127});
}

/// Gates of one LSTM cell by bias alone, Q3.12.
Int8Layer lstm_cell(int steps, Lstm op, std::vector<std::int32_t> gates) {
  Int8Layer lstm = layer({steps, 1, 1}, op);
  lstm.main = product({0, 0, 0, 0}, std::move(gates));
  lstm.recurrent = product({0, 0, 0, 0}, {0, 0, 0, 0});
  return lstm;
}

TEST(Int8Lstm, FollowsItsFormula) {
  // i = f = o = 1/2, g = tanh(1) = 0.76159: c = 0.38080, then 0.57120; m = tanh(c) / 2 = 0.25815 -> 33/128
  EXPECT_EQ(run(lstm_cell(2, {.cells = 1}, {0, 0, 4096, 0}), {0, 0}), Bytes{33});
  // one step: tanh(0.38080) / 2 = 0.18171 -> 23/128
  EXPECT_EQ(run(lstm_cell(1, {.cells = 1}, {0, 0, 4096, 0}), {0}), Bytes{23});
}

TEST(Int8Lstm, ClipsTheCellAtEight) {
  // Everything open: the cell would grow by 1 a step; after 30 steps it rests at 7.9998 and f = 0.9997 takes it no
  // lower than 7.99; m = 0.99966 * tanh(8) -> 127.
  EXPECT_EQ(run(lstm_cell(30, {.cells = 1}, {32767, 32767, 32767, 32767}), Bytes(30)), Bytes{127});
}

TEST(Int8Lstm, PeepholesSeeOldAndNewCell) {
  Int8Layer lstm = lstm_cell(1, {.cells = 1, .peepholes = true}, {0, 0, 4096, 0});
  lstm.peephole = {100, 100, 50};  // factor 1: input and forget see c = 0, the output gate sees 50 c
  lstm.peephole_multiplier = {kHalf, kHalf, kHalf};
  lstm.peephole_shift = {1, 1, 1};
  // c = 0.38080 as before; o = sigmoid(min(50 * 0.3808, 7.9998)) = 0.99966, m = 0.36342 * 0.99966 -> 46.5/128
  EXPECT_NEAR(run(lstm, {0}).front(), 46.5, 0.5);
  lstm.peephole[2] = 0;
  EXPECT_EQ(run(lstm, {0}), Bytes{23});
}

TEST(Int8Lstm, ProjectsIntoItsOwnScale) {
  Int8Layer lstm = lstm_cell(1, {.cells = 1, .projection = 2}, {0, 0, 4096, 0});
  lstm.recurrent = product(Bytes(8), {0, 0, 0, 0});
  lstm.projection = product({2, -100}, {0, 0});
  EXPECT_EQ(run(lstm, {0}), (Bytes{46, -128}));
}

TEST(RunInt8, RunsClipsOneAfterTheOtherWithoutMemory) {
  Int8Layer lstm = lstm_cell(2, {.cells = 1}, {0, 0, 4096, 0});
  const Int8Model model{.input = lstm.layer.input, .layers = {lstm}};
  Bytes out(3);
  run_int8(model, Bytes(6), out);
  EXPECT_EQ(out, (Bytes{33, 33, 33}));
}

}  // namespace
}  // namespace kws
