#include "kws/cost/firmware.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cost/published_networks.h"
#include "families/random_design.h"
#include "kws/core/error.h"

namespace kws {
namespace {

TEST(FirmwareSizes, AreTheSumsOfTheRows) {
  test::RandomDesign random(5);
  for (const std::string& type : network_types()) {
    const Design design = random(type);
    const Graph graph = build_graph(design);
    const FirmwareCost cost = firmware_cost(design.features, graph);
    std::int64_t constants = 0, ram = 0;
    for (const FirmwareCost::Row& row : cost.constants) constants += row.bytes;
    for (const FirmwareCost::Row& row : cost.ram) ram += row.bytes;
    for (const Core core : kCores) {
      const FirmwareSizes sizes = firmware_sizes(design.features, graph, core);
      EXPECT_EQ(sizes.flash_bytes, constants + of(cost.code_bytes, core) + of(cost.library_bytes, core));
      EXPECT_EQ(sizes.ram_bytes, ram + of(cost.library_bytes, core));
    }
    EXPECT_EQ(cost.constants.front().bytes, constant_bytes(graph));
    EXPECT_EQ(cost.ram.front().bytes, plan_arena(graph).bytes);
  }
}

TEST(Cores, AreKnownByName) {
  for (const Core core : kCores) EXPECT_EQ(core_by_name(core_name(core)), core);
  EXPECT_THROW(core_by_name("m1"), Error);
}

}  // namespace
}  // namespace kws
