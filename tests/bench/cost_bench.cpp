#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "families/random_design.h"
#include "kws/cost/cost.h"
#include "kws/cost/firmware.h"

// The promise: a million designs, graphs included, in under 10 s on two cores, i.e. under 20 us a design and core;
// flash, RAM and cycles of a million in under a minute.
namespace kws {
namespace {

/// Random designs of one type, made beforehand: the search's own generator is not what is measured.
std::vector<Design> designs(const std::string& type) {
  test::RandomDesign random(1);
  std::vector<Design> list;
  for (int i = 0; i < 1000; ++i) list.push_back(random(type));
  return list;
}

void graph_and_totals(benchmark::State& state) {
  const std::string& type = network_types()[static_cast<std::size_t>(state.range(0))];
  const std::vector<Design> list = designs(type);
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(hello_edge_totals(build_graph(list[i])));
    i = (i + 1) % list.size();
  }
  state.SetLabel(type);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(graph_and_totals)->DenseRange(0, static_cast<std::int64_t>(network_types().size()) - 1);

void graph_and_firmware(benchmark::State& state) {
  const std::string& type = network_types()[static_cast<std::size_t>(state.range(0))];
  const std::vector<Design> list = designs(type);
  std::size_t i = 0;
  for (auto _ : state) {
    const Graph graph = build_graph(list[i]);
    benchmark::DoNotOptimize(firmware_sizes(list[i].features, graph));
    benchmark::DoNotOptimize(hop_work(list[i].features, graph));
    i = (i + 1) % list.size();
  }
  state.SetLabel(type);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(graph_and_firmware)->DenseRange(0, static_cast<std::int64_t>(network_types().size()) - 1);

void totals_alone(benchmark::State& state) {
  const Graph graph = build_graph(designs("ds_cnn").front());
  for (auto _ : state) benchmark::DoNotOptimize(hello_edge_totals(graph));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(totals_alone);

}  // namespace
}  // namespace kws
