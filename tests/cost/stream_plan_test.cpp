#include "kws/cost/stream_plan.h"

#include <gtest/gtest.h>

#include <algorithm>

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
  // Two new frames and the four before them; two columns of a, the one before, and the one left out; all of b's.
  EXPECT_EQ(plan->rings[0].columns, 6);
  EXPECT_EQ(plan->rings[1].columns, 4);
  EXPECT_EQ(plan->rings[2].columns, 7);
  EXPECT_EQ(plan->rings[2].fresh, 1);
  EXPECT_EQ(plan->state_bytes, 6 * 4 + 4 * 3 + 16);
  EXPECT_EQ(plan->steps[0].layer.input.time, 6);
  EXPECT_EQ(plan->steps[0].layer.output.time, 2);
  EXPECT_EQ(plan->steps[1].layer.input.time, 3);
  EXPECT_EQ(plan->steps[1].input.offset, 24);
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

/// Bytes that a step reads and writes lie where the steps before it, and the plan, have put them.
TEST(StreamPlan, PlacesNothingOverWhatIsStillNeeded) {
  int flowing = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    const Graph graph = test::random_flow({.time = 30, .freq = 8, .channels = 1}, 4, seed);
    const auto plan = plan_stream(graph, 1 + static_cast<int>(seed % 5));
    if (!plan) continue;
    ++flowing;
    const auto count = graph.layers().size();
    for (const bool flows : {true, false}) {
      const int size = flows ? plan->arena_bytes : plan->decision_arena_bytes;
      std::vector<int> owner(static_cast<std::size_t>(size), -1);  // tensor whose bytes they are
      for (std::size_t i = flows ? 0 : plan->flowing; i < (flows ? plan->flowing : count); ++i) {
        const StreamPlan::Step& step = plan->steps[i];
        const auto expect_owned = [&](const StreamPlan::Place& place, TensorId tensor, int bytes) {
          if (place.kept) {
            EXPECT_LE(place.offset + bytes, plan->state_bytes);
            return;
          }
          for (int at = place.offset; at < place.offset + bytes; ++at) {
            EXPECT_EQ(owner.at(static_cast<std::size_t>(at)), tensor) << "seed " << seed << " layer " << i;
          }
        };
        const auto write = [&](int offset, int bytes, int tensor) {
          for (int at = offset; at < offset + bytes; ++at) owner.at(static_cast<std::size_t>(at)) = tensor;
        };
        write(step.scratch_offset, step.scratch_bytes, -2);
        const Layer& layer = step.layer;
        if (i + 1 < count && !step.output.kept) {
          write(step.output.offset, layer.output.elements(), static_cast<int>(i) + 1);
        }
        // What is read is whole even when scratch and output are written already.
        expect_owned(step.input, layer.inputs.front(), layer.input.elements());
        if (layer.inputs.size() > 1) expect_owned(step.second, layer.inputs.back(), layer.second.elements());
      }
    }
  }
  EXPECT_GT(flowing, 100);
}

TEST(StreamPlan, SavesWorkAndMemoryForThePublishedConvolutions) {
  for (const char* name : {"cnn_s", "cnn_m", "cnn_l"}) {
    const Design design = load_design(test::published_file(name));
    const Graph graph = build_graph(design);
    const FirmwareCost flow = firmware_cost(design.features, graph);
    const FirmwareCost whole = firmware_cost(design.features, graph, {.hop_ms = flow.hop_ms, .flow = false});
    EXPECT_LT(of(flow.network, Core::m4).instructions, 0.25 * of(whole.network, Core::m4).instructions) << name;
    EXPECT_LE(flow.sizes(Core::m4).ram_bytes, whole.sizes(Core::m4).ram_bytes) << name;
  }
}

}  // namespace
}  // namespace kws
