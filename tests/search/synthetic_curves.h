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

/// Learning curves of random designs: power laws with noise. What is left of the error falls with memory and rises with
/// the distance from a good front end; types differ in it and in their speed, so that curves cross: the slow types are
/// behind at first and ahead in the end.
inline CurveTable synthetic_curves(int designs, std::uint64_t seed, int epochs = 27) {
  struct Kind {
    const char* type;
    double floor, start, speed;
  };
  constexpr Kind kinds[] = {{"dnn", 0.14, 0.20, 1.3},    {"cnn", 0.075, 0.30, 1.1}, {"basic_lstm", 0.09, 0.35, 1.1},
                            {"lstm", 0.065, 0.45, 1.0},  {"gru", 0.055, 0.40, 1.1}, {"crnn", 0.05, 0.35, 1.1},
                            {"ds_cnn", 0.045, 0.45, 1.1}};
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
    const double size = std::log(500000.0 / static_cast<double>(totals.memory_bytes)) +
                        0.5 * std::log(80e6 / static_cast<double>(totals.ops));
    const double front_end = std::abs(std::log(features.stride_ms / 20.0)) + (features.coefficients < 16 ? 0.4 : 0.0);
    const double floor = kind.floor * std::exp(0.2 * size + 0.5 * front_end + 0.05 * normal());
    const double speed = kind.speed * std::exp(0.15 * normal());
    for (int epoch = 1; epoch <= epochs; ++epoch) {
      const double error = floor + kind.start * std::pow(epoch, -speed) * std::exp(0.1 * normal());
      curve.accuracy.push_back(std::clamp(1.0 - error + 0.002 * normal(), 0.0, 1.0));
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
  return {{"schema", "kwsmith.curves/1"}, {"designs", std::move(designs)}};
}

}  // namespace kws::testing
