#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "kws/core/rng.h"
#include "kws/families/design.h"
#include "kws/fused/fused_net.h"
#include "kws/fused/targets.h"

// One training step without the optimiser, batch 100, one thread: samples per second of every design that `bench train`
// compares with LibTorch, for each instruction set of this CPU.
namespace kws {
namespace {

void training_step(benchmark::State& state, const Design& design, Isa isa) {
  constexpr int kBatch = 100;
  const Graph graph = build_graph(design);
  const ParameterLayout layout(graph);
  NetState net_state = initial_state(graph, layout, 1);
  std::vector<float> gradients(layout.parameters());
  Rng rng({1});
  std::vector<std::int8_t> features(static_cast<std::size_t>(kBatch * graph.input().elements()));
  for (std::int8_t& value : features) value = static_cast<std::int8_t>(rng.between(-100, 100));
  std::vector<int> labels(kBatch);
  for (int i = 0; i < kBatch; ++i) labels[static_cast<std::size_t>(i)] = i % design.classes;
  const std::vector<double> targets = smoothed_targets(labels, design.classes, 0.1);
  const auto net = FusedNet::make(graph, layout, kBatch, isa);
  for (auto _ : state) {
    benchmark::DoNotOptimize(net->step(features, targets, net_state.parameters, net_state.statistics, gradients));
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}

void register_designs() {
  for (const Design& design : published_designs()) {
    if (!design.name.ends_with("_s") && design.type() != "ds_cnn") continue;
    for (const Isa isa : kAllIsas) {
      if (isa == Isa::portable || !supported(isa)) continue;
      benchmark::RegisterBenchmark(("fused/" + design.name + "/" + std::string(isa_name(isa))).c_str(), training_step,
                                   design, isa)
          ->Unit(benchmark::kMillisecond);
    }
  }
}

}  // namespace
}  // namespace kws

int main(int argc, char** argv) {
  kws::register_designs();  // not before main(): designs are read by tables of other files
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
