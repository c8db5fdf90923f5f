#include "kws/train/teacher.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kws/fused/fused_net.h"
#include "kws/train/float_run.h"

namespace kws {

struct Teacher::Impl {
  Graph graph;
  Weights weights;
  TeacherOptions options;
  NetState state;
  std::unique_ptr<FusedNet> fused;  // nullptr: LibTorch answers
};

Teacher::Teacher(const Graph& graph, const Weights& weights, TeacherOptions options, int batch, Isa isa) {
  const ParameterLayout layout(graph);
  impl_ = std::make_unique<Impl>(Impl{.graph = graph,
                                      .weights = weights,
                                      .options = options,
                                      .state = unfolded(graph, layout, weights),
                                      .fused = FusedNet::make(graph, layout, batch, isa)});
}
Teacher::~Teacher() = default;

void Teacher::teach(std::span<const std::int8_t> features, std::span<double> targets) {
  const Impl& t = *impl_;
  std::vector<float> logits(targets.size());
  if (t.fused) {
    t.fused->logits(features, t.state.parameters, t.state.statistics, logits);
  } else {
    logits = run_float(t.graph, t.weights, features);
  }
  const auto classes = static_cast<std::size_t>(t.graph.output().elements());
  for (std::size_t first = 0; first < targets.size(); first += classes) {
    const std::span<const float> row = std::span(logits).subspan(first, classes);
    const double most = *std::ranges::max_element(row);
    const auto raised = [&](float logit) { return std::exp((logit - most) / t.options.temperature); };
    double sum = 0.0;
    for (const float logit : row) sum += raised(logit);
    for (std::size_t c = 0; c < classes; ++c) {
      double& target = targets[first + c];
      target += t.options.share * (raised(row[c]) / sum - target);
    }
  }
}

}  // namespace kws
