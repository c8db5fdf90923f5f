#include "kws/cost/budget.h"

#include <gmock/gmock.h>

#include "cost/published_networks.h"
#include "families/random_design.h"
#include "kws/core/error.h"
#include "kws/cost/cost.h"

namespace kws {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

Budget flash_and_ram(std::int64_t flash, std::int64_t ram, Core core) {
  Budget budget{.name = "part", .limits = {}, .core = core};
  budget.limits[MeasureId::flash] = static_cast<double>(flash);
  budget.limits[MeasureId::ram] = static_cast<double>(ram);
  return budget;
}

std::string complaint(const Design& design, const Budget& budget) {
  try {
    require_fit(design, budget);
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), Exit::over_budget);
    return error.what();
  }
  return "";
}

TEST(Budgets, LimitFlashAndRamToTheByte) {
  const Budget budget = flash_and_ram(1000, 200, Core::m4);
  EXPECT_TRUE(budget.fits({.firmware = FirmwareSizes{.flash_bytes = 1000, .ram_bytes = 200}}));
  EXPECT_FALSE(budget.fits({.firmware = FirmwareSizes{.flash_bytes = 1001, .ram_bytes = 200}}));
  EXPECT_FALSE(budget.fits({.firmware = FirmwareSizes{.flash_bytes = 1000, .ram_bytes = 201}}));
}

TEST(Budgets, EveryLimitThatIsSetCounts) {
  Budget budget = flash_and_ram(1000, 200, Core::m4);
  budget.limits[MeasureId::memory] = 50;
  const FirmwareSizes firmware{.flash_bytes = 1, .ram_bytes = 1};
  EXPECT_TRUE(budget.fits({.memory_bytes = 50, .ops = 1'000'000'000, .firmware = firmware}));
  EXPECT_FALSE(budget.fits({.memory_bytes = 51, .ops = 1, .firmware = firmware}));
}

TEST(Needs, FlashAndRamAreThoseOfTheFirmwareCostOfTheCore) {
  test::RandomDesign random(11);
  for (const std::string& type : network_types()) {
    const Design design = random(type);
    const FirmwareCost cost = firmware_cost(design.features, build_graph(design));
    for (const Core core : kCores) {
      const Needs needs = needs_of(design, core);
      ASSERT_TRUE(needs.firmware);
      EXPECT_EQ(needs.firmware->flash_bytes, cost.sizes(core).flash_bytes) << type;
      EXPECT_EQ(needs.firmware->ram_bytes, cost.sizes(core).ram_bytes) << type;
    }
    EXPECT_FALSE(needs_of(design, std::nullopt).firmware);
  }
}

TEST(RequireFit, NamesTheLimitTheFiguresAndTheLargestPart) {
  const Design design = load_design(test::published_file("dnn_s"));
  for (const Core core : {Core::m0, Core::m7}) {
    const FirmwareSizes need = *needs_of(design, core).firmware;
    EXPECT_EQ(complaint(design, flash_and_ram(need.flash_bytes, need.ram_bytes, core)), "");
    EXPECT_THAT(complaint(design, flash_and_ram(need.flash_bytes - 1, need.ram_bytes, core)),
                ::testing::AllOf(StartsWith("dnn_s: needs "), HasSubstr(" bytes of flash, budget \"part\" allows "),
                                 HasSubstr("; largest part: ")));
    EXPECT_THAT(complaint(design, flash_and_ram(need.flash_bytes, need.ram_bytes - 1, core)),
                ::testing::AllOf(HasSubstr(" bytes of RAM, budget \"part\" allows "), HasSubstr("; largest part: ")));
  }
}

TEST(RequireFit, NamesEveryLimitThatIsBroken) {
  Budget budget = flash_and_ram(100, 200, Core::m4);
  budget.limits[MeasureId::ops] = 10;
  EXPECT_THAT(complaint(load_design(test::published_file("dnn_s")), budget),
              ::testing::AllOf(HasSubstr(" operations, "), HasSubstr(" bytes of flash, "),
                               HasSubstr(" allows 10, 100, 200; largest part: ")));
}

TEST(OpsPerSecond, AreTenWholeWindowsUnlessToldOrTheNewColumnsOfAFlow) {
  const Part part(Core::m4);
  const auto per_second = [&](const Design& design, int hop_ms) {
    return needs_of(design, part, {.hop_ms = hop_ms}).ops_per_second.value_or(0);
  };
  Design design = load_design(test::published_file("ds_cnn_s"));
  const std::int64_t ops = hello_edge_totals(build_graph(design)).ops;
  EXPECT_EQ(per_second(design, 0), 10 * ops);
  EXPECT_EQ(per_second(design, 200), 5 * ops);
  EXPECT_FALSE(needs_of(design, std::nullopt).ops_per_second);
  Json json = design_to_json(design);
  json["network"]["time_padding"] = "valid";
  design = design_from_json(json, "valid");
  EXPECT_LT(per_second(design, 40), 3 * ops) << "25 decisions a second";

  Budget budget{.name = "pace", .limits = {}};
  budget.limits[MeasureId::ops_per_second] = 2.5 * static_cast<double>(ops);
  EXPECT_THAT(complaint(load_design(test::published_file("ds_cnn_s")), budget),
              ::testing::EndsWith(" operations a second, budget \"pace\" allows 13,463,870; decide every 400 ms "
                                  "(--hop-ms 400)"));
  budget.limits[MeasureId::ops_per_second] = static_cast<double>(ops);
  EXPECT_THAT(complaint(load_design(test::published_file("ds_cnn_s")), budget),
              ::testing::EndsWith("; take a design of at most about 265,000 MACs every 100 ms"))
      << "a tenth of its own: no hop of half a second or less keeps that";
}

TEST(RequireFit, TellsMemoryAndOperationsWithoutParts) {
  const Design design = load_design(test::published_file("dnn_l"));
  EXPECT_EQ(complaint(design, budget_by_name("small")),
            "dnn_l: needs 496,616 bytes of memory, budget \"small\" allows 81,920; take a smaller design or raise the "
            "limit");
  EXPECT_EQ(complaint(design, budget_by_name("large")), "");
}

}  // namespace
}  // namespace kws
