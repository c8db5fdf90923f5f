// Scores of untrained networks beside what their training ended with, for docs/search_strategies.md:
//   ninja kws_init_scores && kws_init_scores configs/learning_curves.json.gz
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <map>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "kws/core/rng.h"
#include "kws/fused/parameters.h"
#include "kws/search/curves.h"
#include "kws/train/float_run.h"

namespace kws {
namespace {

constexpr int kClips = 32;

/// An untrained network of a recorded design.
struct Untrained {
  const Curve& curve;
  Graph graph;
  Weights weights;
};

std::vector<std::int8_t> noise(const Graph& graph) {
  Rng rng({1});
  std::vector<std::int8_t> features(static_cast<std::size_t>(kClips) *
                                    static_cast<std::size_t>(graph.input().elements()));
  for (std::int8_t& value : features) value = static_cast<std::int8_t>(rng.uniform(-80.0, 80.0));
  return features;
}

/// SynFlow (Tanaka et al. 2020, section 4): the sum over the weights' magnitudes of each times the slope of the summed
/// outputs for ones as inputs, which is the slope along their common scale.
double synflow(const Untrained& net) {
  constexpr float kStep = 0.01F;
  const std::vector<std::int8_t> ones(static_cast<std::size_t>(net.graph.input().elements()), 1);
  const auto sum_at = [&](float scale) {
    Weights scaled = net.weights;
    for (auto& [name, tensor] : scaled) {
      for (float& value : tensor.data) value = std::abs(value) * scale;
    }
    const std::vector<float> logits = run_float(net.graph, scaled, ones);
    return std::accumulate(logits.begin(), logits.end(), 0.0);
  };
  return std::log(std::max(1e-30, (sum_at(1.0F + kStep) - sum_at(1.0F - kStep)) / (2.0 * kStep)));
}

/// NASWOT (Mellor et al. 2021, section 3): logarithm of the determinant of the matrix of how many units agree between
/// two inputs on which side of zero they are.
double naswot(const Untrained& net) {
  std::vector<double> agree(kClips * kClips);
  observe_float(net.graph, net.weights, noise(net.graph), [&](const Layer&, std::span<const float> output) {
    const std::size_t units = output.size() / kClips;
    for (std::size_t a = 0; a < kClips; ++a) {
      for (std::size_t b = 0; b < kClips; ++b) {
        double same = 0.0;
        for (std::size_t i = 0; i < units; ++i) same += (output[a * units + i] > 0) == (output[b * units + i] > 0);
        agree[a * kClips + b] += same;
      }
    }
  });
  double log_determinant = 0.0;  // by Gaussian elimination; the matrix is positive definite or nearly so
  for (std::size_t k = 0; k < kClips; ++k) {
    const double pivot = std::max(1e-9, agree[k * kClips + k]);
    log_determinant += std::log(pivot);
    for (std::size_t row = k + 1; row < kClips; ++row) {
      const double factor = agree[row * kClips + k] / pivot;
      for (std::size_t column = k; column < kClips; ++column) {
        agree[row * kClips + column] -= factor * agree[k * kClips + column];
      }
    }
  }
  return log_determinant;
}

std::vector<double> ranks(const std::vector<double>& values) {
  std::vector<double> rank(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (const double other : values) rank[i] += other < values[i] ? 1.0 : other == values[i] ? 0.5 : 0.0;
  }
  return rank;
}

/// Spearman's.
double rank_correlation(const std::vector<double>& a, const std::vector<double>& b) {
  const std::vector<double> x = ranks(a), y = ranks(b);
  const double middle = std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
  double both = 0.0, of_x = 0.0, of_y = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    both += (x[i] - middle) * (y[i] - middle);
    of_x += (x[i] - middle) * (x[i] - middle);
    of_y += (y[i] - middle) * (y[i] - middle);
  }
  return both / std::sqrt(of_x * of_y);
}

void run(const std::string& file) {
  const CurveTable table = load_curves(file);
  using Score = std::function<double(const Untrained&)>;
  const std::vector<std::pair<std::string, Score>> scores = {
      {"memory", [](const Untrained& net) { return static_cast<double>(net.curve.memory_bytes); }},
      {"operations", [](const Untrained& net) { return static_cast<double>(net.curve.ops); }},
      {"synflow", synflow},
      {"naswot", naswot},
      {"epoch 3", [](const Untrained& net) { return net.curve.accuracy[2]; }},
  };
  std::vector<double> ends;
  std::map<std::string, std::vector<std::size_t>> of_type;
  std::vector<std::vector<double>> values(scores.size());
  for (const Curve& curve : table.curves) {
    const Graph graph = build_graph(curve.design);
    const ParameterLayout layout(graph);
    const NetState state = initial_state(graph, layout, 1);
    const Untrained net{curve, graph, folded(graph, layout, state.parameters, state.statistics)};
    for (std::size_t i = 0; i < scores.size(); ++i) values[i].push_back(scores[i].second(net));
    of_type[curve.design.type()].push_back(ends.size());
    ends.push_back(curve.accuracy.back());
  }
  std::printf("%-12s %8s", "score", "all");
  for (const auto& [type, places] : of_type) std::printf(" %s(%zu)", type.c_str(), places.size());
  std::printf("\n");
  for (std::size_t i = 0; i < scores.size(); ++i) {
    std::printf("%-12s %8.2f", scores[i].first.c_str(), rank_correlation(values[i], ends));
    for (const auto& [type, places] : of_type) {
      std::vector<double> own, end;
      for (const std::size_t place : places) {
        own.push_back(values[i][place]);
        end.push_back(ends[place]);
      }
      std::printf(" %*.2f", static_cast<int>(type.size()) + 4, rank_correlation(own, end));
    }
    std::printf("\n");
  }
}

}  // namespace
}  // namespace kws

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  kws::run(argv[1]);
  return 0;
}
