#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "kws/core/options.h"
#include "kws/cost/cost.h"
#include "kws/search/curves.h"
#include "kws/search/space.h"

namespace kws::testing {

/// Learning curves of random designs. Type by type the mean error, its spread and how well epochs 1, 3, 9 and 18 tell
/// epoch 27 follow configs/learning_curves.json.gz (rank correlations 0.5, 0.8, 0.95, 0.99): from its value after one
/// epoch the logarithm of the error falls to its end as a power of what is left of the training on a logarithmic scale;
/// slow learners end higher, and only a part of the differences comes from what a design shows, its size and front end.
inline CurveTable synthetic_curves(int designs, std::uint64_t seed, int epochs = 27) {
  struct Kind {
    const char* type;
    double end, fall, power, spread;  ///< error of the last epoch, first by last as a logarithm, shape, sd of log(end)
  };
  constexpr Kind kinds[] = {{"dnn", 0.254, 0.76, 1.5, 0.15},        {"cnn", 0.130, 1.29, 1.85, 0.15},
                            {"basic_lstm", 0.148, 1.49, 0.6, 0.15}, {"lstm", 0.117, 1.60, 1.1, 0.15},
                            {"gru", 0.100, 1.66, 1.55, 0.15},       {"crnn", 0.105, 1.58, 1.5, 0.15},
                            {"ds_cnn", 0.196, 1.28, 1.3, 0.4}};
  CurveTable table;
  Rng rng({seed});
  const auto normal = [&] {
    return std::sqrt(-2.0 * std::log(1.0 - rng.uniform())) * std::cos(6.283185307 * rng.uniform());
  };
  while (static_cast<int>(table.curves.size()) < designs) {
    const Kind& kind = kinds[table.curves.size() % std::size(kinds)];
    Curve curve;
    curve.design = sample(Space{}, kind.type, 12, rng).design;
    const CostTotals totals = hello_edge_totals(build_graph(curve.design));
    if (totals.memory_bytes > 512000 || totals.ops > 80000000) continue;
    curve.design.name = std::string(kind.type) + "_" + std::to_string(table.curves.size());
    curve.memory_bytes = totals.memory_bytes;
    curve.ops = totals.ops;
    const FeatureOptions& features = curve.design.features;
    const double size = std::log(60000.0 / static_cast<double>(totals.memory_bytes));
    const double front_end = std::abs(std::log(features.stride_ms / 20.0)) + std::log(features.coefficients / 20.0);
    const double change = 0.15 * size + 0.2 * front_end + kind.spread * normal();
    const double fall = kind.fall - 0.5 * change + 0.2 * normal();
    const double power = kind.power * std::exp(-change + 0.25 * normal());
    double best = 0.0;
    for (int epoch = 1; epoch <= epochs; ++epoch) {
      const double left = 1.0 - std::log(epoch) / std::log(epochs);
      const double error = kind.end * std::exp(change + fall * std::pow(left, power) + 0.03 * normal());
      best = std::max(best, 1.0 - std::min(error, 0.95));
      curve.accuracy.push_back(best);
    }
    table.curves.push_back(std::move(curve));
  }
  return table;
}

/// The table as a file holds it, written here a second time so that the format is pinned by the tests.
inline Json curves_json(const CurveTable& table) {
  Json designs = Json::array();
  for (const Curve& curve : table.curves) {
    designs.push_back({{"design", design_to_json(curve.design)},
                       {"type", curve.design.type()},
                       {"memory", curve.memory_bytes},
                       {"ops", curve.ops},
                       {"epochs", curve.accuracy}});
  }
  return {{"schema", "kwsmith.curves/1"}, {"epochs", table.epochs()}, {"data", ""}, {"designs", std::move(designs)}};
}

}  // namespace kws::testing
