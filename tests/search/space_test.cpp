#include "kws/search/space.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>
#include <utility>

#include "../../search/moves.h"
#include "kws/search/options.h"
#include "kws/search/pool.h"

namespace kws {
namespace {

using ::testing::HasSubstr;

std::string message_of(const std::function<void()>& action, Exit expected) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), expected);
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

TEST(Space, SharesOfFrontEndsAddUp) {
  for (const double log_mel : {0.0, 0.3, 1.0}) {
    const FeatureSpace features{.log_mel_share = log_mel};
    double sum = 0.0;
    for (const std::string& kind : front_end_kinds()) sum += share_of(features, kind);
    EXPECT_DOUBLE_EQ(sum, 1.0);
    EXPECT_EQ(share_of(features, "log_mel"), log_mel);
  }
}

/// The dials that stand still by default turn where a space file widens them, and what they give can be built.
TEST(Space, OptionsThatAreOffAreDrawnWhereTheyAreAskedFor) {
  Space space;
  for (const char* name : {"residual", "sub_bands", "time_padding"}) {
    IntRange& range = space.range("ds_cnn", name);
    EXPECT_EQ(range.count(), 1) << name;
    range.high = range.most;
  }
  Rng rng({9});
  std::set<std::string> paddings, residuals;
  Sample from = sample(space, "ds_cnn", 12, rng);
  for (int i = 0; i < 200; ++i) {
    const Sample drawn = sample(space, "ds_cnn", 12, rng);
    EXPECT_EQ(build_graph(drawn.design).output().elements(), 12);
    const Json network = design_to_json(drawn.design)["network"];
    paddings.insert(network.value("time_padding", "same"));
    residuals.insert(network.contains("residual") ? "yes" : "no");
    if (const auto to = neighbour(space, from, rng)) from = *to;
    EXPECT_EQ(build_graph(from.design).output().elements(), 12);
  }
  EXPECT_EQ(paddings, (std::set<std::string>{"same", "valid"}));
  EXPECT_EQ(residuals.size(), 2U);
  // Twice the residuals, ten times the bands, and some of those with valid padding.
  space.features.mel_bins = {40, 40, 1};
  space.features.coefficients = {10, 10, 1};
  space.features.window_ms = {40, 40, 1};
  space.features.stride_ms = {20, 20, 1};
  const double all = space_designs(space, "ds_cnn");
  space.range("ds_cnn", "time_padding").high = 0;
  const double same = space_designs(space, "ds_cnn");
  EXPECT_GT(all, 1.5 * same);
  EXPECT_LE(all, 2.0 * same);
  space.range("ds_cnn", "residual").high = 0;
  space.range("ds_cnn", "sub_bands").high = 1;
  EXPECT_EQ(same, 20.0 * space_designs(space, "ds_cnn"));
}

/// Kernels leave frames where nothing is padded, whatever is drawn.
TEST(Space, NetworksOfEachPaddingInTimeAreBuilt) {
  Space space;
  space.features.stride_ms = {20, 20, 1};
  int types = 0;
  for (const std::string& type : network_types()) {
    const std::vector<Dial> dials = dials_of(type);
    if (std::ranges::find(dials, "time_padding", &Dial::name) == dials.end()) continue;
    ++types;
    IntRange& padding = space.range(type, "time_padding");
    EXPECT_EQ(padding.count(), 1) << type;
    padding.high = padding.most;
    Rng rng({17});
    std::set<std::string> words;
    Sample from = sample(space, type, 12, rng);
    for (int i = 0; i < 200; ++i) {
      const Sample drawn = sample(space, type, 12, rng);
      words.insert(design_to_json(drawn.design)["network"].value("time_padding", ""));
      EXPECT_EQ(build_graph(drawn.design).output().elements(), 12) << type;
      if (const auto to = neighbour(space, from, rng)) from = *to;
      EXPECT_EQ(build_graph(from.design).output().elements(), 12) << type;
    }
    EXPECT_EQ(words.size(), 2U) << type << ": the usual one is not written";
    EXPECT_GT(space_designs(space, type), 100.0) << type;
  }
  EXPECT_GE(types, 4);
}

TEST(Space, EverySampleOfEveryTypeBuildsAndSurvivesJson) {
  const Space space;
  for (const std::string& type : network_types()) {
    Rng rng({1});
    for (int i = 0; i < 1000; ++i) {
      Sample drawn = sample(space, type, 12, rng);
      drawn.design.name = "sample";
      ASSERT_EQ(drawn.design.type(), type);
      ASSERT_EQ(build_graph(drawn.design).output().elements(), 12);
      ASSERT_EQ(design_hash(design_from_json(design_to_json(drawn.design), "sample")), design_hash(drawn.design));
    }
  }
}

TEST(Space, RangeReachesBothEndsAndKeepsItsSteps) {
  const IntRange range{4, 14, 5};
  Rng rng({3});
  std::set<int> values;
  for (int i = 0; i < 200; ++i) values.insert(range.draw(rng));
  EXPECT_EQ(values, (std::set<int>{4, 9, 14}));
}

TEST(Space, RangeKeepsBelowTheCeiling) {
  const IntRange range{4, 20, 4};
  Rng rng({3});
  for (int i = 0; i < 200; ++i) EXPECT_LE(range.draw(rng, 10), 8);
}

TEST(Space, ConfigNarrowsARange) {
  const Json config = Json::parse(R"({"space": {"gru": {"cells": {"low": 60, "high": 60}}}, "types": ["gru"]})");
  const SearchOptions options = search_options_from_json(config, "c.json");
  Rng rng({5});
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(design_to_json(sample(options.space, "gru", 12, rng).design)["network"]["cells"], 60);
  }
}

TEST(Space, ConfigListsValuesOfTrainingOptions) {
  const Json config = Json::parse(
      R"({"types": ["gru"], "space": {"training": {"mask_ms": [50, 100], "mixup": [0.25], "weight_decay": [0.01, 0.1],
          "gain_db": [-30, -10, 0]}}})");
  const SearchOptions options = search_options_from_json(config, "c.json");
  EXPECT_EQ(search_options_to_json(options)["space"]["training"]["mask_ms"], Json({50.0, 100.0}));
  EXPECT_FALSE(search_options_to_json({})["space"]["training"].contains("mask_ms")) << "configs of before stay equal";
  Rng rng({5}), plain_rng({5});
  std::set<std::pair<double, double>> drawn;
  std::set<int> gains;
  for (int i = 0; i < 40; ++i) {
    const TrainOptions training = sample(options.space, "gru", 12, rng).training;
    EXPECT_EQ(training.mixup, 0.25);
    drawn.emplace(training.mask_ms, training.optimizer.weight_decay);
    gains.insert(training.augment.gain_db);
  }
  EXPECT_EQ(drawn.size(), 4U);
  EXPECT_EQ(gains, (std::set{-30, -10, 0}));
  EXPECT_THAT(
      message_of([] { search_options_from_json(Json::parse(R"({"space": {"training": {"gain_db": [-10.5]}}})"), "c"); },
                 Exit::usage),
      HasSubstr("c: space.training.gain_db: -10.5 is not a whole number; give whole ones"));
  SearchOptions one_value = search_options_from_json(Json::parse(R"({"space": {"training": {"mixup": [0.5]}}})"), "c");
  Rng fixed_rng({5});
  const Sample fixed = sample(one_value.space, "gru", 12, fixed_rng), plain = sample(Space(), "gru", 12, plain_rng);
  EXPECT_EQ(design_hash(fixed.design), design_hash(plain.design)) << "one value is no draw";
  EXPECT_EQ(fixed.training.optimizer.peak_rate, plain.training.optimizer.peak_rate);
  std::vector<std::string> warnings;
  for (const Candidate& one : space_pool(one_value, 0, warnings)->published()) {
    EXPECT_EQ(one.sample.training.mixup, 0.5) << one.sample.design.name;
  }
  for (const Candidate& one : space_pool(options, 0, warnings)->published()) {
    EXPECT_EQ(one.sample.training.mask_ms, 100.0) << "the default, where it is in the list";
  }
}

TEST(Space, AChangeOfADesignMayBeHowItIsTrained) {
  SearchOptions options;
  options.types = {"gru"};
  options.space.training.mixup = {0.0, 0.2};
  std::vector<std::string> warnings;
  const std::unique_ptr<Pool> pool = space_pool(options, 0, warnings);
  Rng rng({3});
  std::set<std::string> known;
  const Seen seen = [&known](const std::string& key) { return known.contains(key); };
  const Candidate from = pool->draw("gru", rng, seen).value();
  known = {from.key, from.training_key};
  std::set<std::pair<double, double>> ways;  // rate and mixup
  for (int i = 0; i < 500; ++i) {
    const auto child = pool->near(from, rng, seen);
    if (!child) continue;
    EXPECT_FALSE(seen(child->training_key));
    EXPECT_TRUE(child->sample.design.name.empty());
    known.insert({child->key, child->training_key});
    if (child->key == from.key) ways.insert({child->sample.training.optimizer.peak_rate, child->sample.training.mixup});
  }
  const TrainOptions& training = from.sample.training;
  EXPECT_GE(ways.size(), 2U) << "the other mixup, a rate below, one above, where the range has one";
  EXPECT_LE(ways.size(), 3U);
  EXPECT_FALSE(ways.contains({training.optimizer.peak_rate, training.mixup}));
}

TEST(Space, ConfigListsNumbersAndWindowsWithTheirStrides) {
  const Json config = Json::parse(R"({"types": ["gru"], "space": {
    "features": {"mel_bins": [40, 20, 40], "coefficients": [13, 10], "log_mel_share": 0.5,
                 "window_stride_ms": [[25, 10], [40, 20], [30, 10]]},
    "gru": {"cells": [60, 33]}}})");
  const SearchOptions options = search_options_from_json(config, "c.json");
  const IntRange& cells = options.space.network("gru").dials[1].range;
  EXPECT_EQ(cells.low, 33);
  EXPECT_EQ(cells.high, 60);
  EXPECT_TRUE(cells.contains(60));
  EXPECT_FALSE(cells.contains(34));
  Rng rng({5});
  std::set<std::string> frames;
  std::set<int> widths, bins, coefficients;
  Sample from = sample(options.space, "gru", 12, rng);
  for (int i = 0; i < 200; ++i) {
    // By draws and by single changes.
    if (const auto to = neighbour(options.space, from, rng)) from = *to;
    for (const Sample& one : {from, sample(options.space, "gru", 12, rng)}) {
      const FeatureOptions& features = one.design.features;
      frames.insert(std::to_string(features.window_ms) + "/" + std::to_string(features.stride_ms));
      bins.insert(features.mel_bins);
      if (features.kind == "mfcc") coefficients.insert(features.coefficients);
      widths.insert(design_to_json(one.design)["network"]["cells"].get<int>());
    }
  }
  EXPECT_EQ(frames, (std::set<std::string>{"25/10", "30/10", "40/20"}));
  EXPECT_EQ(widths, (std::set<int>{33, 60}));
  EXPECT_EQ(bins, (std::set<int>{20, 40}));
  EXPECT_EQ(coefficients, (std::set<int>{10, 13}));
  // Pairs, bins, coefficients or log-mel, upper edges, layers, cells.
  EXPECT_EQ(space_designs(options.space, "gru"), 3.0 * 2 * (2 + 1) * 10 * 2 * 2);
  const Json written = search_options_to_json(options);
  EXPECT_EQ(written["space"]["features"]["mel_bins"], Json({20, 40}));
  EXPECT_FALSE(written["space"]["features"].contains("window_ms"));
  EXPECT_EQ(search_options_to_json(search_options_from_json(written, "c.json")), written);
}

/// Notes the dials of a network that stand on no number of their ranges.
class OutsideDials : public Dials {
 public:
  using Dials::operator();
  void operator()(std::string_view name, int& value, const IntRange& range, std::string_view /*help*/,
                  DialLimit limit) override {
    if (!range.contains(value) || value > limit.most) found += std::string(name) + " " + std::to_string(value) + "; ";
  }
  std::string found;
};

TEST(Space, PublishedNetworksAreInside) {
  const FeatureSpace space;
  for (Design design : published_designs()) {
    const FeatureOptions& features = design.features;
    OutsideDials dials;
    design.network.turn(dials, {frame_count(features), features.coefficients});
    EXPECT_EQ(dials.found, "") << design.name;
    EXPECT_TRUE(space.coefficients.contains(features.coefficients)) << design.name;
    EXPECT_TRUE(space.window_ms.contains(features.window_ms)) << design.name;
    EXPECT_TRUE(space.stride_ms.contains(features.stride_ms)) << design.name;
    EXPECT_TRUE(space.high_hz.contains(features.high_hz)) << design.name;
  }
}

TEST(SearchConfig, ResolvedConfigReadsBackAsItself) {
  SearchOptions options;
  options.budget_names = {"small"};
  options.types = {"dnn", "gru"};
  options.limits[MeasureId::ops] = 1000;
  options.raised_from = {3, 5};
  options.space.training.mixup = {0.0, 0.25};
  const Json json = search_options_to_json(options);
  EXPECT_EQ(search_options_to_json(search_options_from_json(json, "c.json")), json);
}

TEST(SearchConfig, ErrorsNameTheThingAndTheWayOut) {
  const auto reading = [](const char* text) {
    return message_of([&] { search_options_from_json(Json::parse(text), "c.json"); }, Exit::usage);
  };
  EXPECT_THAT(reading(R"({"space": {"gru": {"cels": {}}}})"), HasSubstr("cels"));
  EXPECT_THAT(reading(R"({"space": {"gru": {"cells": {"low": 90, "high": 80}}}})"),
              HasSubstr("space.gru.cells: low 90 is above high 80"));
  EXPECT_THAT(reading(R"({"space": {"gru": {"cells": []}}})"), HasSubstr("space.gru.cells: lists 0 numbers"));
  EXPECT_THAT(reading(R"({"space": {"gru": {"cells": [60, "x"]}}})"), HasSubstr("space.gru.cells[1]"));
  EXPECT_THAT(reading(R"({"space": {"gru": {"cells": [60, 100000]}}})"), HasSubstr("space.gru.cells[1]"));
  EXPECT_THAT(reading(R"({"space": {"features": {"window_stride_ms": []}}})"), HasSubstr("lists no pair"));
  EXPECT_THAT(reading(R"({"space": {"features": {"window_stride_ms": [[20, 30]]}}})"),
              HasSubstr("[20,30] is no window with its stride"));
  EXPECT_THAT(reading(R"({"space": {"features": {"window_stride_ms": [[20]]}}})"), HasSubstr("window_stride_ms[0]"));
  EXPECT_THAT(reading(R"({"space": {"features": {"window_stride_ms": [[30, 20]], "window_ms": [30]}}})"),
              HasSubstr("stands beside window_ms; take one of them"));
  EXPECT_THAT(reading(R"({"space": {"features": [1]}})"), HasSubstr("space.features"));
  EXPECT_THAT(reading(R"({"space": [1]})"), HasSubstr("space"));
  EXPECT_THAT(reading(R"({"types": ["gruu"]})"), HasSubstr("did you mean \"gru\"?"));
  EXPECT_THAT(reading(R"({"budgets": ["tiny"]})"), HasSubstr("known: small, medium, large"));
  EXPECT_THAT(reading(R"({"budgets": "small"})"), HasSubstr("needs a list"));
  EXPECT_THAT(reading(R"({"search": {"epochs": 0}})"), HasSubstr("epochs"));
  EXPECT_THAT(reading(R"({"space": {"training": {"mixup": [0, 2]}}})"), HasSubstr("space.training.mixup[1]"));
  EXPECT_THAT(reading(R"({"space": {"training": {"mask_ms": [100, 50]}}})"),
              HasSubstr("space.training.mask_ms: low 100.0 is above high 50.0"));
  EXPECT_THAT(reading(R"({"search": {"epochs": 27}, "raised_from": [9, 27]})"),
              HasSubstr("raised_from[1]: 27 is not below 27"));
  EXPECT_THAT(reading(R"([1])"), HasSubstr("c.json"));
}

TEST(Space, UnbuildableSpaceIsAnErrorInsteadOfAnEndlessLoop) {
  Space space;
  space.range("crnn", "conv.kernel_freq") = {60, 64, 1, 1, 64};
  Rng rng({1});
  EXPECT_THAT(message_of([&] { sample(space, "crnn", 12, rng); }, Exit::usage), HasSubstr("space.crnn"));
}

TEST(Space, DesignsAreCountedAsTheyAreDrawn) {
  Space space;
  space.features.mel_bins = {20, 24, 4};
  space.features.coefficients = {10, 30, 10};
  space.features.window_ms = {20, 40, 20};
  space.features.stride_ms = {20, 40, 20};
  space.features.high_hz = {4000, 4000};
  const auto narrow = [&space](const char* type, const char* name, IntRange range) { space.range(type, name) = range; };
  narrow("dnn", "layers", {1, 2});
  narrow("dnn", "width", {32, 40, 8});
  for (const char* type : {"cnn", "crnn", "ds_cnn"}) {
    narrow(type, "conv.filters", {16, 18, 2});
    narrow(type, "conv.kernel_time", {24, 26});
    narrow(type, "conv.kernel_freq", {9, 10});
    narrow(type, "conv.stride_time", {2, 2});
    narrow(type, "conv.stride_freq", {2, 2});
  }
  narrow("cnn", "conv.kernel_time", {4, 5});
  narrow("cnn", "conv.kernel_freq", {4, 5});
  narrow("cnn", "conv.stride_freq", {1, 1});
  narrow("cnn", "linear", {16, 16});
  narrow("cnn", "fc", {64, 64});
  narrow("basic_lstm", "cells", {32, 40, 2});
  narrow("lstm", "cells", {32, 48, 8});
  narrow("lstm", "projection", {30, 50, 10});
  narrow("gru", "cells", {32, 34, 2});
  narrow("crnn", "cells", {16, 18, 2});
  narrow("crnn", "fc", {32, 32});
  narrow("ds_cnn", "blocks", {2, 2});
  narrow("ds_cnn", "first_block_stride", {2, 2});
  for (const Dial& dial : space.network("ds_tc").dials) {
    if (dial.range.low > 0) narrow("ds_tc", dial.name.c_str(), {dial.range.low, dial.range.low});
  }
  narrow("ds_tc", "filters", {24, 28, 4});
  narrow("tc_resnet", "percent", {50, 75, 25});
  narrow("tc_resnet", "widths", {2, 2});
  narrow("tc_resnet", "kernel", {5, 7, 2});
  narrow("bc_resnet", "base", {8, 9});
  for (const std::string& type : network_types()) {
    Rng rng({9});
    std::set<std::string> seen;
    const double counted = space_designs(space, type);
    // Designs are not equally likely, and none may be missed; once all are there, as many draws again find no other.
    int needed = 0;
    for (int i = 0; i < 40 * counted && (needed == 0 || i < 2 * needed); ++i) {
      Design design = sample(space, type, 12, rng).design;
      design.name = "sample";
      seen.insert(design_hash(design));
      if (needed == 0 && static_cast<double>(seen.size()) == counted) needed = i + 1;
    }
    EXPECT_EQ(counted, static_cast<double>(seen.size())) << type;
  }
}

}  // namespace
}  // namespace kws
