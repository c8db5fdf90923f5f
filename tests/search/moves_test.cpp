#include "../../search/moves.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "kws/search/options.h"
#include "kws/search/pool.h"

namespace kws {
namespace {

bool inside(const IntRange& range, int value) { return range.contains(value); }

/// Notes the dials of a network that stand outside of a space.
class OutsideOf : public Dials {
 public:
  explicit OutsideOf(const NetworkSpace& space) : space_(space) {}
  using Dials::operator();
  void operator()(std::string_view name, int& value, const IntRange& /*range*/, std::string_view /*help*/,
                  DialLimit limit) override {
    const auto dial = std::ranges::find(space_.dials, name, &Dial::name);
    if (dial->range.contains(value) && value <= limit.most) return;
    found += std::string(name) + " " + std::to_string(value) + "; ";
  }
  std::string found;

 private:
  const NetworkSpace& space_;
};

int changed_leaves(const Json& a, const Json& b) {
  const Json left = a.flatten(), right = b.flatten();
  int count = 0;
  for (const auto& [key, value] : left.items()) count += !right.contains(key) || right.at(key) != value ? 1 : 0;
  return count;
}

TEST(Neighbour, OfEveryTypeStaysInTheSpaceAndCanBeBuilt) {
  const Space space;
  for (const std::string& type : network_types()) {
    Rng rng({2});
    Sample from = sample(space, type, 12, rng);
    std::set<std::string> seen;
    for (int i = 0; i < 400; ++i) {
      const auto to = neighbour(space, from, rng);
      if (!to) continue;
      ASSERT_EQ(to->design.type(), type);
      const FeatureOptions& features = to->design.features;
      EXPECT_LE(features.stride_ms, features.window_ms);
      EXPECT_LE(features.coefficients, features.mel_bins);
      EXPECT_TRUE(inside(space.features.mel_bins, features.mel_bins)) << features.mel_bins;
      EXPECT_TRUE(inside(space.features.window_ms, features.window_ms));
      EXPECT_TRUE(inside(space.features.stride_ms, features.stride_ms)) << features.stride_ms;
      EXPECT_TRUE(inside(space.features.high_hz, features.high_hz));
      OutsideOf sizes(space.network(type));
      NetworkOptions network = to->design.network;
      network.turn(sizes, {frame_count(features), features.coefficients});
      EXPECT_EQ(sizes.found, "") << type;
      EXPECT_GE(to->training.optimizer.peak_rate, space.training.peak_rate_low);
      EXPECT_LE(to->training.optimizer.peak_rate, space.training.peak_rate_high);
      EXPECT_TRUE(features.kind == "mfcc" || features.coefficients == features.mel_bins);
      EXPECT_EQ(build_graph(to->design).output().elements(), 12);
      seen.insert(design_hash(to->design));
      from = *to;  // a walk, so that the edges of the space are reached
    }
    EXPECT_GT(seen.size(), 100U) << type;
  }
}

TEST(Neighbour, ChangesOneThing) {
  const Space space;
  Rng rng({3});
  const Sample from = sample(space, "gru", 12, rng);
  for (int i = 0; i < 100; ++i) {
    const auto to = neighbour(space, from, rng);
    if (!to) continue;
    const int design = changed_leaves(design_to_json(from.design), design_to_json(to->design));
    const int rate = to->training.optimizer.peak_rate != from.training.optimizer.peak_rate ? 1 : 0;
    EXPECT_GE(design + rate, 1);
    EXPECT_LE(design + rate, 2) << "a second one where it follows the first";
  }
}

TEST(Neighbour, TurnsTheDialsOfTrainingToTheNextOfTheirValues) {
  Space space;
  space.training.mask_ms = {0.0, 50.0, 150.0};
  space.training.mixup = {0.25};
  Rng rng({6});
  Sample from = sample(space, "gru", 12, rng);
  std::set<double> seen;
  for (int i = 0; i < 400; ++i) {
    const auto to = neighbour(space, from, rng);
    if (!to) continue;
    EXPECT_EQ(to->training.mixup, 0.25);
    EXPECT_TRUE(std::abs(to->training.mask_ms - from.training.mask_ms) < 101.0) << "a neighbour";
    if (to->training.mask_ms != from.training.mask_ms) {
      EXPECT_EQ(design_hash(to->design), design_hash(from.design));
    }
    seen.insert(to->training.mask_ms);
    from = *to;
  }
  EXPECT_EQ(seen, (std::set<double>{0.0, 50.0, 150.0}));
}

TEST(Neighbour, NeverLeavesARangeOfOneValue) {
  Space space;
  space.range("gru", "cells") = {60, 60, 1};
  Rng rng({4});
  Sample from = sample(space, "gru", 12, rng);
  for (int i = 0; i < 200; ++i) {
    if (const auto to = neighbour(space, from, rng)) from = *to;
    EXPECT_EQ(design_to_json(from.design)["network"]["cells"], 60);
  }
}

TEST(Least, IsNearTheLeastThatDrawsNeed) {
  SearchOptions options;
  for (const MeasureId measure : {MeasureId::memory, MeasureId::ops, MeasureId::flash, MeasureId::ram}) {
    options.limits = {};
    options.limits[measure] = 1;
    const Budget budget = options.budgets().front();
    const auto need = [&](const Sample& one) { return budget.share(needs_of(one.design, options.part())); };
    for (const std::string& type : network_types()) {
      Rng rng({5});
      const Sample from = sample(options.space, type, 4, rng);
      const double found = need(least(options.space, from, need));
      for (int i = 0; i < 25; ++i) {
        EXPECT_LE(found, 1.5 * need(sample(options.space, type, 4, rng))) << type << ": " << budget.limits_text();
      }
    }
  }
}

}  // namespace
}  // namespace kws
