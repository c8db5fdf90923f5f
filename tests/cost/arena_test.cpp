#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "cost/arena_replay.h"
#include "export/random_models.h"
#include "families/random_design.h"
#include "kws/cost/cost.h"

namespace kws {
namespace {

struct Bytes {
  int begin, end;
  [[nodiscard]] bool overlaps(const Bytes& other) const { return begin < other.end && other.begin < end; }
};

TEST(Arena, KeepsAWholeProductsInputBesideItsOutput) {
  Graph graph({.time = 1, .freq = 1, .channels = 100});
  graph.add("fc", Dense{.units = 30}).add("logits", Dense{.units = 12});
  const ArenaPlan plan = plan_arena(graph);
  EXPECT_EQ(plan.bytes, 132);  // 100 + 32: places begin at words; the logits are the caller's
  EXPECT_EQ(std::abs(plan.steps[0].input_offset - plan.steps[0].output_offset),
            plan.steps[0].input_offset == 0 ? 100 : 32);
  EXPECT_EQ(plan.steps[1].input_offset, plan.steps[0].output_offset);
}

TEST(Arena, LetsADepthwiseOutputFollowItsInputByOneRowAndTwoPositions) {
  Graph graph({.time = 25, .freq = 5, .channels = 64});
  graph.add("dw1", Depthwise2d{.kernel = {3, 3}, .stride = {1, 1}})
      .add("pw1", Conv2d{.filters = 64, .kernel = {1, 1}, .stride = {1, 1}})
      .add("dw2", Depthwise2d{.kernel = {3, 3}, .stride = {1, 1}})
      .add("pool", AvgPool2d{})
      .add("logits", Dense{.units = 12});
  const ArenaPlan plan = plan_arena(graph);
  // Position (t, f) reads from (t - 1, f - 1) on: a row of 5 positions, one more, and its own 64 bytes.
  EXPECT_EQ(plan.bytes, 25 * 5 * 64 + (5 + 1 + 1) * 64);
  EXPECT_NE(plan.steps[0].reverse, plan.steps[1].reverse) << "what went down comes up again";
}

TEST(Arena, AlignsTheScratchOfRecurrentLayers) {
  Graph graph({.time = 3, .freq = 3, .channels = 1});
  graph.add("gru", Gru{.cells = 2});
  const ArenaPlan plan = plan_arena(graph);
  EXPECT_EQ(plan.steps[0].scratch_bytes, 6);  // 2 int16 and 2 int8
  EXPECT_EQ(plan.steps[0].scratch_offset % 4, 0);
  EXPECT_EQ(plan.bytes, 12 + 8);  // beside 9 bytes of input, in words
}

TEST(Arena, CountsTheScratchOfALstmWithProjection) {
  Graph graph({.time = 2, .freq = 2, .channels = 1});
  graph.add("lstm", Lstm{.cells = 3, .projection = 2, .peepholes = true});
  // 3 int16, 3 + 2 int8
  EXPECT_EQ(plan_arena(graph).steps[0].scratch_bytes, 11);
}

TEST(Arena, CountsTheWindowsOfTwoPositionsForAConvolution) {
  Graph graph({.time = 49, .freq = 10, .channels = 1});
  graph.add("conv1", Conv2d{.filters = 64, .kernel = {10, 4}, .stride = {2, 2}}).add("pool", AvgPool2d{});
  const ArenaPlan plan = plan_arena(graph);
  EXPECT_EQ(plan.steps[0].scratch_bytes, 80);
  EXPECT_EQ(plan.bytes, 492 + 80 + 25 * 5 * 64);
}

/// Bytes a kernel reads and writes while it computes one block, in the order of the blocks.
struct Block {
  std::vector<int> reads, writes;
};

/// What kws_kernels.h says that kernels do: a second description, to hold the planner's distances against.
std::vector<Block> blocks_of(const Layer& layer, bool reverse) {
  const auto conv = [&](const auto& op, int block) {
    const Shape& in = layer.input;
    const Shape& out = layer.output;
    const WindowAxes axes = axes_of(layer, op);
    const Extent kernel = op.kernel, stride = op.stride;
    const int top = axes.time.before();
    const int left = axes.freq.before();
    const int positions = out.time * out.freq;
    std::vector<Block> blocks;
    for (int i = 0; i < positions; i += block) {
      const int last = positions - block;
      const int begin = std::max(0, reverse ? last - std::min(i, last) : std::min(i, last));
      Block one;
      for (int at = begin; at < std::min(begin + block, positions); ++at) {
        for (int kt = 0; kt < kernel.time; ++kt) {
          for (int kf = 0; kf < kernel.freq; ++kf) {
            const int t = at / out.freq * stride.time - top + kt * op.dilation.time;
            const int f = at % out.freq * stride.freq - left + kf * op.dilation.freq;
            if (t < 0 || t >= in.time || f < 0 || f >= in.freq) continue;
            for (int c = 0; c < in.channels; ++c) one.reads.push_back((t * in.freq + f) * in.channels + c);
          }
        }
        for (int c = 0; c < out.channels; ++c) one.writes.push_back(at * out.channels + c);
      }
      blocks.push_back(std::move(one));
    }
    return blocks;
  };
  const auto whole = [&] {
    Block one;
    for (int i = 0; i < layer.input.elements(); ++i) one.reads.push_back(i);
    for (int i = 0; i < layer.output.elements(); ++i) one.writes.push_back(i);
    return std::vector<Block>{one};
  };
  if (const auto* op = std::get_if<Conv2d>(&layer.op)) {
    return kernel_of(layer) == Kernel::dense ? whole() : conv(*op, 2);
  }
  if (const auto* op = std::get_if<Depthwise2d>(&layer.op)) return conv(*op, 1);
  if (std::holds_alternative<AvgPool2d>(layer.op)) {
    std::vector<Block> blocks;
    const Kernel kernel = kernel_of(layer);
    const int outputs = layer.output.elements();
    const int positions = layer.input.elements() / outputs;
    // Outputs of a row, whose elements lie so far apart.
    const int row = kernel == Kernel::avg_pool_rows ? layer.output.channels : outputs;
    for (int c = 0; c < outputs; ++c) {
      Block one;
      for (int i = 0; i < positions; ++i) one.reads.push_back(c / row * positions * row + i * row + c % row);
      one.writes.push_back(c);
      blocks.push_back(std::move(one));
    }
    return blocks;
  }
  if (std::holds_alternative<Add>(layer.op) || std::holds_alternative<Activate>(layer.op)) {
    std::vector<Block> blocks;  // of four elements, as the kernels with packed bytes
    for (int i = 0; i < layer.output.elements(); i += 4) {
      Block one;
      for (int j = i; j < std::min(i + 4, layer.output.elements()); ++j) {
        one.reads.push_back(j);
        one.writes.push_back(j);
      }
      blocks.push_back(std::move(one));
    }
    return blocks;
  }
  const auto* gru = std::get_if<Gru>(&layer.op);
  if (gru == nullptr || !gru->sequence) return whole();
  std::vector<Block> blocks;
  for (int t = 0; t < layer.input.time; ++t) {
    Block one;
    for (int i = 0; i < layer.input.step(); ++i) one.reads.push_back(t * layer.input.step() + i);
    for (int i = 0; i < gru->cells; ++i) one.writes.push_back(t * gru->cells + i);
    blocks.push_back(std::move(one));
  }
  return blocks;
}

/// What the depthwise kernel does with the DSP extension: two positions at a time, channel by channel in the order of
/// the positions; an odd number leaves one.
std::vector<Block> depthwise_pairs(const Layer& layer, bool reverse) {
  const std::vector<Block> positions = blocks_of(layer, reverse);
  const auto channels = static_cast<std::size_t>(layer.input.channels);
  std::vector<Block> blocks;
  for (std::size_t i = 0; i < positions.size(); i += 2) {
    std::vector<Block> pair(channels);
    for (std::size_t at = i; at < std::min(i + 2, positions.size()); ++at) {
      for (const int read : positions[at].reads) pair[static_cast<std::size_t>(read) % channels].reads.push_back(read);
      for (std::size_t c = 0; c < channels; ++c) pair[c].writes.push_back(positions[at].writes[c]);
    }
    if (reverse) std::ranges::reverse(pair);
    std::ranges::move(pair, std::back_inserter(blocks));
  }
  return blocks;
}

/// True when the kernel has read all of a block (or of the layer) before it writes.
bool gathers(const Layer& layer) {
  const Kernel kernel = kernel_of(layer);
  return kernel == Kernel::conv2d || kernel == Kernel::conv2d_dilated || kernel == Kernel::gru ||
         kernel == Kernel::lstm || kernel == Kernel::avg_pool || kernel == Kernel::avg_pool_rows ||
         kernel == Kernel::add || kernel == Kernel::activate;
}

/// No byte is written before its last reading.
///   gathered  a block writes when it has been read
void expect_nothing_lost(const std::vector<Block>& blocks, bool gathered, const ArenaPlan::Step& step, int arena_bytes,
                         const std::string& what) {
  std::vector<int> last_read(static_cast<std::size_t>(arena_bytes), -1);
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    for (const int read : blocks[b].reads) {
      last_read[static_cast<std::size_t>(step.input_offset + read)] = static_cast<int>(b);
    }
  }
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    for (const int write : blocks[b].writes) {
      const int read = last_read.at(static_cast<std::size_t>(step.output_offset + write));
      ASSERT_LT(read, static_cast<int>(b) + (gathered ? 1 : 0)) << what << ", block " << b;
    }
  }
}

void expect_nothing_lost(const Layer& layer, const ArenaPlan::Step& step, int arena_bytes, const std::string& what) {
  expect_nothing_lost(blocks_of(layer, step.reverse), gathers(layer), step, arena_bytes, what);
  if (kernel_of(layer) != Kernel::depthwise) return;
  expect_nothing_lost(depthwise_pairs(layer, step.reverse), true, step, arena_bytes,
                      what + ", two positions at a time");
}

TEST(Arena, NeverOverwritesWhatALayerStillReads) {
  test::RandomDesign random(23);
  for (const std::string& type : network_types()) {
    for (int i = 0; i < 60; ++i) {
      const Graph graph = build_graph(random(type));
      const ArenaPlan plan = plan_arena(graph);
      ASSERT_EQ(plan.steps.size(), graph.layers().size());
      ASSERT_EQ(plan.bytes % 4, 0);
      for (std::size_t k = 0; k < plan.steps.size(); ++k) {
        const ArenaPlan::Step& step = plan.steps[k];
        const Layer& layer = graph.layers()[k];
        const bool last = k + 1 == plan.steps.size();
        const int output = last ? 0 : layer.output.elements();
        const std::string what = type + " layer " + layer.name;
        ASSERT_GE(step.input_offset, 0) << what;
        ASSERT_LE(step.input_offset + layer.input.elements(), plan.bytes) << what;
        ASSERT_GE(step.output_offset, 0) << what;
        ASSERT_LE(step.output_offset + output, plan.bytes) << what;
        if (!last) expect_nothing_lost(layer, step, plan.bytes, what);
        if (step.scratch_bytes > 0) {
          const Bytes scratch{step.scratch_offset, step.scratch_offset + step.scratch_bytes};
          ASSERT_FALSE(scratch.overlaps({step.input_offset, step.input_offset + layer.input.elements()})) << what;
          ASSERT_FALSE(scratch.overlaps({step.output_offset, step.output_offset + output})) << what;
          ASSERT_LE(scratch.end, plan.bytes) << what;
          ASSERT_EQ(scratch.begin % 4, 0) << what;
        }
        if (const TensorId read = layer.inputs.front(); read > 0) {
          ASSERT_EQ(step.input_offset, plan.steps[static_cast<std::size_t>(read) - 1].output_offset) << what;
        }
      }
    }
  }
}

TEST(Arena, HoldsWhatLaterLayersOfAResidualNetworkRead) {
  double arena = 0, least = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    const Shape input = seed % 2 == 0 ? Shape{.time = 25, .freq = 1, .channels = 10} : Shape{.time = 25, .freq = 10};
    const Graph graph = test::random_residual(input, 6, seed);
    for (const ArenaKind kind : {ArenaKind::kernels, ArenaKind::cmsis_nn}) {
      const ArenaPlan plan = plan_arena(graph, kind);
      ASSERT_EQ(plan.steps.size(), graph.layers().size());
      ASSERT_EQ(plan.bytes % 4, 0);
      test::Replay replay(graph, plan);
      int most = 0;
      for (std::size_t k = 0; k < plan.steps.size(); ++k) {
        const ArenaPlan::Step& step = plan.steps[k];
        const Layer& layer = graph.layers()[k];
        const std::string what = "seed " + std::to_string(seed) + " layer " + layer.name;
        const bool last = k + 1 == plan.steps.size();
        replay.run(k, step);
        if (HasFatalFailure()) FAIL() << what;
        for (const int offset : {step.input_offset, step.second_offset, step.output_offset, step.scratch_offset}) {
          ASSERT_EQ(offset % 4, 0) << what;
        }
        const Bytes in{step.input_offset, step.input_offset + layer.input.elements()};
        const Bytes second{step.second_offset, step.second_offset + layer.second.elements()};
        const Bytes out{step.output_offset, step.output_offset + (last ? 0 : layer.output.elements())};
        const Bytes scratch{step.scratch_offset, step.scratch_offset + step.scratch_bytes};
        if (step.scratch_bytes > 0) {
          ASSERT_FALSE(scratch.overlaps(in)) << what;
          ASSERT_FALSE(!last && scratch.overlaps(out)) << what;
        }
        if (!last) expect_nothing_lost(layer, step, plan.bytes, what);
        if (std::holds_alternative<Add>(layer.op) && second.overlaps(out)) {
          ASSERT_EQ(layer.second, layer.input) << what << ": its second input is read more than once";
          ASSERT_LE(out.begin, second.begin) << what;
        }
        const bool window = std::holds_alternative<Conv2d>(layer.op) || std::holds_alternative<Depthwise2d>(layer.op);
        const bool apart = kind == ArenaKind::cmsis_nn && window && !last;
        ASSERT_FALSE(apart && in.overlaps(out)) << what;
        most = std::max(most, layer.input.elements() + layer.output.elements() + layer.held + step.scratch_bytes);
      }
      if (kind != ArenaKind::kernels) continue;
      arena += plan.bytes;
      least += most;
    }
  }
  // Against the sum of all that a layer reads, writes, holds and works in: overlaps make up for gaps.
  EXPECT_LT(arena, 0.95 * least);
}

TEST(Arena, KeepsInputOutputAndScratchOfCmsisNnApart) {
  test::RandomDesign random(31);
  for (const std::string& type : network_types()) {
    for (int i = 0; i < 60; ++i) {
      const Graph graph = build_graph(random(type));
      const ArenaPlan plan = plan_arena(graph, ArenaKind::cmsis_nn);
      ASSERT_EQ(plan.bytes % 4, 0);
      for (std::size_t k = 0; k < plan.steps.size(); ++k) {
        const ArenaPlan::Step& step = plan.steps[k];
        const Layer& layer = graph.layers()[k];
        const std::string what = type + " layer " + layer.name;
        const int output = k + 1 == plan.steps.size() ? 0 : layer.output.elements();
        const Bytes in{step.input_offset, step.input_offset + layer.input.elements()};
        const Bytes out{step.output_offset, step.output_offset + output};
        const Bytes scratch{step.scratch_offset, step.scratch_offset + step.scratch_bytes};
        for (const Bytes& bytes : {in, out, scratch}) {
          ASSERT_GE(bytes.begin, 0) << what;
          ASSERT_LE(bytes.end, plan.bytes) << what;
        }
        ASSERT_FALSE(scratch.overlaps(in)) << what;
        ASSERT_FALSE(output > 0 && scratch.overlaps(out)) << what;
        const bool apart = on_cmsis_nn(layer) || std::holds_alternative<Depthwise2d>(layer.op);
        ASSERT_FALSE(apart && output > 0 && in.overlaps(out)) << what;
        ASSERT_EQ(on_cmsis_nn(layer) && step.scratch_bytes == 0, false) << what;
        ASSERT_EQ(step.scratch_offset % 4, 0) << what;
        if (const TensorId read = layer.inputs.front(); read > 0) {
          ASSERT_EQ(step.input_offset, plan.steps[static_cast<std::size_t>(read) - 1].output_offset) << what;
        }
      }
    }
  }
}

TEST(Arena, LeavesDepthwiseChannelsThatAreNoMultipleOf4ToOurKernel) {
  for (const int channels : {62, 63, 64}) {
    Graph graph({.time = 9, .freq = 5, .channels = channels});
    graph.add("dw", Depthwise2d{.kernel = {3, 3}, .stride = {1, 1}}).add("pool", AvgPool2d{});
    EXPECT_EQ(on_cmsis_nn(graph.layers()[0]), channels == 64);
    EXPECT_FALSE(on_cmsis_nn(graph.layers()[1]));
    const ArenaPlan plan = plan_arena(graph, ArenaKind::cmsis_nn);
    // Shifts and bias as int32, four blocks of 124 channels for each of 9 taps.
    EXPECT_EQ(plan.steps[0].scratch_bytes, channels == 64 ? 8 * 64 + 9 * 4 * 124 : 0);
  }
}

TEST(Arena, IsNeverLargerThanInputOutputAndScratchOfTheLargestLayer) {
  test::RandomDesign random(29);
  for (const std::string& type : network_types()) {
    for (int i = 0; i < 200; ++i) {
      const Graph graph = build_graph(random(type));
      const ArenaPlan plan = plan_arena(graph);
      int largest = 0;
      for (std::size_t k = 0; k < plan.steps.size(); ++k) {
        const Layer& layer = graph.layers()[k];
        // Three places, each rounded up to a word; beside them what waits for a later layer.
        const int second = layer.inputs.size() > 1 ? layer.second.elements() : 0;
        largest = std::max(largest, layer.input.elements() + layer.output.elements() + plan.steps[k].scratch_bytes + 9 +
                                        second + layer.held);
      }
      ASSERT_LE(plan.bytes, largest) << type;
    }
  }
}

}  // namespace
}  // namespace kws
