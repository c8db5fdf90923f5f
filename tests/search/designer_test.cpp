#include "kws/search/designer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <regex>
#include <string>
#include <vector>

#include "kws/core/files.h"
#include "kws/families/turn.h"
#include "repository.h"

namespace kws {
namespace {

using ::testing::HasSubstr;

DesignerOptions page_of(const std::string& board) {
  DesignerOptions options;
  options.start = known_designs().front();
  options.budgets = standard_budgets();
  for (const Board& one : standard_boards()) options.places.push_back({one, budget_of(one), one.name});
  options.board = board;
  return options;
}

/// What the request is refused with.
std::string refusal_of(const Json& request) {
  try {
    turned_design(request);
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), Exit::usage);
    return error.what();
  }
  return "";
}

TEST(Designer, TurnsWhatThePageAsksFor) {
  const Json start = design_to_json(first_of_type("gru", FeatureOptions(), 12));
  const Json first = turned_design({{"design", start}});
  EXPECT_EQ(first["design"], start);
  EXPECT_EQ(first["told"], true);
  EXPECT_EQ(first["dials"].size(), 2U);
  EXPECT_EQ(first["features"].size(), 9U);
  const Json turned = turned_design({{"design", start}, {"dial", "cells"}, {"place", 0}, {"value", 50}});
  EXPECT_EQ(turned["design"]["network"]["cells"], 50);
  EXPECT_EQ(turned["dials"][1]["value"], 50);
  const Json front_end = turned_design({{"design", start}, {"feature", "kind"}, {"value", "log_mel"}});
  EXPECT_EQ(front_end["design"]["features"]["coefficients"], front_end["design"]["features"]["mel_bins"]);
  for (const std::string& type : network_types()) {
    EXPECT_EQ(turned_design({{"design", start}, {"type", type}})["design"]["network"]["type"], type);
  }
}

TEST(Designer, RefusesWhatIsNoRequest) {
  const Json start = design_to_json(first_of_type("gru", FeatureOptions(), 12));
  EXPECT_THAT(refusal_of(Json::array()), HasSubstr("request: "));
  EXPECT_EQ(refusal_of(Json::object()), "request: design: missing; add this key");
  EXPECT_THAT(refusal_of({{"design", 7}}), HasSubstr("design: "));
  EXPECT_THAT(refusal_of({{"design", start}, {"dial", "cells"}, {"place", 0}, {"value", "9"}}),
              HasSubstr("request: value"));
  EXPECT_THAT(refusal_of({{"design", start}, {"dial", "cells"}, {"place", 0}, {"value", 1.5}}),
              HasSubstr("request: value"));
  EXPECT_THAT(refusal_of({{"design", start}, {"dail", "cells"}}), HasSubstr("request: dail: unknown key"));
  EXPECT_THAT(refusal_of({{"design", start}, {"feature", "kind"}, {"value", 3}}), HasSubstr("features.kind"));
}

TEST(Designer, TellsWhatADesignTakesAndBreaks) {
  const DesignerOptions options = page_of("nrf52840");
  const Design design = first_of_type("ds_cnn", FeatureOptions(), 12);
  const Json fit = fit_of(options, design, "nrf52840", {});
  const Place& place = *place_named(options, "nrf52840");
  EXPECT_EQ(fit["needs"], needs_to_json(needs_of(design, place.budget.part())));
  for (const Json& budget : fit["budgets"]) {
    EXPECT_EQ(budget["line"], over_budget(design, budget_by_name(budget["name"].get<std::string>())));
  }
  ASSERT_EQ(fit["boards"].size(), standard_boards().size());
  for (const Json& board : fit["boards"])
    EXPECT_EQ(board["line"].get<std::string>().empty(), board["fits"].get<bool>());
  EXPECT_FALSE(fit_of(options, design, "", {})["needs"].contains("ms"));
  EXPECT_THROW(fit_of(options, design, "/etc/passwd", {}), Error);
}

TEST(Designer, ShowsPublishedNetworksByTheMeasuresOfThePart) {
  const DesignerOptions options = page_of("");
  const Json landmarks = landmarks_of(options, nullptr, "stm32f411", {});
  EXPECT_EQ(landmarks["landmarks"].size(), known_designs().size());
  EXPECT_TRUE(landmarks["front"].empty());
  for (const Json& one : landmarks["landmarks"]) {
    EXPECT_EQ(one["needs"].size(), kMeasures);
    EXPECT_EQ(design_from_json(one["design"], "landmark").name, one["name"]);
  }
}

TEST(Designer, PageHoldsItsDesignAndNamesNoFamily) {
  DesignerOptions options = page_of("nrf52840");
  options.file = "a</script>.json";
  const std::string page = designer_html(options);
  EXPECT_THAT(page, HasSubstr("\"board\":\"nrf52840\""));
  EXPECT_EQ(page.find("a</script>"), std::string::npos);
  std::string types;
  for (const std::string& type : network_types()) types += (types.empty() ? "" : "|") + type;
  const std::regex named("\\b(" + types + ")\\b");
  std::vector<std::filesystem::path> files = {repository() / "search/designer.cpp",
                                              repository() / "src/cli/design.cpp"};
  for (const auto& entry : std::filesystem::directory_iterator(repository() / "search/designer")) {
    files.push_back(entry.path());
  }
  EXPECT_GT(files.size(), 5U);
  for (const std::filesystem::path& file : files) {
    EXPECT_FALSE(std::regex_search(read_file(file), named)) << file;
  }
}

}  // namespace
}  // namespace kws
