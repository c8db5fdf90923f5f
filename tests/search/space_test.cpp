#include "kws/search/space.h"

#include <gmock/gmock.h>

#include <set>

#include "kws/search/options.h"

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
    EXPECT_EQ(std::get<GruOptions>(sample(options.space, "gru", 12, rng).design.network).cells, 60);
  }
}

TEST(Space, PublishedFrontEndsAndSizesAreInside) {
  // One narrowed range per figure of the paper's networks: the step must reach it.
  const Space space;
  const auto reaches = [](const IntRange& range, std::initializer_list<int> values) {
    for (const int value : values) {
      EXPECT_TRUE(range.low <= value && value <= range.high && (value - range.low) % range.step == 0) << value;
    }
  };
  reaches(space.features.coefficients, {10});
  reaches(space.features.window_ms, {40});
  reaches(space.features.stride_ms, {20, 40});
  reaches(space.features.high_hz, {4000});
  reaches(space.dnn.width, {144, 256, 436});
  reaches(space.cnn.conv.filters, {28, 30, 64, 48, 60, 76});
  reaches(space.cnn.linear, {16, 58});
  reaches(space.cnn.fc, {128});
  reaches(space.basic_lstm.cells, {118, 214, 344});
  reaches(space.lstm.cells, {144, 280, 500});
  reaches(space.lstm.projection, {98, 130, 188});
  reaches(space.gru.cells, {154, 250, 400});
  reaches(space.crnn.conv.filters, {48, 128, 100});
  reaches(space.crnn.cells, {60, 76, 136});
  reaches(space.crnn.fc, {84, 164, 188});
  reaches(space.ds_cnn.conv.filters, {64, 172, 276});
  reaches(space.ds_cnn.blocks, {4, 5});
  reaches(space.ds_cnn.block_percent, {100});
}

TEST(SearchConfig, ResolvedConfigReadsBackAsItself) {
  SearchOptions options;
  options.budget_names = {"small"};
  options.types = {"dnn", "gru"};
  options.limits[MeasureId::ops] = 1000;
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
  EXPECT_THAT(reading(R"({"types": ["gruu"]})"), HasSubstr("did you mean \"gru\"?"));
  EXPECT_THAT(reading(R"({"budgets": ["tiny"]})"), HasSubstr("known: small, medium, large"));
  EXPECT_THAT(reading(R"({"budgets": "small"})"), HasSubstr("needs a list"));
  EXPECT_THAT(reading(R"({"search": {"epochs": 0}})"), HasSubstr("epochs"));
  EXPECT_THAT(reading(R"([1])"), HasSubstr("c.json"));
}

TEST(Space, UnbuildableSpaceIsAnErrorInsteadOfAnEndlessLoop) {
  Space space;
  space.crnn.conv.kernel_freq = {60, 64, 1, 1, 64};
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
  space.dnn = {.layers = {1, 2}, .width = {32, 40, 8}};
  const ConvSpace conv{.filters = {16, 18, 2},
                       .kernel_time = {24, 26},
                       .kernel_freq = {9, 10},
                       .stride_time = {2, 2},
                       .stride_freq = {2, 2}};
  space.cnn = {.conv = conv, .linear = {16, 16}, .fc = {64, 64}};
  space.cnn.conv.kernel_time = {4, 5};
  space.cnn.conv.kernel_freq = {4, 5};
  space.cnn.conv.stride_freq = {1, 1};
  space.basic_lstm.cells = {32, 40, 2};
  space.lstm = {.cells = {32, 48, 8}, .projection = {30, 50, 10}};
  space.gru.cells = {32, 34, 2};
  space.crnn = {.conv = conv, .cells = {16, 18, 2}, .fc = {32, 32}};
  space.ds_cnn = {.conv = conv, .blocks = {2, 2}, .first_block_stride = {2, 2}};
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
