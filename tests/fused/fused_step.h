#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "kws/core/rng.h"
#include "kws/fused/fused_net.h"
#include "kws/fused/targets.h"

namespace kws::testing {

/// A batch with every class in it.
struct Batch {
  std::vector<std::int8_t> features;
  std::vector<int> labels;
  std::vector<double> targets;  ///< smoothed by 0.1
  Batch(const Graph& graph, int clips, Rng& rng) {
    for (int i = 0; i < clips * graph.input().elements(); ++i) {
      features.push_back(static_cast<std::int8_t>(rng.between(-100, 100)));
    }
    for (int i = 0; i < clips; ++i) labels.push_back(i % graph.output().elements());
    targets = smoothed_targets(labels, graph.output().elements(), 0.1);
  }
};

struct Result {
  double loss = 0.0;
  std::vector<float> gradients, statistics;
};

/// |a - b| / |b|
inline double distance(std::span<const float> a, std::span<const float> b) {
  double difference = 0.0, size = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference += std::pow(static_cast<double>(a[i]) - b[i], 2);
    size += std::pow(static_cast<double>(b[i]), 2);
  }
  return std::sqrt(difference / std::max(size, 1e-30));
}

/// The best set that computes in float32.
inline Isa float_isa() { return isa_for("float32"); }

inline Result stepped(const Graph& graph, const NetState& state, const Batch& batch, Isa isa) {
  const ParameterLayout layout(graph);
  const auto net = FusedNet::make(graph, layout, static_cast<int>(batch.labels.size()), isa);
  Result result{0.0, std::vector<float>(layout.parameters(), NAN), state.statistics};
  // The graph may have another number of classes than the one that the batch was made for.
  const std::vector<double> targets = smoothed_targets(batch.labels, graph.output().elements(), 0.1);
  result.loss = net->step(batch.features, targets, state.parameters, result.statistics, result.gradients);
  return result;
}

/// A network some way through a training.
inline NetState trained(const Graph& graph, const Batch& batch, Rng& rng) {
  const ParameterLayout layout(graph);
  NetState state = initial_state(graph, layout, rng.next());
  for (float& value : state.parameters) value *= static_cast<float>(rng.uniform(0.6, 1.6));
  for (int i = 0; i < 3 && !state.statistics.empty(); ++i) {
    state.statistics = stepped(graph, state, batch, float_isa()).statistics;
  }
  return state;
}

}  // namespace kws::testing
