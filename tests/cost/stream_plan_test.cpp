#include "kws/cost/stream_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "cost/published_networks.h"
#include "export/random_models.h"
#include "kws/cost/cost.h"
#include "kws/cost/firmware.h"
#include "kws/families/design.h"

namespace kws {
namespace {

const Shape kFrames{.time = 20, .freq = 4, .channels = 1};
Conv2d valid(int filters, int kernel, int stride) {
  return {.filters = filters, .kernel = {kernel, 4}, .stride = {stride, 1}, .padding = Padding::valid};
}
Conv2d next(int filters, int kernel, int stride) {
  return {.filters = filters, .kernel = {kernel, 1}, .stride = {stride, 1}, .padding = Padding::valid};
}

TEST(StreamPlan, KeepsTheColumnsThatAreReadAgain) {
  // 20 frames -> 16 columns -> 7 columns, of which the window leaves the last of the 16 out.
  Graph graph(kFrames);
  graph.add("a", valid(3, 5, 1)).add("b", next(2, 3, 2)).add("logits", Dense{.units = 2});
  const auto plan = plan_stream(graph, 2);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->flowing, 2U);
  ASSERT_EQ(plan->rings.size(), 3U);
  // Two new frames and the four before them; all columns of b; two of a, the one before, and the one left out.
  EXPECT_EQ(plan->rings[0].columns, 6);
  EXPECT_EQ(plan->rings[1].columns, 7);
  EXPECT_EQ(plan->rings[1].fresh, 1);
  EXPECT_EQ(plan->rings[2].columns, 4);
  EXPECT_EQ(plan->state_bytes, 6 * 4 + 16 + 4 * 3);
  EXPECT_EQ(plan->steps[0].layer.input.time, 6);
  EXPECT_EQ(plan->steps[0].layer.output.time, 2);
  EXPECT_EQ(plan->steps[1].layer.input.time, 3);
  EXPECT_EQ(plan->steps[1].input.offset, 6 * 4 + 16);
  EXPECT_EQ(plan->steps[2].layer.input, graph.layers()[2].input);
}

TEST(StreamPlan, NeedsAStrideThatDividesTheNewFrames) {
  Graph graph(kFrames);
  graph.add("a", valid(3, 6, 2)).add("logits", Dense{.units = 2});
  EXPECT_TRUE(plan_stream(graph, 2));
  EXPECT_FALSE(plan_stream(graph, 3));
  EXPECT_TRUE(plan_stream(graph, 4));
  EXPECT_FALSE(plan_stream(graph, 20)) << "nothing of a window is left";
}

TEST(StreamPlan, IsNotMadeForPaddedNetworks) {
  Graph graph(kFrames);
  graph.add("a", Conv2d{.filters = 3, .kernel = {3, 3}, .stride = {1, 1}}).add("logits", Dense{.units = 2});
  EXPECT_FALSE(plan_stream(graph, 1));
  EXPECT_EQ(default_hop_ms(graph, 20), 100);
}

TEST(StreamPlan, ChoosesAHopThatTheWholeNetworkFlowsAt) {
  Graph graph(kFrames);
  graph.add("a", valid(30, 4, 1)).add("b", next(30, 4, 2)).add("logits", Dense{.units = 2});
  EXPECT_EQ(default_hop_ms(graph, 20), 80);
  EXPECT_EQ(default_hop_ms(graph, 20, false), 100);
  EXPECT_EQ(default_hop_ms(graph, 50), 100);
}

TEST(StreamPlan, LaysFreshColumnsOverThoseThatHaveBeenRead) {
  // 12, 10, 8 columns; between two rings lies a tensor of the arena, so that the first one's oldest column is free.
  Graph graph({.time = 12, .freq = 1, .channels = 8});
  const Depthwise2d window{.kernel = {3, 1}, .stride = {1, 1}, .padding = Padding::valid};
  const Conv2d wide{.filters = 8, .kernel = {1, 1}, .stride = {1, 1}};
  graph.add("pw0", wide).add("dw1", window).add("pw1", wide).add("dw2", window).add("pw2", wide);
  graph.add("logits", Dense{.units = 2});
  const auto plan = plan_stream(graph, 1);
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->rings.size(), 4U);
  EXPECT_EQ(plan->rings[1].tensor, 5) << "the last one lies first";
  EXPECT_EQ(plan->rings[2].offset, plan->rings[1].offset + 7 * 8);
  EXPECT_EQ(plan->rings[3].offset, plan->rings[2].offset + 2 * 8);
  EXPECT_EQ(plan->state_bytes, 8 + 7 * 8 + 2 * 8 + 3 * 8) << "one fresh column for all";
}

TEST(StreamPlan, ComputesColumnsWhenTheyAreRead) {
  // A way around two windows: of its 16 columns the middle 10 are added, so the last three are not needed yet.
  Graph graph({.time = 32, .freq = 1, .channels = 4});
  const TensorId x = graph.add("first", Conv2d{.filters = 4, .kernel = {1, 1}, .stride = {1, 1}}, {0});
  const auto conv = [](int stride) {
    return Conv2d{.filters = 16, .kernel = {5, 1}, .stride = {stride, 1}, .padding = Padding::valid};
  };
  const TensorId inner = graph.add("inner", conv(2), {x});
  const TensorId outer = graph.add("outer", conv(1), {inner});
  const TensorId skip = graph.add("skip", Conv2d{.filters = 16, .kernel = {1, 1}, .stride = {2, 1}}, {x});
  const TensorId sum = graph.add("sum", Add{.crop = true}, {outer, skip});
  graph.add("logits", Dense{.units = 2}, {sum});
  const auto plan = plan_stream(graph, 2);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->flowing, 5U);
  for (const StreamPlan::Ring& ring : plan->rings) EXPECT_NE(ring.tensor, skip) << "nothing of it is kept";
  const auto of_first = std::ranges::find(plan->rings, x, &StreamPlan::Ring::tensor);
  ASSERT_NE(of_first, plan->rings.end());
  EXPECT_EQ(of_first->columns, 8) << "from the one that skip reads";
}

TEST(StreamPlan, KeepsSumsOfColumnsForAMeanOverAll) {
  for (const int freq : {2, 3}) {
    Graph graph({.time = 20, .freq = freq, .channels = 1});
    graph.add("a",
              Conv2d{.filters = 6, .kernel = {3, 3}, .stride = {1, 1}, .padding = {Padding::valid, Padding::same}});
    graph.add("pool", AvgPool2d{}).add("logits", Dense{.units = 2});
    const auto plan = plan_stream(graph, 1);
    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->flowing, 1U);
    EXPECT_EQ(plan->rings.back().columns, 18);
    EXPECT_EQ(plan->rings.back().column_bytes, 12);
    ASSERT_EQ(plan->steps.size(), freq == 3 ? 4U : 3U) << "16 bits a channel";
    if (freq == 2) continue;
    EXPECT_EQ(plan->in_flow, 2U);
    EXPECT_EQ(plan->steps[1].part, StreamPlan::Part::column_sums);
    EXPECT_EQ(plan->steps[1].layer.input, (Shape{1, 3, 6}));
    EXPECT_EQ(plan->steps[2].part, StreamPlan::Part::mean_of_sums);
    EXPECT_EQ(plan->steps[2].layer.input, (Shape{18, 1, 6}));
  }
}

/// Runs a plan on bytes that say which column they belong to, and what that was made of.
class Replay {
 public:
  Replay(const Graph& graph, const StreamPlan& plan)
      : graph_(graph), plan_(plan), state_(static_cast<std::size_t>(plan.state_bytes)) {}

  /// Takes the stream on to the window that begins at frame `first`. From the time when its windows are full on, all
  /// that is read must be whole.
  void call(int first, bool full) {
    full_ = full;
    const StreamPlan::Ring& rows = plan_.rings.front();
    move(rows);
    for (int i = 0; i < rows.fresh; ++i) {
      const int frame = first + graph_.input().time - rows.fresh + i;
      write(state_, rows.moved() + i * rows.column_bytes, rows.column_bytes, frame_number(frame));
    }
    for (std::size_t r = 1; r < plan_.rings.size(); ++r) move(plan_.rings[r]);
    arena_.assign(static_cast<std::size_t>(plan_.arena_bytes), {});
    for (std::size_t s = 0; s < plan_.in_flow; ++s) flow(plan_.steps[s]);
    arena_.assign(static_cast<std::size_t>(plan_.decision_arena_bytes), {});
    for (std::size_t s = plan_.in_flow; s < plan_.steps.size(); ++s) decide(plan_.steps[s], first);
  }

 private:
  using Number = std::uint64_t;
  using Numbers = std::vector<Number>;
  struct Byte {
    Number column = 0;
    int at = -1;
  };
  using Bytes = std::vector<Byte>;

  static std::size_t to_size(int value) { return static_cast<std::size_t>(value); }
  static Number mix(Number a, Number b) { return (a + 0x9E3779B97F4A7C15U) * 0xD1342543DE82EF95U ^ (b * 31 + 7); }

  static Number frame_number(int frame) { return mix(0, static_cast<Number>(frame)); }

  void move(const StreamPlan::Ring& ring) {
    const auto begin = state_.begin() + ring.offset;
    const int fresh = ring.fresh * ring.column_bytes;
    std::copy(begin + fresh, begin + fresh + ring.moved(), begin);
  }
  Bytes& memory(const StreamPlan::Place& place) { return place.kept ? state_ : arena_; }
  static void write(Bytes& bytes, int offset, int count, Number column) {
    for (int b = 0; b < count; ++b) bytes.at(to_size(offset + b)) = {column, b};
  }
  Numbers read(const StreamPlan::Place& place, int columns, int column_bytes) {
    Numbers numbers;
    for (int c = 0; c < columns; ++c) {
      const std::size_t begin = to_size(place.offset + c * column_bytes);
      numbers.push_back(memory(place).at(begin).column);
      for (int b = 0; full_ && b < column_bytes; ++b) {
        const Byte& byte = memory(place).at(begin + to_size(b));
        EXPECT_TRUE(byte.column == numbers.back() && byte.at == b) << "column " << c << " byte " << b;
      }
    }
    return numbers;
  }
  void overwrite(const StreamPlan::Place& place, int count) {
    for (int b = 0; b < count; ++b) memory(place).at(to_size(place.offset + b)) = {};
  }

  /// What a layer makes of the columns of its inputs.
  struct Made {
    std::size_t index;
    const Layer& layer;
    const Numbers &input, &second;
    template <class Window>
    Numbers windowed(const Window& op) const {
      Numbers made;
      for (int at = 0; at < layer.output.time; ++at) {
        Number number = index;
        for (int k = 0; k < op.kernel.time; ++k) {
          number = mix(number, input.at(to_size(at * op.stride.time + k * op.dilation.time)));
        }
        made.push_back(number);
      }
      return made;
    }
    Numbers operator()(const Conv2d& op) const { return windowed(op); }
    Numbers operator()(const Depthwise2d& op) const { return windowed(op); }
    Numbers operator()(const Add& /*op*/) const {
      Numbers made;
      for (std::size_t at = 0; at < input.size(); ++at) {
        made.push_back(mix(mix(index, input[at]), second.at(at + to_size(first_added(layer)))));
      }
      return made;
    }
    template <class Other>
    Numbers operator()(const Other& /*op*/) const {
      Numbers made;
      for (const Number column : input) made.push_back(mix(index, column));
      return made;
    }
  };
  static Numbers made(std::size_t index, const Layer& layer, const Numbers& input, const Numbers& second) {
    return std::visit(Made{index, layer, input, second}, layer.op);
  }
  static int column_bytes(const Layer& layer, bool sums) {
    return sums ? 2 * layer.input.channels : layer.output.step();
  }

  void flow(const StreamPlan::Step& step) {
    const Layer& layer = step.layer;
    const int bytes = column_bytes(layer, step.part == StreamPlan::Part::column_sums);
    // What is read is whole even when scratch and output are written already.
    overwrite(step.scratch, step.scratch_bytes);
    overwrite(step.output, layer.output.time * bytes);
    const Numbers input = read(step.input, layer.input.time, layer.input.step());
    const Numbers second = layer.inputs.size() > 1 ? read(step.second, layer.second.time, layer.second.step()) : input;
    int at = step.output.offset;
    for (const Number column : made(step.index, layer, input, second)) {
      write(memory(step.output), at, bytes, column);
      at += bytes;
    }
  }

  void decide(const StreamPlan::Step& step, int first) {
    const Layer& layer = step.layer;
    overwrite(step.scratch, step.scratch_bytes);
    const bool last = step.index + 1 == graph_.layers().size();
    if (!last) overwrite(step.output, layer.output.elements());
    if (step.index == plan_.flowing) {
      const int bytes = step.part == StreamPlan::Part::mean_of_sums ? 2 * layer.input.channels : layer.input.step();
      const Numbers columns = read(step.input, layer.input.time, bytes);
      if (full_) {
        EXPECT_EQ(columns, whole_window(first));
      }
    } else {
      read(step.input, 1, layer.input.elements());
      if (layer.inputs.size() > 1) read(step.second, 1, layer.second.elements());
    }
    if (!last) write(memory(step.output), step.output.offset, layer.output.elements(), step.index);
  }

  /// The columns of the last tensor that flows, from all frames of a window.
  Numbers whole_window(int first) {
    std::vector<Numbers> tensors(1);
    for (int t = 0; t < graph_.input().time; ++t) tensors[0].push_back(frame_number(first + t));
    for (std::size_t i = 0; i < plan_.flowing; ++i) {
      const Layer& layer = graph_.layers()[i];
      const auto of = [&](TensorId tensor) { return tensors[static_cast<std::size_t>(tensor)]; };
      tensors.push_back(made(i, layer, of(layer.inputs.front()), of(layer.inputs.back())));
    }
    if (plan_.in_flow == plan_.flowing) return tensors.back();
    const StreamPlan::Step& sums = plan_.steps[plan_.flowing];
    return made(sums.index, sums.layer, tensors.back(), {});
  }

  const Graph& graph_;
  const StreamPlan& plan_;
  Bytes state_, arena_;
  bool full_ = false;
};

TEST(StreamPlan, FindsEveryColumnWhereItWasLeft) {
  int flowing = 0, shared = 0, sums = 0;
  for (std::uint64_t seed = 1; seed <= 400 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Graph graph = test::random_flow({.time = 30, .freq = 8, .channels = 1}, 4, seed);
    const int frames = 1 + static_cast<int>(seed % 5);
    const auto plan = plan_stream(graph, frames);
    if (!plan) continue;
    ++flowing;
    sums += plan->in_flow > plan->flowing ? 1 : 0;
    int alone = 0;
    for (const StreamPlan::Ring& ring : plan->rings) alone += ring.bytes();
    shared += alone > plan->state_bytes ? 1 : 0;
    Replay replay(graph, *plan);
    for (int call = -32; call < 3; ++call) replay.call(call * frames, call >= 0);
  }
  EXPECT_GT(flowing, 120);
  EXPECT_GT(shared, 20);
  EXPECT_GT(sums, 20);
}

TEST(StreamPlan, CarriesTheStateOfRecurrentLayersBehindItsRings) {
  // 20 frames -> 8 columns of 3, each a time step of two layers.
  Graph graph(kFrames);
  graph.add("conv", valid(3, 5, 2)).add("first", Gru{.cells = 6, .sequence = true}).add("second", Gru{.cells = 4});
  graph.add("logits", Dense{.units = 2});
  const auto plan = plan_carried(graph);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->frames, 2);
  EXPECT_EQ(plan->first_frames, 20 - 7 * 2) << "a frame at the end of a clip is read by no column";
  EXPECT_EQ(plan->flowing, 3U);
  ASSERT_EQ(plan->rings.size(), 2U);
  EXPECT_EQ(plan->rings[0].columns, 6);
  EXPECT_EQ(plan->rings[1].columns, 1) << "what the decision reads";
  EXPECT_EQ(plan->state_bytes, 6 * 4 + 4 + 20 + 12) << "frames, the last output, 3 bytes a cell in whole words";
  for (const std::size_t step : {1U, 2U}) {
    EXPECT_EQ(plan->steps[step].layer.input.time, 1);
    EXPECT_TRUE(plan->steps[step].scratch.kept);
  }
  EXPECT_EQ(plan->steps[1].scratch.offset, 28);
  EXPECT_EQ(plan->steps[2].scratch.offset, 48);
  EXPECT_EQ(default_hop_ms(graph, 30, true, true), 60);
  EXPECT_EQ(default_hop_ms(graph, 60, true, true), 120) << "a step at least";
}

TEST(StreamPlan, CarriesNoStateThatACallCouldNotTakeOn) {
  const auto ends = [](Graph graph) { return graph.add("logits", Dense{.units = 2}); };
  EXPECT_FALSE(plan_carried(ends(Graph(kFrames).add("a", valid(3, 5, 1)))));
  EXPECT_TRUE(plan_carried(ends(Graph(kFrames).add("gru", Gru{.cells = 4}))));
  EXPECT_FALSE(plan_carried(ends(Graph(kFrames).add("gru", Gru{.cells = 4, .sequence = true}))));
  EXPECT_FALSE(plan_carried(ends(
      Graph(kFrames).add("a", Conv2d{.filters = 3, .kernel = {3, 3}, .stride = {1, 1}}).add("gru", Gru{.cells = 4}))));
  EXPECT_FALSE(
      plan_carried(ends(Graph(kFrames).add("a", valid(3, 5, 1)).add("b", next(3, 3, 1)).add("gru", Gru{.cells = 4}))))
      << "its first columns would be made of frames and of nothing";
}

/// A published design, and the same without padding in time.
std::pair<Design, Design> padded_and_not(const std::string& name) {
  const Design design = load_design(test::published_file(name));
  nlohmann::ordered_json json = design_to_json(design);
  json["network"]["time_padding"] = "valid";
  return {design, design_from_json(json, name)};
}

TEST(StreamPlan, SavesWorkAndMemoryForThePublishedConvolutions) {
  for (const char* name : {"cnn_s", "cnn_m", "cnn_l", "ds_cnn_s"}) {
    const auto [padded, design] = padded_and_not(name);
    const Graph graph = build_graph(design);
    const FirmwareCost flow = firmware_cost(design.features, graph);
    const FirmwareCost whole =
        firmware_cost(padded.features, build_graph(padded), {.hop_ms = flow.hop_ms, .flow = false});
    EXPECT_LT(of(flow.network, Core::m4).instructions, 0.25 * of(whole.network, Core::m4).instructions) << name;
    EXPECT_LE(flow.sizes(Core::m4).ram_bytes, whole.sizes(Core::m4).ram_bytes) << name;
  }
}

}  // namespace
}  // namespace kws
