#include "kws/families/design.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "families/random_design.h"
#include "kws/core/options.h"

namespace kws {
namespace {

Json sample() {
  return Json::parse(R"({"schema": "kwsmith.design/1", "name": "sample",
    "features": {"kind": "mfcc", "coefficients": 10, "window_ms": 40, "stride_ms": 20, "mel_bins": 40, "low_hz": 20,
                 "high_hz": 4000},
    "network": {"type": "crnn", "conv": {"filters": 48, "kernel": [10, 4], "stride": [2, 2]}, "gru_layers": 2,
                "cells": 60, "fc": 84},
    "classes": 12})");
}

std::string complaint(const Json& json) {
  try {
    design_from_json(json, "d.json");
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), Exit::usage);
    return error.what();
  }
  return "";
}

/// The sample with one value changed.
std::string complaint(const std::string& pointer, const Json& value) {
  Json json = sample();
  json[Json::json_pointer(pointer)] = value;
  return complaint(json);
}

TEST(Design, NamesWhatIsWrongWithAFile) {
  EXPECT_EQ(complaint(sample()), "");
  EXPECT_EQ(complaint("/network/conv/filtres", 3),
            "d.json: network.conv.filtres: unknown key; did you mean \"filters\"?");
  EXPECT_EQ(complaint("/features/window_ms", 5), "d.json: features.window_ms: 5 is out of range; 10 to 64");
  EXPECT_EQ(complaint("/network/cells", "60"), "d.json: network.cells: \"60\" is not an integer; 1 to 2048");
  EXPECT_EQ(complaint("/network/type", "ds_cn"),
            "d.json: network.type: \"ds_cn\" is unknown; did you mean \"ds_cnn\"?");
  EXPECT_EQ(complaint("/network/type", "transformer"),
            "d.json: network.type: \"transformer\" is unknown; one of dnn, cnn, basic_lstm, lstm, gru, crnn, ds_cnn, "
            "ds_tc, tc_resnet, bc_resnet");
  EXPECT_EQ(complaint("/network", Json::array()), "d.json: network: [] is not an object; write {...}");
  EXPECT_EQ(complaint("/schema", "kwsmith.design/7"),
            "d.json: schema: \"kwsmith.design/7\" is unknown; did you mean \"kwsmith.design/1\"?");
  EXPECT_EQ(complaint(Json(3)), "d.json: 3 is not an object; write {...}");
}

TEST(Design, NeedsEveryKey) {
  for (const std::string key : {"schema", "name", "features", "network", "classes"}) {
    Json json = sample();
    json.erase(key);
    EXPECT_EQ(complaint(json), "d.json: " + key + ": missing; add this key");
  }
  Json json = sample();
  json["network"].erase("type");
  EXPECT_EQ(complaint(json), "d.json: network.type: missing; add this key");
}

TEST(Design, ChecksFeaturesAgainstEachOther) {
  EXPECT_EQ(complaint("/features/coefficients", 41),
            "d.json: features.coefficients: 41 is more than mel_bins, 40; lower it or add mel bins");
  EXPECT_EQ(complaint("/features/kind", "log_mel"),
            "d.json: features.coefficients: 10 differs from mel_bins, 40; leave it out for log_mel");
  Json json = sample();
  json["features"].erase("coefficients");
  EXPECT_EQ(complaint(json), "d.json: features.coefficients: missing; add this key");
  json = sample();
  json["features"]["low_hz"] = 1500;
  json["features"]["high_hz"] = 1500;
  EXPECT_EQ(complaint(json), "d.json: features.high_hz: 1500 is not above low_hz, 1500; raise it");
  json["features"]["high_hz"] = 1510;
  EXPECT_EQ(
      complaint(json),
      "d.json: features.high_hz: 1510 is so near to low_hz, 1500, that a transform of 1024 points has no bin between "
      "them; raise it");
}

TEST(Design, HearsASecondUnlessItSaysOtherwise) {
  Json json = sample();
  const Design usual = design_from_json(json, "d.json");
  EXPECT_EQ(design_to_json(usual).dump(), json.dump()) << "files without the key stay as they are";
  EXPECT_EQ(complaint("/features/clip_ms", 499), "d.json: features.clip_ms: 499 is out of range; 500 to 3000");
  json["features"]["clip_ms"] = 1500;
  const Design longer = design_from_json(json, "d.json");
  EXPECT_EQ(build_graph(longer).input().time, 74);
  EXPECT_EQ(design_to_json(longer).dump(), json.dump());
  EXPECT_NE(design_hash(longer), design_hash(usual));
}

TEST(Design, TakesTheMelBinsOfLogMel) {
  Json json = sample();
  json["features"]["kind"] = "log_mel";
  json["features"].erase("coefficients");
  const Design design = design_from_json(json, "d.json");
  EXPECT_EQ(design.features.coefficients, 40);
  EXPECT_EQ(build_graph(design).input(), (Shape{49, 40, 1}));
}

TEST(Design, RefusesNamesThatAreNoFileNames) {
  for (const char* name : {"", "..", ".x", "-x", "a/b", "a b", "a\nb", "\xc3\xbc"}) {
    EXPECT_THAT(complaint("/name", name), testing::StartsWith("d.json: name: ")) << name;
    EXPECT_EQ(complaint("/name", name).find('\n'), std::string::npos);
  }
  EXPECT_EQ(complaint("/name", "ds_cnn-1.5_S"), "");
}

TEST(Design, NamesTheLayerWhoseKernelDoesNotFit) {
  EXPECT_THAT(complaint("/network/conv/kernel", {10, 11}),
              testing::AllOf(testing::StartsWith("d.json: network: "), testing::HasSubstr("conv1"),
                             testing::HasSubstr("49x10x1")));
}

TEST(Design, HashIgnoresTheNameAndNothingElse) {
  const Design design = design_from_json(sample(), "d.json");
  Design other = design;
  other.name = "another";
  EXPECT_EQ(design_hash(design), design_hash(other));
  EXPECT_EQ(design_hash(design).size(), 64U);
  other.features.low_hz = 40;
  EXPECT_NE(design_hash(design), design_hash(other));
  other = design;
  other.classes = 11;
  EXPECT_NE(design_hash(design), design_hash(other));
  other = design;
  Json wider = sample();
  wider["network"]["fc"] = 85;
  other = design_from_json(wider, "d.json");
  EXPECT_NE(design_hash(design), design_hash(other));
}

TEST(Design, WritesTheArithmeticOfTheFrontEndOnlyWhenItIsNotFloat) {
  const Design design = design_from_json(sample(), "d.json");
  EXPECT_EQ(design.features.arithmetic, "float");
  Json named = sample();
  named["features"]["arithmetic"] = "float";
  EXPECT_EQ(design_hash(design_from_json(named, "d.json")), design_hash(design)) << "hashes of older files stay";
  named["features"]["arithmetic"] = "integer";
  const Design integer = design_from_json(named, "d.json");
  EXPECT_EQ(design_to_json(integer).dump(), named.dump());
  EXPECT_NE(design_hash(integer), design_hash(design));
  EXPECT_EQ(complaint("/features/arithmetic", "integers"),
            "d.json: features.arithmetic: \"integers\" is unknown; did you mean \"integer\"?");
  EXPECT_EQ(complaint("/features/arithmetic", 1),
            "d.json: features.arithmetic: 1 is not a string; one of float, integer");
}

TEST(Design, WritesOptionsThatCameLaterOnlyWhereTheyAreNotWhatNetworksWere) {
  Json json = sample();
  json["network"] = Json::parse(R"({"type": "ds_cnn", "conv": {"filters": 8, "kernel": [10, 4], "stride": [2, 2]},
                   "blocks": [{"filters": 8, "kernel": [3, 3], "stride": [1, 1]}]})");
  const Json before = json;
  json["network"].update({{"residual", false}, {"sub_bands", 1}, {"time_padding", "same"}});
  EXPECT_EQ(design_to_json(design_from_json(json, "d.json")).dump(), before.dump());
  json["network"].update({{"residual", true}, {"sub_bands", 2}, {"time_padding", "valid"}});
  EXPECT_EQ(design_to_json(design_from_json(json, "d.json")).dump(), json.dump());
  json["network"]["sub_bands"] = 11;
  EXPECT_EQ(complaint(json), "d.json: network.sub_bands: 11 is out of range; 1 to 10");
}

TEST(Design, SurvivesJson) {
  EXPECT_EQ(design_to_json(design_from_json(sample(), "d.json")).dump(), sample().dump());
  test::RandomDesign random(5);
  for (const std::string& type : network_types()) {
    for (int i = 0; i < 1000; ++i) {
      const Design design = random(type);
      const Json json = design_to_json(design);
      const Design again = design_from_json(json, "random");
      ASSERT_EQ(again.type(), type);
      ASSERT_EQ(design_to_json(again).dump(), json.dump());
      ASSERT_EQ(build_graph(again).layers().size(), build_graph(design).layers().size());
    }
  }
}

}  // namespace
}  // namespace kws
