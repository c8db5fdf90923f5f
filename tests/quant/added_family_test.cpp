// A family that is in no file but this one goes wherever the others go: what a family is stands in its row.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "../../search/moves.h"
#include "export/random_models.h"
#include "kws/core/options.h"
#include "kws/cost/cost.h"
#include "kws/export/c_engine.h"
#include "kws/families/turn.h"
#include "kws/fused/fused_net.h"
#include "kws/fused/targets.h"
#include "kws/search/space.h"
#include "quant/random_network.h"

namespace kws {
namespace {

constexpr const char* kName = "added";
constexpr int kAddedClasses = 4;

struct AddedOptions {
  int filters = 0;
  int kernel = 1;
};
template <class Field>
void describe(Field& field, AddedOptions& o) {
  field("filters", o.filters, 1, 100, "output channels");
  field("kernel", o.kernel, 1, 20, "frames of a kernel");
}

void choose(Dials& dial, AddedOptions& o, Extent map) {
  dial("filters", o.filters, {8, 12, 1}, "output channels");
  dial("kernel", o.kernel, {3, 5, 2}, "frames of a kernel", {.most = map.time});
}

void append(Graph& graph, const AddedOptions& o, int classes) {
  const int all = graph.input().freq;
  graph.add("conv", Conv2d{.filters = o.filters, .kernel = {o.kernel, all}, .stride = {2, all}, .norm = Norm::affine});
  const TensorId in = graph.last();
  graph.add("dw", Depthwise2d{.kernel = {o.kernel, 1}, .stride = {1, 1}, .norm = Norm::affine});
  graph.add("add", Add{.relu = true}, {graph.last(), in});
  graph.add("pool", AvgPool2d{});
  graph.add("logits", Dense{.units = classes});
}

class AddedFamilyTest : public ::testing::Test {
 protected:
  const AddedFamily added_{family_of<AddedOptions>(kName, "a family of this test")};
  static Design drawn(std::uint64_t seed) {
    Rng rng({seed});
    Design design = sample(Space(), kName, kAddedClasses, rng).design;
    design.name = "drawn";
    return design;
  }
};

TEST_F(AddedFamilyTest, IsListedDrawnCountedChangedAndRead) {
  EXPECT_EQ(network_types().back(), kName);
  EXPECT_EQ(type_summary(kName), "a family of this test");
  const std::vector<Dial> dials = dials_of(kName);
  ASSERT_EQ(dials.size(), 2U);
  EXPECT_EQ(dials[1].name, "kernel");
  EXPECT_EQ(dials[1].range.high, 5);

  // A space file has its dials.
  Space space;
  const double all = space_designs(space, kName);
  read_options(Json::parse(R"({"added": {"filters": {"high": 8}}})"), space, "space.json", "space");
  EXPECT_EQ(space_designs(space, kName) * 5, all);

  Rng rng({1});
  Sample from = sample(space, kName, kAddedClasses, rng);
  std::set<int> kernels;
  for (int i = 0; i < 100; ++i) {
    const Json network = design_to_json(from.design)["network"];
    EXPECT_EQ(network["filters"], 8);
    kernels.insert(network["kernel"].get<int>());
    if (const auto to = neighbour(space, from, rng)) from = *to;
  }
  EXPECT_EQ(kernels, (std::set{3, 5}));

  from.design.name = "drawn";
  const Json json = design_to_json(from.design);
  EXPECT_EQ(json["network"]["type"], kName);
  EXPECT_EQ(design_to_json(design_from_json(json, "drawn.json")).dump(), json.dump());
  Json wrong = json;
  wrong["network"]["filtres"] = 1;
  EXPECT_THROW(design_from_json(wrong, "wrong.json"), Error);

  // So do those who turn them by hand.
  const Design first = first_of_type(kName, FeatureOptions(), kAddedClasses);
  EXPECT_EQ(dial_settings(with_dial(first, "kernel", 0, 4))[1].value, 4);
  EXPECT_EQ(dial_settings(first)[0].value, 8);

  const Json cost = cost_to_json(from.design);
  EXPECT_EQ(cost["type"], kName);
  EXPECT_EQ(cost["layers"].size(), 5U);
  EXPECT_GT(cost["firmware"]["flash_bytes"].get<std::int64_t>(), cost["parameters"].get<std::int64_t>());
}

TEST_F(AddedFamilyTest, Learns) {
  const Isa isa = isa_for("float32");
  if (isa == Isa::portable) GTEST_SKIP() << "this CPU has no AVX2, hence no fused steps";
  const Graph graph = build_graph(drawn(2));
  const ParameterLayout layout(graph);
  NetState state = initial_state(graph, layout, 1);
  constexpr int kClips = 16;
  const auto net = FusedNet::make(graph, layout, kClips, isa);
  ASSERT_NE(net, nullptr);
  Rng rng({3});
  const std::vector<std::int8_t> features = testing::random_features(graph, kClips, rng);
  std::vector<int> labels;
  for (int i = 0; i < kClips; ++i) labels.push_back(i % kAddedClasses);
  const std::vector<double> targets = smoothed_targets(labels, kAddedClasses, 0.0);
  std::vector<float> gradients(layout.parameters());
  double first = 0.0, last = 0.0;
  for (int i = 0; i < 100; ++i) {
    last = net->step(features, targets, state.parameters, state.statistics, gradients);
    if (i == 0) first = last;
    for (std::size_t k = 0; k < gradients.size(); ++k) state.parameters[k] -= 0.05F * gradients[k];
  }
  EXPECT_LT(last, 0.5 * first);
}

TEST_F(AddedFamilyTest, RunsInFloatInt8AndC) {
  const Design design = drawn(4);
  constexpr int kClips = 100;
  const testing::RandomNetwork random = testing::random_network(build_graph(design), kClips, 5);
  std::vector<std::int8_t> host(random.logits.size());
  run_int8(random.model, random.features, host);
  const testing::Values real = testing::to_real(host.data(), host.size(), random.model.layers.back().output);
  double error = 0.0, size = 0.0;
  for (std::size_t i = 0; i < real.size(); ++i) {
    error += std::pow(real[i] - random.logits[i], 2);
    size += std::pow(random.logits[i], 2);
  }
  EXPECT_LT(error, 0.01 * size);  // 20 dB; trained networks of this depth have 30

  const test::Exportable parts(random.model, design.features);
  std::vector<std::int8_t> c(host.size());
  CEngine(parts.model(1)).run(random.features, c);
  EXPECT_EQ(c, host);
}

TEST(AddedFamilies, LeaveTheTableAsItWas) {
  const std::vector<std::string> before = network_types();
  { const AddedFamily added(family_of<AddedOptions>(kName, "a family of this test")); }
  EXPECT_EQ(network_types(), before);
  EXPECT_EQ(find_family(kName), nullptr);
}

}  // namespace
}  // namespace kws
