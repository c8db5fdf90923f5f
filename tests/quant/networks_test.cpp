// The integer engine against the float meaning of whole networks, and the file format on the same networks.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "kws/core/error.h"
#include "quant/random_network.h"

namespace kws {
namespace {

using testing::NamedGraph;
using testing::nine_graphs;
using testing::random_network;
using testing::RandomNetwork;
using testing::seven_graphs;
using Json = nlohmann::ordered_json;

constexpr int kClips = 200;
constexpr int kClasses = 12;

std::vector<std::int8_t> run(const Int8Model& model, const std::vector<std::int8_t>& features) {
  const std::size_t clips = features.size() / static_cast<std::size_t>(model.input.elements());
  std::vector<std::int8_t> logits(clips * static_cast<std::size_t>(model.classes()));
  run_int8(model, features, logits);
  return logits;
}

class NineNetworks : public ::testing::TestWithParam<int> {
 protected:
  const NamedGraph net = nine_graphs()[static_cast<std::size_t>(GetParam())];
};

TEST_P(NineNetworks, StayCloseToFloat) {
  constexpr int seeds = 3;
  double agree = 0.0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const RandomNetwork random = random_network(net.graph, kClips, seed);
    const std::vector<std::int8_t> logits = run(random.model, random.features);
    const testing::Values real = testing::to_real(logits.data(), logits.size(), random.model.layers.back().output);
    double error = 0.0;
    for (std::size_t i = 0; i < real.size(); ++i) error += std::pow(real[i] - random.logits[i], 2);
    const auto [low, high] = std::minmax_element(random.logits.begin(), random.logits.end());
    // One output step is 0.4 % of the range; 0.16 to 0.26 % were seen, rounding to that step alone gives 0.11 %.
    // With residuals, means and activations two layers stand where chains have one: 0.8 % was seen.
    const double limit = net.graph.chain() ? 0.004 : 0.009;
    EXPECT_LT(std::sqrt(error / static_cast<double>(real.size())), limit * (*high - *low));
    for (auto row = real.begin(), truth = random.logits.begin(); row != real.end();
         row += kClasses, truth += kClasses) {
      const auto best = std::max_element(row, row + kClasses) - row;
      agree += std::max_element(truth, truth + kClasses) - truth == best ? 1.0 : 0.0;
    }
  }
  EXPECT_GT(agree / (seeds * kClips), 0.95);  // 0.963 (dnn) to 0.997 (ds_cnn) seen
}

TEST_P(NineNetworks, SurviveTheirFile) {
  const RandomNetwork random = random_network(net.graph, 10, 7);
  const std::string text = int8_to_json(random.model).dump();
  const Int8Model read = int8_from_json(Json::parse(text), net.graph, "model.int8.json");
  EXPECT_EQ(int8_to_json(read).dump(), text);
  EXPECT_EQ(run(read, random.features), run(random.model, random.features));
  EXPECT_DOUBLE_EQ(read.layers.back().input.scale, random.model.layers.back().input.scale);
  EXPECT_EQ(read.layers.back().input.zero_point, random.model.layers.back().input.zero_point);
}

/// Calls `check` with each plain field and each array's last number missing, one at a time.
int each_dropped(Json& node, const std::string& path, const std::function<void(const std::string& path)>& check) {
  int dropped = 0;
  for (auto& [key, value] : node.items()) {
    if (value.is_structured()) dropped += each_dropped(value, path + "/" + key, check);
  }
  std::vector<std::string> plain;
  if (node.is_object()) {
    for (const auto& [key, value] : node.items()) {
      if (!value.is_structured()) plain.push_back(key);
    }
  }
  for (const std::string& key : plain) {
    const Json whole = node;  // its keys have an order
    node.erase(key);
    check(path + "/" + key);
    node = whole;
  }
  if (node.is_array() && !node.empty() && !node.back().is_structured()) {
    const Json value = node.back();
    node.erase(node.size() - 1);
    check(path + "/-");
    node.push_back(value);
    ++dropped;
  }
  return dropped + static_cast<int>(plain.size());
}

TEST_P(NineNetworks, RefuseFilesWithAnyFieldDropped) {
  const Json whole = int8_to_json(random_network(net.graph, 2, 7).model);
  Json damaged = whole;
  const int dropped = each_dropped(damaged, "", [&](const std::string& path) {
    EXPECT_THROW(int8_from_json(damaged, net.graph, "m"), Error) << path;
  });
  EXPECT_EQ(damaged, whole);
  EXPECT_GE(dropped, 16);
}

INSTANTIATE_TEST_SUITE_P(Types, NineNetworks, ::testing::Range(0, 9),
                         [](const auto& one) { return nine_graphs()[static_cast<std::size_t>(one.param)].type; });

std::string complaint(const Json& json, const Graph& graph) {
  try {
    int8_from_json(json, graph, "m.json");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Int8Json, RecurrentLayersKeepTheScaleOfTheirState) {
  for (const testing::NamedGraph& net : seven_graphs()) {
    Json json = int8_to_json(random_network(net.graph, 2, 7).model);
    for (std::size_t i = 0; i < net.graph.layers().size(); ++i) {
      const Op& op = net.graph.layers()[i].op;
      const auto* lstm = std::get_if<Lstm>(&op);
      if (lstm == nullptr && !std::holds_alternative<Gru>(op)) continue;
      Json& output = json["layers"][i]["output"];
      const Json good = output;
      output["zero_point"] = 3;
      EXPECT_NE(complaint(json, net.graph).find("zero_point: of a recurrent layer is 0"), std::string::npos);
      output = good;
      output["scale"] = 0.5;
      const bool projected = lstm != nullptr && lstm->projection > 0;
      EXPECT_EQ(complaint(json, net.graph).empty(), projected) << net.type;
      output = good;
      EXPECT_EQ(complaint(json, net.graph), "") << net.type;
    }
  }
}

TEST(Int8Json, RefusesScalesThatNoTrainingGives) {
  const Graph graph = seven_graphs().front().graph;
  for (const double scale : {0.0, 1e-31, 1e31, -1.0}) {
    Json json = int8_to_json(random_network(graph, 2, 7).model);
    json["layers"][0]["output"]["scale"] = scale;
    EXPECT_NE(complaint(json, graph).find("scale"), std::string::npos) << scale;
  }
}

TEST(Int8Json, ComplaintsNameFileFieldFactAndRemedy) {
  const Graph graph = seven_graphs().front().graph;
  const Json good = int8_to_json(random_network(graph, 2, 7).model);
  const std::string remedy = "; make the model again with kwsmith train";

  Json bad = good;
  bad["layers"][1]["main"]["bias"].push_back(1);
  EXPECT_EQ(complaint(bad, graph),
            "m.json: layers[1].main.bias: has 49 items (write [...] with 48 to 48 items)" + remedy);
  bad = good;
  bad["layers"][0]["main"]["weight"][5] = 300;
  EXPECT_EQ(complaint(bad, graph), "m.json: layers[0].main.weight[5]: 300 is out of range (-128 to 127)" + remedy);
  bad = good;
  bad["layers"][0]["main"]["shift"][0] = 0.5;
  EXPECT_EQ(complaint(bad, graph), "m.json: layers[0].main.shift[0]: 0.5 is not an integer (-31 to 30)" + remedy);
  bad = good;
  bad["layers"][0]["main"]["shift"][2] = 30;
  EXPECT_EQ(complaint(bad, graph),
            "m.json: layers[0].main: row 2 can leave the 31 bits that kernels compute in" + remedy);
  bad = good;
  bad["layers"][0]["output"]["scale"] = 0;
  EXPECT_EQ(complaint(bad, graph), "m.json: layers[0].output.scale: 0 is out of range (1e-30 to 1e+30)" + remedy);
  bad = good;
  bad["layers"][0]["name"] = "fc9";
  EXPECT_EQ(complaint(bad, graph), "m.json: layers[0]: is dense \"fc9\", the design has dense \"fc1\"" + remedy);
  bad = good;
  bad["schema"] = "kwsmith.int8/9";
  EXPECT_EQ(complaint(bad, graph),
            "m.json: schema: \"kwsmith.int8/9\" is unknown (did you mean \"kwsmith.int8/1\"?)" + remedy);
  bad = good;
  bad["layers"].erase(0);
  EXPECT_EQ(complaint(bad, graph), "m.json: layers: has 2 items (write [...] with 3 to 3 items)" + remedy);
  EXPECT_EQ(complaint(Json::array(), graph), "m.json: [] is not an object (write {...})" + remedy);
}

TEST(RunInt8, GivesEachThreadTheSameBytes) {
  const Graph graph = seven_graphs().back().graph;
  const RandomNetwork random = random_network(graph, 20, 7);
  const std::vector<std::int8_t> expected = run(random.model, random.features);
  std::vector<std::vector<std::int8_t>> found(4);
  std::vector<std::thread> threads;
  for (auto& mine : found) threads.emplace_back([&] { mine = run(random.model, random.features); });
  for (std::thread& thread : threads) thread.join();
  for (const auto& mine : found) EXPECT_EQ(mine, expected);
}

}  // namespace
}  // namespace kws
