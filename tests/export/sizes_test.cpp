// What the cost report promises before training is what the exported arrays and the arena take.
#include <string>

#include "cost/published_networks.h"
#include "export/random_models.h"
#include "export/shell_folder.h"
#include "families/random_design.h"
#include "kws/core/options.h"
#include "kws/cost/cost.h"
#include "quant/random_network.h"

namespace kws::test {
namespace {

/// Quantized from random weights; no range is measured, because sizes do not depend on any.
Exportable exportable(const Design& design) {
  const Graph graph = build_graph(design);
  Rng rng({11});
  Ranges ranges;
  for (const Layer& layer : graph.layers()) ranges[layer.name] = {.low = -4.0F, .high = 4.0F};
  return Exportable(quantize(graph, kws::testing::random_weights(graph, rng), ranges), design.features);
}

class Sizes : public ShellFolder {
 protected:
  void expect_promise_kept(const Design& design) {
    const Exportable parts = exportable(design);
    const ExportSizes sizes = write_c_model(parts.model(1), {.prefix = "kws"}, root_ / design.name);
    const Json promise = cost_to_json(design)["firmware"];
    EXPECT_EQ(promise["weight_bytes"], sizes.weights) << design.name;
    EXPECT_EQ(promise["arena_bytes"], sizes.arena) << design.name;
    const Json report = Json::parse(read_file(root_ / design.name / "kws_report.json"));
    const Json& firmware = report["firmware"];
    EXPECT_EQ(firmware["ram_bytes"], sizes.stream_arena + sizes.stream_state) << design.name;
    // The structure that points to them counts as one of the tables.
    EXPECT_EQ(firmware["flash"]["front_end_tables"], sizes.tables + 56) << design.name;
    EXPECT_EQ(firmware["flash"]["weights"], sizes.weights) << design.name;
    EXPECT_LE(firmware["flash_bytes"], promise["flash_bytes"]) << "labels and detector are known now";
    const Graph graph = build_graph(design);
    for (std::size_t i = 0; i < graph.layers().size(); ++i) {
      const Layer& layer = graph.layers()[i];
      EXPECT_EQ(report["layers"][i]["weight_bytes"], constant_bytes(layer)) << design.name << " " << layer.name;
    }
  }
};

TEST_F(Sizes, AreThoseThatCostPromisesForAllPublishedNetworks) {
  for (const PublishedNetwork& network : published_networks()) {
    expect_promise_kept(load_design(published_file(network.name)));
  }
  // The compiler agrees: kws_model.c asserts the sum of its arrays and the scratch of every kernel.
  KWS_SKIP_WITHOUT("gcc")
  EXPECT_EQ(run("gcc -std=c99 -Wall -Werror -fsyntax-only *_s/kws_model.c"), 0) << output();
}

TEST_F(Sizes, AreThoseThatCostPromisesForRandomDesigns) {
  RandomDesign random(31);
  for (const std::string& type : network_types()) {
    for (int i = 0; i < 3; ++i) {
      Design design = random(type);
      design.name = type + std::to_string(i);
      expect_promise_kept(design);
    }
  }
}

}  // namespace
}  // namespace kws::test
