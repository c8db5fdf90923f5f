#include <benchmark/benchmark.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <string>
#include <thread>
#include <vector>

#include "kws/search/proposals.h"

// The promise: a million designs drawn from the default space, counted and filtered in under 10 s on two cores.
namespace kws {
namespace {

constexpr int kChunk = 1000;       ///< designs of one stream of random numbers
constexpr int kMillion = 1000000;  ///< a multiple of kChunk

/// Designs of one chunk that fit small, medium and large; counted as the search counts them for --dry-run.
std::vector<std::int64_t> fitting(const std::string& type, std::uint64_t seed) {
  SearchOptions options;
  for (const Budget& budget : standard_budgets()) options.budget_names.push_back(budget.name);
  options.types = {type};
  options.seed = seed;
  std::vector<std::int64_t> counts;
  for (const FitShare& one : fit_shares(options, kChunk)) counts.push_back(std::llround(one.share * kChunk));
  return counts;
}

void report(benchmark::State& state, const std::vector<std::int64_t>& counts) {
  for (std::size_t b = 0; b < counts.size(); ++b) {
    state.counters[standard_budgets()[b].name] = static_cast<double>(counts[b]);
  }
}

void draw_and_filter(benchmark::State& state) {
  const std::string& type = network_types()[static_cast<std::size_t>(state.range(0))];
  std::vector<std::int64_t> counts;
  for (auto _ : state) counts = fitting(type, 1);
  state.SetLabel(type + ", one thread; budgets: of " + std::to_string(kChunk));
  state.SetItemsProcessed(state.iterations() * kChunk);
  report(state, counts);
}
BENCHMARK(draw_and_filter)->DenseRange(0, static_cast<std::int64_t>(network_types().size()) - 1);

/// All seven types in turn.
void filter_a_million(benchmark::State& state) {
  std::vector<std::int64_t> counts(standard_budgets().size());
  double seconds = 0.0;
  for (auto _ : state) {
    std::atomic<int> next = 0;
    std::vector<std::vector<std::int64_t>> sums(2, std::vector<std::int64_t>(counts.size()));
    const auto begin = std::chrono::steady_clock::now();
    {
      std::vector<std::jthread> threads;
      for (std::vector<std::int64_t>& sum : sums) {
        threads.emplace_back([&next, &sum] {
          for (int chunk = next++; chunk < kMillion / kChunk; chunk = next++) {
            const auto number = static_cast<std::size_t>(chunk);
            const auto found = fitting(network_types()[number % network_types().size()], number);
            for (std::size_t b = 0; b < sum.size(); ++b) sum[b] += found[b];
          }
        });
      }
    }
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    for (std::size_t b = 0; b < counts.size(); ++b) counts[b] = sums[0][b] + sums[1][b];
  }
  state.SetLabel("1,000,000 designs of all types, two threads");
  state.SetItemsProcessed(kMillion);
  report(state, counts);
  if (seconds > 10.0) state.SkipWithError("took more than 10 s");
}
BENCHMARK(filter_a_million)->Iterations(1)->UseRealTime()->Unit(benchmark::kSecond);

}  // namespace
}  // namespace kws
