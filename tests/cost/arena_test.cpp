#include <gtest/gtest.h>

#include "families/random_design.h"
#include "kws/cost/cost.h"

namespace kws {
namespace {

struct Bytes {
  int begin, end;
  [[nodiscard]] bool overlaps(const Bytes& other) const { return begin < other.end && other.begin < end; }
};

TEST(Arena, PutsInputAndOutputAtOppositeEnds) {
  Graph graph({.time = 1, .freq = 1, .channels = 100});
  graph.add("fc", Dense{.units = 30}).add("logits", Dense{.units = 12});
  const ArenaPlan plan = plan_arena(graph);
  EXPECT_EQ(plan.bytes, 130);
  EXPECT_EQ(plan.steps[0].input_offset, 0);
  EXPECT_EQ(plan.steps[0].output_offset, 100);
  EXPECT_EQ(plan.steps[1].input_offset, 100);
  EXPECT_EQ(plan.steps[1].output_offset, 0);
}

TEST(Arena, AlignsTheScratchOfRecurrentLayers) {
  Graph graph({.time = 3, .freq = 3, .channels = 1});
  graph.add("gru", Gru{.cells = 2});
  const ArenaPlan plan = plan_arena(graph);
  EXPECT_EQ(plan.steps[0].scratch_offset, 12);  // after 9 bytes of input
  EXPECT_EQ(plan.steps[0].scratch_bytes, 6);    // 2 int16 and 2 int8
  EXPECT_EQ(plan.bytes, 12 + 6 + 2);
}

TEST(Arena, CountsTheScratchOfALstmWithProjection) {
  Graph graph({.time = 2, .freq = 2, .channels = 1});
  graph.add("lstm", Lstm{.cells = 3, .projection = 2, .peepholes = true});
  // 3 int16, 3 + 2 int8
  EXPECT_EQ(plan_arena(graph).steps[0].scratch_bytes, 11);
}

TEST(Arena, NeverOverlapsWhatALayerReadsAndWrites) {
  test::RandomDesign random(23);
  for (const std::string& type : network_types()) {
    for (int i = 0; i < 300; ++i) {
      const Graph graph = build_graph(random(type));
      const ArenaPlan plan = plan_arena(graph);
      ASSERT_EQ(plan.steps.size(), graph.layers().size());
      bool tight = false;
      for (std::size_t k = 0; k < plan.steps.size(); ++k) {
        const ArenaPlan::Step& step = plan.steps[k];
        const Layer& layer = graph.layers()[k];
        const Bytes input{step.input_offset, step.input_offset + layer.input.elements()};
        const Bytes output{step.output_offset, step.output_offset + layer.output.elements()};
        const Bytes scratch{step.scratch_offset, step.scratch_offset + step.scratch_bytes};
        ASSERT_FALSE(input.overlaps(output)) << type << " layer " << layer.name;
        if (step.scratch_bytes > 0) {
          ASSERT_FALSE(scratch.overlaps(input)) << type << " layer " << layer.name;
          ASSERT_FALSE(scratch.overlaps(output)) << type << " layer " << layer.name;
          ASSERT_LE(scratch.end, plan.bytes);
          ASSERT_EQ(scratch.begin % 4, 0);
        }
        for (const Bytes& part : {input, output}) {
          ASSERT_GE(part.begin, 0);
          ASSERT_LE(part.end, plan.bytes);
        }
        if (k > 0) {
          ASSERT_EQ(step.input_offset, plan.steps[k - 1].output_offset);
        }
        const int needed = layer.input.elements() + layer.output.elements() + step.scratch_bytes;
        tight = tight || plan.bytes - needed < 4;
      }
      ASSERT_TRUE(tight) << "no layer fills the arena";
    }
  }
}

}  // namespace
}  // namespace kws
