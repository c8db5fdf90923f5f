// onnx_models OUT: writes networks with random weights to OUT/NAME.onnx, and to OUT/NAME.json an input with what plain
// loops in double precision make of it. All shapes of the int8 tests, and random designs of every type.
#include <filesystem>
#include <iostream>

#include "families/random_design.h"
#include "kws/core/files.h"
#include "kws/core/library.h"
#include "kws/onnx/onnx.h"
#include "quant/random_network.h"

namespace kws {
namespace {

constexpr int kOfEachType = 3;
constexpr Library kModule{.file = "kwsmith_onnx.so", .folder = ".", .purpose = "this test", .bytes = 0};

void write(const std::filesystem::path& folder, const std::string& name, const Graph& graph, Rng& rng) {
  using Entry = const OnnxModule& (*)();
  static const OnnxModule& module = reinterpret_cast<Entry>(symbol_of(kModule, kOnnxModuleSymbol))();
  const Weights weights = testing::random_weights(graph, rng);
  testing::Values input;
  for (const std::int8_t q : testing::random_features(graph, 1, rng)) input.push_back(q * kFeatureScale);
  Ranges ignored;
  const testing::Values logits = testing::FloatReference(graph, weights).run(input, ignored);
  const Json expected = {{"labels", {"a", "b"}}, {"input", input}, {"logits", logits}};
  write_file(folder / (name + ".json"), text_of(expected));
  write_file(folder / (name + ".onnx"), module.write({.name = name,
                                                      .version = "test",
                                                      .graph = graph,
                                                      .weights = weights,
                                                      .notes = {{"labels", text_of(expected["labels"])}}}));
}

void write_all(const std::filesystem::path& folder) {
  Rng rng({1});
  for (const auto& [name, graph] : testing::nine_graphs()) write(folder, "graph_" + name, graph, rng);
  test::RandomDesign random(1);
  for (const std::string& type : network_types()) {
    for (int i = 0; i < kOfEachType; ++i) {
      write(folder, type + "_" + std::to_string(i), build_graph(random(type)), rng);
    }
  }
  Graph cropped({.time = 12, .freq = 3, .channels = 2});
  const Depthwise2d inner{.kernel = {4, 1}, .stride = {1, 1}, .padding = {Padding::valid, Padding::same}};
  const TensorId shorter = cropped.add("inner", inner, {0});
  cropped.add("sum", Add{.relu = true, .crop = true}, {shorter, 0});
  cropped.add("pool", AvgPool2d{.over_freq = false}).add("logits", Dense{.units = 3});
  write(folder, "cropped", cropped, rng);
  Graph every({.time = 6, .freq = 5, .channels = 1});
  for (const Function function : {Function::relu, Function::relu6, Function::swish, Function::hard_swish,
                                  Function::tanh, Function::clip, Function::gate}) {
    const std::string name(function_name(function));
    every.add("wide_" + name, Conv2d{.filters = 4, .kernel = {2, 2}, .stride = {1, 1}}).add(name, Activate{function});
  }
  every.add("mean", AvgPool2d{.over_freq = false}).add("logits", Dense{.units = 3});
  write(folder, "functions", every, rng);
}

}  // namespace
}  // namespace kws

int main(int count, char** words) {
  try {
    if (count != 2) throw std::runtime_error("usage: onnx_models OUT");
    kws::write_all(words[1]);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
