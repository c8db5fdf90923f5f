#include "kws/families/turn.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "kws/core/options.h"

namespace kws {
namespace {

std::string refusal(const std::function<void()>& change) {
  try {
    change();
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), Exit::usage);
    return error.what();
  }
  return "";
}

Json network_of(const Design& design) { return design_to_json(design)["network"]; }

TEST(Turn, DesignsBeyondTheirDialsAreShown) {
  const std::vector<Design> designs = known_designs();
  const auto known = std::ranges::find(designs, "tc_resnet8", &Design::name);
  ASSERT_NE(known, designs.end());
  Json json = design_to_json(*known);
  json["network"]["blocks"] = {24, 32, 48, 64, 80, 96};
  const Design design = design_from_json(json, "d");
  EXPECT_FALSE(told_by_dials(design));
  EXPECT_FALSE(dial_settings(design).empty());
}

TEST(Turn, ShowsEveryDialOfEveryKnownDesign) {
  for (const Design& design : known_designs()) {
    const std::vector<DialSetting> settings = dial_settings(design);
    for (const Dial& dial : dials_of(design.type())) {
      const auto found = std::ranges::find(settings, dial.name, [](const DialSetting& s) { return s.dial.name; });
      ASSERT_NE(found, settings.end()) << design.name << " " << dial.name;
      EXPECT_EQ(found->place, 0);
      EXPECT_GE(found->most, found->value) << design.name << " " << dial.name;
    }
  }
}

TEST(Turn, SetsOneDialAndKeepsTheOthers) {
  for (const Design& known : known_designs()) {
    // Turning it once makes it one that dials tell.
    const DialSetting first = dial_settings(known)[0];
    const Design design = with_dial(known, first.dial.name, 0, first.value);
    ASSERT_TRUE(told_by_dials(design)) << known.name;
    const std::vector<DialSetting> before = dial_settings(design);
    for (std::size_t index = 0; index < before.size(); ++index) {
      const DialSetting& at = before[index];
      EXPECT_EQ(network_of(with_dial(design, at.dial.name, at.place, at.value)), network_of(design));
      const IntRange& range = at.dial.range;
      const int value = at.value > range.low ? range.low : std::min(range.low + range.step, at.most);
      const int turned = dial_settings(with_dial(design, at.dial.name, at.place, value))[index].value;
      // Shares are read off widths that were rounded.
      EXPECT_LE(std::abs(turned - value), range.step / 2) << known.name << " " << at.dial.name;
    }
  }
}

TEST(Turn, GivesPercentagesBackAsTheyWereSet) {
  int seen = 0;
  for (const Design& known : known_designs()) {
    for (const DialSetting& at : dial_settings(known)) {
      if (at.dial.name.find("percent") == std::string::npos) continue;
      for (int value = at.dial.range.least; value <= std::min(at.most, 400); value += 3) {
        const Design set = with_dial(known, at.dial.name, 0, value);
        EXPECT_TRUE(told_by_dials(set)) << known.name << " " << at.dial.name << " " << value;
      }
      for (const int value : {10, 25, 50, 75, 100, 125, 150, 200}) {
        if (value < at.dial.range.least) continue;
        const std::vector<DialSetting> again = dial_settings(with_dial(known, at.dial.name, 0, value));
        const auto found = std::ranges::find(again, at.dial.name, [](const DialSetting& s) { return s.dial.name; });
        EXPECT_EQ(found->value, value) << known.name;
        ++seen;
      }
    }
  }
  EXPECT_GT(seen, 0);
}

TEST(Turn, LetsLayersComeLikeTheLast) {
  Design design = first_of_type("dnn", FeatureOptions(), 12);
  const std::size_t layers = dial_settings(design).size() - 1;
  design = with_dial(design, "layers", 0, static_cast<int>(layers) + 1);
  EXPECT_EQ(dial_settings(design).size(), layers + 2);
  EXPECT_EQ(dial_settings(design).back().place, static_cast<int>(layers));
  EXPECT_EQ(dial_settings(design).back().value, dial_settings(design)[layers].value);
}

TEST(Turn, TellsWhereADesignHoldsMoreThanDials) {
  Json json = design_to_json(first_of_type("ds_cnn", FeatureOptions(), 12));
  EXPECT_TRUE(told_by_dials(design_from_json(json, "design")));
  json["network"]["blocks"][1]["filters"] = 7;
  EXPECT_FALSE(told_by_dials(design_from_json(json, "design")));
}

TEST(Turn, NamesTheWordsOfAChoice) {
  const std::vector<DialSetting> settings = dial_settings(first_of_type("ds_cnn", FeatureOptions(), 12));
  EXPECT_EQ(settings.front().words, (std::vector<std::string>{"same", "valid"}));
  EXPECT_EQ(settings.front().most, 1);
}

TEST(Turn, RefusesWhatIsOutOfRange) {
  const Design design = first_of_type("gru", FeatureOptions(), 12);
  EXPECT_EQ(refusal([&] { with_dial(design, "layers", 0, 5); }), "layers: 5 is out of range; choose 1 to 4");
  EXPECT_EQ(refusal([&] { with_dial(design, "cell", 0, 1); }),
            "cell: the design has no such dial; kwsmith list types shows those of its type");
  EXPECT_EQ(refusal([&] { with_feature(design, "window_ms", 5); }),
            "design: features.window_ms: 5 is out of range; 10 to 64");
  EXPECT_EQ(refusal([&] { with_feature(design, "window_m", 40); }),
            "design: features.window_m: unknown key; did you mean \"window_ms\"?");
  EXPECT_EQ(refusal([&] { with_feature(design, "high_hz", 1000.5); }),
            "design: features.high_hz: 1000.5 is not an integer; 1000 to 8000");
}

TEST(Turn, FrontEndsBringWhatDependsOnThem) {
  Design design = first_of_type("ds_cnn", FeatureOptions(), 12);
  design = with_feature(design, "kind", "log_mel");
  EXPECT_EQ(design.features.coefficients, design.features.mel_bins);
  design = with_feature(design, "mel_bins", 20);
  EXPECT_EQ(design.features.coefficients, 20);
  design = with_feature(design, "kind", "mfcc");
  design = with_feature(design, "mel_bins", 16);
  EXPECT_EQ(design.features.coefficients, 16);
}

TEST(Turn, HoldsKernelsWithinTheMapOfAFrontEnd) {
  const Design design = first_of_type("cnn", FeatureOptions(), 12);
  const Design narrow = with_feature(design, "coefficients", 4);
  EXPECT_EQ(build_graph(narrow).input().freq, 4);
}

TEST(Turn, BeginsWithEveryType) {
  for (const std::string& type : network_types()) {
    const Design design = first_of_type(type, {.coefficients = 20}, 5);
    EXPECT_EQ(design.type(), type);
    EXPECT_EQ(design.classes, 5);
    EXPECT_EQ(build_graph(design).output().elements(), 5);
  }
  EXPECT_THAT(refusal([] { first_of_type("transformer", FeatureOptions(), 12); }),
              ::testing::HasSubstr("unknown type"));
}

}  // namespace
}  // namespace kws
