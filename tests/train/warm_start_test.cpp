#include "kws/train/warm_start.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "families/random_design.h"
#include "fused/fused_step.h"
#include "kws/core/error.h"
#include "kws/train/float_run.h"

namespace kws {
namespace {

using testing::Batch;
using testing::distance;
using testing::float_isa;
using testing::stepped;
using testing::trained;

class WarmStart : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Types, WarmStart, ::testing::ValuesIn(network_types()),
                         [](const auto& type) { return type.param; });

TEST_P(WarmStart, ComputesWhatTheFoldedWeightsDoAndANewClassBeginsAtRandom) {
  test::RandomDesign random(5);
  Rng rng({6});
  for (int i = 0; i < 2; ++i) {
    Design design = random(GetParam());
    const Graph graph = build_graph(design);
    const ParameterLayout layout(graph);
    const Batch batch(graph, 25, rng);
    const NetState state = trained(graph, batch, rng);
    const Weights weights = folded(graph, layout, state.parameters, state.statistics);
    const std::vector<float> before = run_float(graph, weights, batch.features);

    const auto classes = static_cast<std::size_t>(design.classes);
    ++design.classes;
    const Graph wider = build_graph(design);
    const ParameterLayout wider_layout(wider);
    std::vector<int> same(classes + 1, -1);  // the new class in front, the others in their order
    std::iota(same.begin() + 1, same.end(), 0);
    const NetState start = warm_start(wider, weights, same, batch.features, 1);
    const Weights again = folded(wider, wider_layout, start.parameters, start.statistics);
    const std::vector<float> after = run_float(wider, again, batch.features);
    std::vector<float> known;
    for (std::size_t at = 0; at < after.size(); ++at) {
      if (at % (classes + 1) != 0) known.push_back(after[at]);
    }
    EXPECT_LT(distance(known, before), 1e-4) << "design " << i;

    // What a step makes of its batch is what the start took for granted: gamma and beta fit batch norm in training.
    bool free = true;
    for (const Layer& layer : wider.layers()) free = free && norm_of(layer.op) != Norm::beta;
    if (free && !start.statistics.empty()) {
      EXPECT_LT(distance(stepped(wider, start, batch, float_isa()).statistics, start.statistics), 1e-3)
          << "design " << i;
    }
  }
}

TEST(WarmStart, RefusesWeightsOfOtherLayers) {
  test::RandomDesign random(5);
  Rng rng({6});
  const Graph cnn = build_graph(random("cnn")), dnn = build_graph(random("dnn"));
  const ParameterLayout layout(cnn);
  const NetState state = initial_state(cnn, layout, 1);
  const Weights weights = folded(cnn, layout, state.parameters, state.statistics);
  const std::vector<int> classes(static_cast<std::size_t>(dnn.output().elements()), -1);
  EXPECT_THROW(warm_start(dnn, weights, classes, Batch(dnn, 12, rng).features, 1), Error);
}

}  // namespace
}  // namespace kws
