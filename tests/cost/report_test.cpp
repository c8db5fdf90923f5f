#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "cost/published_networks.h"
#include "families/random_design.h"
#include "kws/core/options.h"
#include "kws/cost/board.h"
#include "kws/cost/budget.h"

namespace kws {
namespace {

TEST(ConstantBytes, CountRowsOfEveryProduct) {
  Graph graph({.time = 4, .freq = 3, .channels = 1});
  graph.add("conv1", Conv2d{.filters = 2, .kernel = {2, 2}, .stride = {1, 1}})
      .add("dw1", Depthwise2d{.kernel = {3, 1}, .stride = {1, 1}})
      .add("gru1", Gru{.cells = 5, .sequence = true})
      .add("lstm", Lstm{.cells = 3, .projection = 2, .peepholes = true})
      .add("pool", AvgPool2d{})
      .add("logits", Dense{.units = 6});
  const std::vector<Layer>& layers = graph.layers();
  EXPECT_EQ(constant_bytes(layers[0]), 2 * (4 + 9));
  EXPECT_EQ(constant_bytes(layers[1]), 2 * (3 + 9));
  EXPECT_EQ(constant_bytes(layers[2]), 15 * (6 + 9) + 15 * (5 + 5));  // step: 3 frequencies x 2 channels
  EXPECT_EQ(constant_bytes(layers[3]), 12 * (5 + 9) + 12 * (2 + 5) + 2 * (3 + 5) + 3 * (3 + 5));
  EXPECT_EQ(constant_bytes(layers[4]), 5);
  EXPECT_EQ(constant_bytes(layers[5]), 6 * (2 + 9));
}

TEST(CostReport, RowsAddUpToTheTotals) {
  test::RandomDesign random(3);
  for (const std::string& type : network_types()) {
    const Design design = random(type);
    const Json report = cost_to_json(design);
    std::int64_t parameters = 0, macs = 0, ops = 0, weight_bytes = 0;
    for (const Json& row : report["layers"]) {
      parameters += row["parameters"].get<std::int64_t>();
      macs += row["macs"].get<std::int64_t>();
      ops += row["ops"].get<std::int64_t>();
      weight_bytes += row["weight_bytes"].get<std::int64_t>();
    }
    EXPECT_EQ(report["parameters"], parameters);
    EXPECT_EQ(report["macs"], macs);
    EXPECT_EQ(report["hello_edge"]["ops"], ops);
    EXPECT_EQ(report["firmware"]["weight_bytes"], weight_bytes);
    EXPECT_EQ(report["firmware"]["arena_bytes"], plan_arena(build_graph(design)).bytes);
  }
}

TEST(CostReport, TensorsThatLiveAtOnceShareNoByteOfTheArenaButWhereALayerMovesOn) {
  test::RandomDesign random(4);
  for (const std::string& type : network_types()) {
    const Json report = cost_to_json(random(type));
    const int bytes = report["firmware"]["arena_bytes"];
    const Json& rows = report["firmware"]["arena"];
    int end = 0;
    for (const Json& a : rows) {
      EXPECT_LE(a["layers"][0], a["layers"][1]);
      end = std::max(end, a["offset"].get<int>() + a["bytes"].get<int>());
      for (const Json& b : rows) {
        // A layer may write over what it reads for the last time.
        if (a == b || a["layers"][0] >= b["layers"][0] || a["layers"][1] <= b["layers"][0]) continue;
        const int first = std::max(a["offset"].get<int>(), b["offset"].get<int>());
        const int last =
            std::min(a["offset"].get<int>() + a["bytes"].get<int>(), b["offset"].get<int>() + b["bytes"].get<int>());
        EXPECT_LE(last, first) << type << " " << a["what"] << " " << b["what"];
      }
    }
    EXPECT_LE(end, bytes) << type;
  }
}

TEST(CostReport, ListsTheBudgetsADesignFits) {
  const Json report = cost_to_json(load_design(test::published_file("ds_cnn_m")));
  EXPECT_EQ(report["name"], "ds_cnn_m");
  EXPECT_EQ(report["type"], "ds_cnn");
  EXPECT_EQ(report["hello_edge"]["memory_bytes"], 189212);
  EXPECT_EQ(report["hello_edge"]["fits"], Json({"medium", "large"}));
  EXPECT_EQ(report["layers"][0]["output"], Json({25, 10, 172}));
}

TEST(CostReport, CountsForTheTimeBetweenDecisionsThatIsAskedFor) {
  const Design design = load_design(test::published_file("cnn_s"));
  for (const int hop_ms : {0, 100, 200}) {
    const FirmwareOptions options{.hop_ms = hop_ms};
    const Json firmware = cost_to_json(design, std::nullopt, {}, options)["firmware"];
    const Needs needs = needs_of(design, Part(Core::m4), options);
    EXPECT_EQ(firmware["ops_per_second"], needs.ops_per_second.value());
    EXPECT_EQ(firmware["ram_bytes"], needs.firmware->ram_bytes);
    EXPECT_EQ(firmware == cost_to_json(design)["firmware"],
              firmware["hop_ms"] == cost_to_json(design)["firmware"]["hop_ms"]);
    EXPECT_TRUE(hop_ms == 0 || firmware["hop_ms"] == hop_ms);
  }
}

TEST(CostReport, CountsForTheCoreOfTheBudget) {
  const Design design = load_design(test::published_file("cnn_s"));
  Budget budget{.name = {}, .limits = {}};
  for (const Core core : kCores) {
    budget.core = core;
    const Json firmware = cost_to_json(design, std::nullopt, budget)["firmware"];
    EXPECT_EQ(firmware["core"], core_name(core));
    EXPECT_EQ(firmware["flash_bytes"], firmware["sizes"][core_name(core)]["flash_bytes"]);
    std::int64_t rows = 0;
    for (const Json& row : firmware["flash"]) rows += row.get<std::int64_t>();
    EXPECT_EQ(firmware["flash_bytes"], rows);
  }
}

TEST(Budgets, LimitBothMemoryAndOperations) {
  const Budget& small = budget_by_name("small");
  EXPECT_TRUE(small.fits({.memory_bytes = 81920, .ops = 6'000'000}));
  EXPECT_FALSE(small.fits({.memory_bytes = 81921, .ops = 1}));
  EXPECT_FALSE(small.fits({.memory_bytes = 1, .ops = 6'000'001}));
  EXPECT_TRUE(fitting_budgets({.memory_bytes = 512'001, .ops = 1}).empty());
}

TEST(Budgets, NameTheKnownOnesForAnUnknownName) {
  const auto complaint = [](std::string_view name) {
    try {
      budget_by_name(name);
    } catch (const Error& error) {
      EXPECT_EQ(error.exit_code(), Exit::usage);
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(complaint("smal"), "budget \"smal\": unknown; did you mean \"small\"?");
  EXPECT_EQ(complaint("tiny"), "budget \"tiny\": unknown; one of small, medium, large");
}

}  // namespace
}  // namespace kws
