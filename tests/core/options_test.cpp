#include "kws/core/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace kws {
namespace {

struct Inner {
  int size = 3;
};
template <class Field>
void describe(Field& field, Inner& o) {
  field("size", o.size, 1, 9, "a size");
}

struct Sample {
  int window_ms = 40;
  std::uint64_t seed = 1;
  double rate = 0.5;
  bool fast = false;
  Extent kernel{10, 4};
  std::vector<int> hidden{8};
  std::string name = "x";
  std::string kind = "mfcc";
  int extra = 7;
  Inner inner;
  std::vector<Inner> items{{4}};
};
template <class Field>
void describe(Field& field, Sample& o) {
  field("window_ms", o.window_ms, 10, 64, "frame length");
  field("seed", o.seed, 0, 9007199254740991, "seed");
  field("rate", o.rate, 0.0, 1.0, "rate");
  field("fast", o.fast, "fast");
  field("kernel", o.kernel, 1, 64, "kernel");
  field("hidden", o.hidden, 1, 100, "widths");
  field("name", o.name, "name");
  field.choice("kind", o.kind, {"mfcc", "log_mel"}, "kind");
  field.optional("extra", o.extra, 0, 9, "may be left out");
  field.object("inner", o.inner, "inner");
  field.list("items", o.items, 1, 2, "items");
}

std::string complaint(const std::string& json, Missing missing = Missing::keep_default) {
  try {
    Sample sample;
    read_options(Json::parse(json), sample, "d.json", "top", missing);
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), Exit::usage);
    return error.what();
  }
  return "";
}

TEST(JsonReader, ReadsEveryKindOfFieldAndWritesItBack) {
  const Json json = Json::parse(R"({"window_ms": 25, "seed": 9007199254740991, "rate": 1, "fast": true,
    "kernel": [3, 2], "hidden": [5, 6], "name": "n", "kind": "log_mel", "extra": 2, "inner": {"size": 9},
    "items": [{"size": 1}, {"size": 2}]})");
  Sample sample;
  read_options(json, sample, "d.json", "", Missing::error);
  EXPECT_EQ(sample.window_ms, 25);
  EXPECT_EQ(sample.seed, 9007199254740991U);
  EXPECT_EQ(sample.rate, 1.0);
  EXPECT_TRUE(sample.fast);
  EXPECT_EQ(sample.kernel, (Extent{3, 2}));
  EXPECT_THAT(sample.hidden, testing::ElementsAre(5, 6));
  EXPECT_EQ(sample.kind, "log_mel");
  EXPECT_EQ(sample.inner.size, 9);
  ASSERT_EQ(sample.items.size(), 2U);
  EXPECT_EQ(sample.items[1].size, 2);
  EXPECT_EQ(options_to_json(sample), json);
}

TEST(JsonReader, KeepsDefaultsForMissingKeys) {
  Sample sample;
  read_options(Json::parse(R"({"rate": 0.25})"), sample, "d.json", "");
  EXPECT_EQ(sample.rate, 0.25);
  EXPECT_EQ(sample.window_ms, 40);
  EXPECT_EQ(sample.items.size(), 1U);
}

TEST(JsonReader, NamesUnknownKeysAndTheNearestKnownOne) {
  EXPECT_EQ(complaint(R"({"windw_ms": 40})"), "d.json: top.windw_ms: unknown key; did you mean \"window_ms\"?");
  EXPECT_EQ(complaint(R"({"inner": {"colour": 1}})"), "d.json: top.inner.colour: unknown key; known: size");
  EXPECT_EQ(complaint(R"({"items": [{"size": 1}, {"sise": 1}]})"),
            "d.json: top.items[1].sise: unknown key; did you mean \"size\"?");
  EXPECT_EQ(complaint("{\"a\\nb\": 1}").find('\n'), std::string::npos);
}

TEST(JsonReader, NamesMissingKeysWhereNoneMayMiss) {
  EXPECT_EQ(complaint(R"({})", Missing::error), "d.json: top.window_ms: missing; add this key");
  EXPECT_EQ(complaint(R"({"window": 40, "kind": "mfcc"})", Missing::error),
            "d.json: top.window: unknown key; known: window_ms, seed, rate, fast, kernel, hidden, name, kind, extra, "
            "inner, items");
  EXPECT_EQ(complaint(R"({"windowms": 40, "kind": "mfcc"})", Missing::error),
            "d.json: top.windowms: unknown key; did you mean \"window_ms\"?");
  EXPECT_EQ(complaint(R"({"kin": "mfcc"})", Missing::error), "d.json: top.kin: unknown key; did you mean \"kind\"?");
}

TEST(JsonReader, NamesValuesOutOfRange) {
  EXPECT_EQ(complaint(R"({"window_ms": 5})"), "d.json: top.window_ms: 5 is out of range; 10 to 64");
  EXPECT_EQ(complaint(R"({"window_ms": 65})"), "d.json: top.window_ms: 65 is out of range; 10 to 64");
  EXPECT_EQ(complaint(R"({"seed": -1})"), "d.json: top.seed: -1 is out of range; 0 to 9007199254740991");
  EXPECT_EQ(complaint(R"({"seed": 18446744073709551615})"),
            "d.json: top.seed: 18446744073709551615 is out of range; 0 to 9007199254740991");
  EXPECT_EQ(complaint(R"({"rate": 1.5})"), "d.json: top.rate: 1.5 is out of range; 0.0 to 1.0");
  EXPECT_EQ(complaint(R"({"kernel": [3, 0]})"), "d.json: top.kernel[1]: 0 is out of range; 1 to 64");
  EXPECT_EQ(complaint(R"({"hidden": []})"), "d.json: top.hidden: has 0 items; write [...] with 1 to 32 items");
  EXPECT_EQ(complaint(R"({"items": [{}, {}, {}]})"), "d.json: top.items: has 3 items; write [...] with 1 to 2 items");
}

TEST(JsonReader, NamesWrongTypes) {
  EXPECT_EQ(complaint("[]"), "d.json: top: [] is not an object; write {...}");
  EXPECT_EQ(complaint(R"({"window_ms": 40.5})"), "d.json: top.window_ms: 40.5 is not an integer; 10 to 64");
  EXPECT_EQ(complaint(R"({"window_ms": "40"})"), "d.json: top.window_ms: \"40\" is not an integer; 10 to 64");
  EXPECT_EQ(complaint(R"({"rate": null})"), "d.json: top.rate: null is not a number; 0.0 to 1.0");
  EXPECT_EQ(complaint(R"({"fast": 1})"), "d.json: top.fast: 1 is not a truth value; true or false");
  EXPECT_EQ(complaint(R"({"kernel": [3]})"), "d.json: top.kernel: [3] is not a pair; write [time, frequency], 1 to 64");
  EXPECT_EQ(complaint(R"({"name": 5})"), "d.json: top.name: 5 is not a string; put it in quotes");
  EXPECT_EQ(complaint(R"({"kind": "mfc"})"), "d.json: top.kind: \"mfc\" is unknown; did you mean \"mfcc\"?");
  EXPECT_EQ(complaint(R"({"kind": "spectrogram"})"),
            "d.json: top.kind: \"spectrogram\" is unknown; one of mfcc, log_mel");
  EXPECT_EQ(complaint(R"({"inner": 3})"), "d.json: top.inner: 3 is not an object; write {...}");
}

TEST(NearestName, AllowsAThirdOfTheLettersToDiffer) {
  EXPECT_EQ(nearest_name("filtres", {"kernel", "filters"}), "filters");
  EXPECT_EQ(nearest_name("fil", {"kernel", "filters"}), "");
  EXPECT_EQ(nearest_name("", {"kernel"}), "");
}

class LoadJson : public testing::Test {
 protected:
  std::string complaint_about(const std::string& text) {
    std::ofstream(file_) << text;
    try {
      load_json(file_);
    } catch (const Error& error) {
      EXPECT_EQ(error.exit_code(), Exit::usage);
      return error.what();
    }
    return "";
  }
  void TearDown() override { std::filesystem::remove(file_); }
  const std::string file_ = testing::TempDir() + "kws_options_test_" + std::to_string(::getpid()) + ".json";
};

TEST_F(LoadJson, NamesLineAndColumnOfASyntaxError) {
  EXPECT_THAT(complaint_about("{\n  \"a\": 1,\n  b\n}\n"), testing::StartsWith(file_ + ":3:3: syntax error"));
  EXPECT_THAT(complaint_about(""), testing::StartsWith(file_ + ":1:1: syntax error"));
  EXPECT_THAT(complaint_about("{\"a\": \"\x80\"}").find('\n'), std::string::npos);
}

TEST_F(LoadJson, RefusesAKeyThatAppearsTwice) {
  EXPECT_EQ(complaint_about(R"({"a": {"b": 1}, "c": {"b": 1, "b": 2}})"),
            file_ + ": key \"b\" appears twice in one object; remove one");
  EXPECT_EQ(complaint_about(R"([{"b": 1}, {"b": 1}])"), "");
}

TEST_F(LoadJson, BoundsDepthNumbersAndTheLengthOfItsComplaints) {
  for (const int depth : {65, 100000}) {
    EXPECT_EQ(complaint_about(std::string(static_cast<std::size_t>(depth), '[')),
              file_ + ": is nested deeper than 64 levels; mend the JSON");
  }
  EXPECT_EQ(complaint_about(std::string(60, '[') + std::string(60, ']')), "");
  EXPECT_EQ(complaint_about(R"({"a": 1e999})"), file_ + ": holds a number that is out of range; mend the JSON");
  const std::string word = complaint_about("{\"a\": \"" + std::string(70000, 'x'));
  EXPECT_THAT(word, testing::HasSubstr("syntax error"));
  EXPECT_LT(word.size(), 400U);
}

TEST(ParseJson, SaysTheWayOutOfTextsThatProgramsWrite) {
  const Origin row("row 7", "use another study", Exit::store);
  try {
    (void)parse_json("{", row);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::StartsWith("row 7:1:2: syntax error"));
    EXPECT_THAT(error.what(), testing::EndsWith("; use another study"));
    EXPECT_EQ(error.exit_code(), Exit::store);
  }
}

TEST(TextOf, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(text_of({{"word",
                      "stra\xdf"
                      "e"}}),
            "{\"word\":\"stra\xef\xbf\xbd"
            "e\"}");
}

TEST_F(LoadJson, NamesAFileThatIsNotThere) {
  try {
    load_json("no/such/file.json");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), Exit::usage);
    EXPECT_THAT(error.what(), testing::HasSubstr("no/such/file.json"));
  }
}

}  // namespace
}  // namespace kws
