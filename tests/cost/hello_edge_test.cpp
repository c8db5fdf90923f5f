#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "cost/published_networks.h"
#include "families/random_design.h"
#include "kws/cost/budget.h"

namespace kws {
namespace {

class PublishedNetworks : public testing::TestWithParam<test::PublishedNetwork> {};

TEST_P(PublishedNetworks, CountsEqualTheTable) {
  const Cost cost = hello_edge_cost(build_graph(load_design(test::published_file(GetParam().name))));
  EXPECT_EQ(cost.parameters, GetParam().parameters);
  EXPECT_EQ(cost.macs, GetParam().macs);
  EXPECT_EQ(cost.working_bytes, GetParam().working_bytes);
  EXPECT_EQ(cost.ops, GetParam().ops);
}

TEST_P(PublishedNetworks, AgreeWithThePrintedFigures) {
  const CostTotals totals = hello_edge_totals(build_graph(load_design(test::published_file(GetParam().name))));
  const double memory = 1000.0 * GetParam().published_kb;
  EXPECT_NEAR(static_cast<double>(totals.memory_bytes), memory, 0.001 * memory);  // printed to 0.1 KB
  // 1.2 %: the paper prints two digits of some operation counts
  EXPECT_NEAR(static_cast<double>(totals.ops), GetParam().published_ops, 0.012 * GetParam().published_ops);
}

TEST_P(PublishedNetworks, FitTheirOwnClass) {
  const Design design = load_design(test::published_file(GetParam().name));
  EXPECT_EQ(design.name, GetParam().name);
  const std::vector<std::string> fits = fitting_budgets(hello_edge_totals(build_graph(design)));
  const std::string class_name = GetParam().name.ends_with("_s")   ? "small"
                                 : GetParam().name.ends_with("_m") ? "medium"
                                                                   : "large";
  EXPECT_TRUE(std::find(fits.begin(), fits.end(), class_name) != fits.end());
  EXPECT_EQ(fits.back(), "large");
}

INSTANTIATE_TEST_SUITE_P(HelloEdge, PublishedNetworks, testing::ValuesIn(test::published_networks()),
                         [](const auto& instance) { return instance.param.name; });

class EveryType : public testing::TestWithParam<std::string> {};

TEST_P(EveryType, RandomDesignsCostMoreThanNothingAndRowsAddUp) {
  test::RandomDesign random(17);
  for (int i = 0; i < 1000; ++i) {
    const Graph graph = build_graph(random(GetParam()));
    const Cost cost = hello_edge_cost(graph);
    const CostTotals totals = hello_edge_totals(graph);
    std::int64_t parameters = 0, macs = 0, ops = 0, working_bytes = 0;
    for (std::size_t k = 0; k < cost.layers.size(); ++k) {
      const std::vector<ParameterSpec> specs = parameters_of(graph.layers()[k]);
      EXPECT_EQ(cost.layers[k].parameters,
                std::accumulate(specs.begin(), specs.end(), std::int64_t{0},
                                [](std::int64_t sum, const ParameterSpec& spec) { return sum + spec.elements(); }));
      parameters += cost.layers[k].parameters;
      macs += cost.layers[k].macs;
      ops += cost.layers[k].ops;
      working_bytes = std::max(working_bytes, cost.layers[k].working_bytes);
    }
    ASSERT_GT(parameters, 0);
    ASSERT_GT(macs, 0);
    ASSERT_EQ(cost.parameters, parameters);
    ASSERT_EQ(cost.macs, macs);
    ASSERT_EQ(cost.ops, ops);
    ASSERT_EQ(cost.memory_bytes, parameters + working_bytes);
    ASSERT_EQ(totals.memory_bytes, cost.memory_bytes);
    ASSERT_EQ(totals.ops, cost.ops);
  }
}

INSTANTIATE_TEST_SUITE_P(Types, EveryType, testing::ValuesIn(network_types()),
                         [](const auto& instance) { return instance.param; });

}  // namespace
}  // namespace kws
