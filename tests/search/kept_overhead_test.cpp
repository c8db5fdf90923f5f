#include "kws/search/kept_overhead.h"

#include <gmock/gmock.h>

#include <fstream>

#include "studied.h"
#include "temp_folder.h"

namespace kws {
namespace {

std::vector<FirstDesign> first_designs(double seconds) {
  const SearchOptions options = testing::two_budgets();
  Proposer proposer(options);
  std::vector<FirstDesign> first;
  for (Proposal& proposal : first_proposals(proposer, 2, 6)) {
    first.push_back({.proposal = std::move(proposal), .step_seconds = seconds * (1.0 + proposal.number)});
  }
  return first;
}

TEST(KeptOverhead, IsReadWhereAllIsAsItWas) {
  const test::TemporaryFolder folder;
  const std::filesystem::path cache = folder.path / "new";
  const KeptOverhead kept(cache, {{"data", "a"}, {"at_once", 2}});
  EXPECT_FALSE(kept.read(first_designs(1.0)));
  kept.write(first_designs(1.0), {.epoch_seconds = 0.25, .rung_seconds = 0.5});
  const auto again = kept.read(first_designs(1.1));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->epoch_seconds, 0.25);
  EXPECT_EQ(again->rung_seconds, 0.5);
  EXPECT_FALSE(KeptOverhead(cache, {{"data", "a"}, {"at_once", 4}}).read(first_designs(1.0)));
  EXPECT_FALSE(kept.read(first_designs(1.5))) << "the machine has more to do now";
  EXPECT_FALSE(kept.read(first_designs(0.5))) << "it had more to do then";
  EXPECT_FALSE(kept.read({})) << "no design to compare";
}

TEST(KeptOverhead, IsMeasuredAgainWhereTheFileIsDamagedOrCannotBe) {
  const test::TemporaryFolder folder;
  const KeptOverhead kept(folder.path, {{"data", "a"}});
  kept.write(first_designs(1.0), {.epoch_seconds = 0.25, .rung_seconds = 0.5});
  ASSERT_TRUE(kept.read(first_designs(1.0)));
  const auto file = std::filesystem::directory_iterator(folder.path)->path();
  for (const char* text : {"", "{", "[]", "{}", R"({"schema": "kwsmith.pace/1", "circumstances": {"data": "a"}})"}) {
    std::ofstream(file) << text;
    EXPECT_FALSE(kept.read(first_designs(1.0))) << text;
  }
  const KeptOverhead nowhere("", {});
  nowhere.write(first_designs(1.0), {});
  EXPECT_FALSE(nowhere.read(first_designs(1.0)));
  const KeptOverhead in_a_file(file / "folder", {});
  in_a_file.write(first_designs(1.0), {});
  EXPECT_FALSE(in_a_file.read(first_designs(1.0)));
  // Nobody can look into it, not even root, whom permissions do not stop.
  std::filesystem::create_directory_symlink("loop", folder.path / "loop");
  const KeptOverhead unreadable(folder.path / "loop", {});
  unreadable.write(first_designs(1.0), {});
  EXPECT_FALSE(unreadable.read(first_designs(1.0)));
}

}  // namespace
}  // namespace kws
