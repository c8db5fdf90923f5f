#include "kws/search/commands.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "kws/families/design.h"

namespace kws {
namespace {

const Design& published(const std::string& name) {
  static const std::vector<Design> designs = published_designs();
  return *std::ranges::find(designs, name, &Design::name);
}

TEST(Commands, AnExportNamesTheBoardOfTheSearch) {
  SearchOptions options;
  options.board = "boards/my board.json";
  options.clock_hz = 64'000'000;
  EXPECT_EQ(export_command("a study", "small", options, published("gru_s")),
            "kwsmith export 'a study/best/small' --out firmware --board 'boards/my board.json'");
  options.budget_names = {"small", "medium"};
  options.carry_state = true;
  EXPECT_EQ(export_command("study", "medium", options, published("gru_s")),
            "kwsmith export study/best/medium --out firmware_medium --board 'boards/my board.json' --carry-state");
}

TEST(Commands, AnExportDecidesAsOftenAsTheSearchCounted) {
  SearchOptions options;
  options.hop_ms = 100;
  options.carry_state = true;
  const std::string start = "kwsmith export study/best/small --out firmware --hop-ms ";
  EXPECT_EQ(export_command("study", "small", options, published("gru_s")), start + "80 --carry-state")
      << "two strides of 40 ms";
  EXPECT_EQ(export_command("study", "small", options, published("crnn_s")), start + "100")
      << "its state is carried on by 40 ms, so it was counted by windows";
  options.hop_ms = 120;
  EXPECT_EQ(export_command("study", "small", options, published("crnn_s")), start + "120 --carry-state");
}

}  // namespace
}  // namespace kws
