// Random designs of every family through all that needs no training. KWS_RANDOM_DESIGNS=1000 tries that many of each.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "cost/arena_replay.h"
#include "export/random_models.h"
#include "families/random_design.h"
#include "kws/core/parallel.h"
#include "kws/cost/cost.h"
#include "kws/export/c_engine.h"
#include "kws/quant/int8_engine.h"

namespace kws::test {
namespace {

std::size_t designs_of_each() {
  const char* asked = std::getenv("KWS_RANDOM_DESIGNS");
  return asked == nullptr ? 3 : std::stoul(asked);
}

void expect_rows_add_up(const Design& design) {
  const Json report = cost_to_json(design);
  const auto sum = [&](const char* figure) {
    std::int64_t all = 0;
    for (const Json& row : report["layers"]) all += row[figure].get<std::int64_t>();
    return all;
  };
  for (const char* figure : {"parameters", "parameters_unfolded", "macs"}) EXPECT_EQ(report[figure], sum(figure));
  EXPECT_EQ(report["hello_edge"]["ops"], sum("ops"));
  EXPECT_EQ(report["firmware"]["weight_bytes"], sum("weight_bytes"));
}

void expect_every_byte_read_was_written(const Graph& graph) {
  const ArenaPlan plan = plan_arena(graph);
  Replay replay(graph, plan);
  for (std::size_t k = 0; k < plan.steps.size(); ++k) replay.run(k, plan.steps[k]);
}

void expect_c_equals_host(const Design& design, std::uint64_t seed) {
  const Exportable parts(RandomModels(seed).model(build_graph(design)), design.features);
  const CEngine engine(parts.model(0));
  Rng rng({seed, 1});
  std::vector<std::int16_t> pcm(kClipSamples);
  for (std::int16_t& sample : pcm) sample = static_cast<std::int16_t>(rng.between(-5000, 5000));
  std::vector<std::int8_t> features(static_cast<std::size_t>(parts.front_end.values()));
  std::vector<std::int8_t> host(static_cast<std::size_t>(parts.network.classes())), c(host.size());
  parts.front_end.quantized(pcm, parts.norm, features);
  run_int8(parts.network, features, host);
  engine.classify(pcm, c);
  EXPECT_EQ(host, c);
  for (std::int8_t& value : features) value = static_cast<std::int8_t>(rng.between(-128, 127));
  run_int8(parts.network, features, host);
  engine.run(features, c);
  EXPECT_EQ(host, c);
}

class RandomDesigns : public testing::TestWithParam<std::string> {};

TEST_P(RandomDesigns, GoAllTheWayToC) {
  parallel_for_each_index(designs_of_each(), 0, [&](std::size_t i) {
    const Design design = RandomDesign(1000 + i)(GetParam());
    const std::string text = design_to_json(design).dump();
    SCOPED_TRACE(text);
    EXPECT_EQ(design_to_json(design_from_json(Json::parse(text), "random")).dump(), text);
    expect_rows_add_up(design);
    expect_every_byte_read_was_written(build_graph(design));
    expect_c_equals_host(design, i);
  });
}

INSTANTIATE_TEST_SUITE_P(Types, RandomDesigns, testing::ValuesIn(network_types()),
                         [](const auto& instance) { return instance.param; });

}  // namespace
}  // namespace kws::test
