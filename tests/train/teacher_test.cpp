#include "kws/train/teacher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "families/random_design.h"
#include "fused/fused_step.h"
#include "kws/train/float_run.h"

namespace kws {
namespace {

using testing::Batch;
using testing::distance;
using testing::trained;

/// The posteriors of folded weights, [clips][classes].
std::vector<double> posteriors(const Graph& graph, const Weights& weights, const Batch& batch, double temperature) {
  const std::vector<float> logits = run_float(graph, weights, batch.features);
  const std::size_t classes = logits.size() / batch.labels.size();
  std::vector<double> result(logits.size());
  for (std::size_t first = 0; first < logits.size(); first += classes) {
    double sum = 0.0;
    for (std::size_t c = first; c < first + classes; ++c) sum += std::exp(logits[c] / temperature);
    for (std::size_t c = first; c < first + classes; ++c) result[c] = std::exp(logits[c] / temperature) / sum;
  }
  return result;
}

class TeacherTest : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Types, TeacherTest, ::testing::ValuesIn(network_types()),
                         [](const auto& type) { return type.param; });

TEST_P(TeacherTest, MixesThePosteriorsOfItsFoldedWeightsIntoTheTargets) {
  test::RandomDesign random(5);
  Rng rng({6});
  for (int i = 0; i < 2; ++i) {
    const Graph graph = build_graph(random(GetParam()));
    const ParameterLayout layout(graph);
    const Batch batch(graph, 25, rng);
    const NetState state = trained(graph, batch, rng);
    const Weights weights = folded(graph, layout, state.parameters, state.statistics);

    const NetState again = unfolded(graph, layout, weights);
    for (const auto& [name, tensor] : folded(graph, layout, again.parameters, again.statistics)) {
      EXPECT_LT(distance(tensor.data, weights.at(name).data), 1e-6) << name;
    }
    for (const Isa isa : {best_isa(), Isa::portable}) {
      for (const double temperature : {1.0, 3.0}) {
        const std::vector<double> theirs = posteriors(graph, weights, batch, temperature);
        // Smaller batches than there are clips.
        Teacher teacher(graph, weights, {.share = 0.75, .temperature = temperature}, 10, isa);
        std::vector<double> targets = batch.targets;
        teacher.teach(batch.features, targets);
        for (std::size_t at = 0; at < targets.size(); ++at) {
          EXPECT_NEAR(targets[at], 0.75 * theirs[at] + 0.25 * batch.targets[at], 1e-5) << "design " << i;
        }
        const auto first = targets.begin();
        EXPECT_NEAR(std::accumulate(first, targets.end(), 0.0), static_cast<double>(batch.labels.size()), 1e-6);
      }
    }
  }
}

}  // namespace
}  // namespace kws
