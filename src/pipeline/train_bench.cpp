#include "kws/pipeline/train_bench.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <functional>
#include <span>
#include <string>
#include <thread>

#include "kws/core/error.h"
#include "kws/core/interrupt.h"
#include "kws/core/median.h"
#include "kws/core/rng.h"
#include "kws/cost/budget.h"
#include "kws/cost/cost.h"
#include "kws/features/front_end.h"
#include "kws/fused/fused_net.h"
#include "kws/fused/targets.h"
#include "kws/train/adam.h"
#include "kws/train/plain_net.h"

namespace kws {

namespace {

constexpr int kBatch = 100;

/// What one trial owns.
struct Trial {
  ParameterLayout layout;
  NetState state;
  std::vector<float> gradients;
  Adam adam;
  std::vector<std::int8_t> features;
  std::vector<double> targets;

  explicit Trial(const Graph& graph)
      : layout(graph),
        state(initial_state(graph, layout, 1)),
        gradients(layout.parameters()),
        adam(layout.parameters()) {
    Rng rng({1});
    for (int i = 0; i < kBatch * graph.input().elements(); ++i) {
      features.push_back(static_cast<std::int8_t>(rng.between(-100, 100)));
    }
    const int classes = graph.output().elements();
    std::vector<int> labels(kBatch);
    for (int i = 0; i < kBatch; ++i) labels[static_cast<std::size_t>(i)] = i % classes;
    targets = smoothed_targets(labels, classes, 0.1);
  }
  void update() { adam.update(state.parameters, gradients, layout.decayed(), 1e-4, 0.1, 5.0, 0.998); }
};

/// Samples per second of `step`, after one step to warm up; ends early when the user interrupts.
template <class Step>
double rate(double seconds, const Step& step) {
  using Clock = std::chrono::steady_clock;
  step();
  const auto start = Clock::now();
  int steps = 0;
  double passed = 0.0;
  while ((passed < seconds || steps < 2) && !interrupted()) {
    step();
    ++steps;
    passed = std::chrono::duration<double>(Clock::now() - start).count();
  }
  return steps * kBatch / passed;
}

/// Makes the features of a batch anew before its step.
using Prepare = std::function<void(std::span<std::int8_t> features)>;
const Prepare kPrepared = [](std::span<std::int8_t>) {};

double fused_rate(const Graph& graph, const std::unique_ptr<FusedNet>& net, double seconds,
                  const Prepare& prepare = kPrepared) {
  Trial t(graph);
  return rate(seconds, [&] {
    prepare(t.features);
    net->step(t.features, t.targets, t.state.parameters, t.state.statistics, t.gradients);
    t.update();
  });
}

double rate_of_cores(const Graph& graph, Isa isa, int cores, double seconds) {
  // Made here: what making them throws may not leave a thread.
  std::vector<std::unique_ptr<FusedNet>> nets;
  nets.reserve(static_cast<std::size_t>(cores));
  for (int i = 0; i < cores; ++i) nets.push_back(FusedNet::make(graph, ParameterLayout(graph), kBatch, isa));
  std::vector<double> rates(nets.size());
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < nets.size(); ++i) {
      threads.emplace_back([&, i] { rates[i] = fused_rate(graph, nets[i], seconds); });
    }
  }
  double sum = 0.0;
  for (const double one : rates) sum += one;
  return sum;
}

double plain_rate(const Graph& graph, int threads, double seconds, const Prepare& prepare = kPrepared) {
  use_plain_threads(threads);
  Trial t(graph);
  PlainNet net(graph, t.layout, t.state.parameters, t.gradients, t.state.statistics);
  const double result = rate(seconds, [&] {
    prepare(t.features);
    net.step(t.features, t.targets);
    t.update();
  });
  use_plain_threads(1);
  return result;
}

}  // namespace

std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

double training_speed(const Design& design, Isa isa, double seconds) {
  const FrontEnd front_end(design.features);
  std::vector<std::int16_t> clips(kBatch * front_end.clip_samples());
  Rng rng({2});
  for (std::int16_t& sample : clips) sample = static_cast<std::int16_t>(rng.between(-3000, 3000));
  const auto coefficients = static_cast<std::size_t>(front_end.coefficients());
  const Normalisation norm{std::vector<float>(coefficients, 0.0F), std::vector<float>(coefficients, 1.0F)};
  const Prepare features = [&](std::span<std::int8_t> out) { front_end.quantized(clips, norm, out); };
  const Graph graph = build_graph(design);
  const auto net = FusedNet::make(graph, ParameterLayout(graph), kBatch, isa);
  return net ? fused_rate(graph, net, seconds, features) : plain_rate(graph, 1, seconds, features);
}

std::vector<Design> train_bench_designs() {
  std::vector<Design> designs = known_designs();
  std::erase_if(designs, [](const Design& design) {
    const std::vector<std::string> fits = fitting_budgets(hello_edge_totals(build_graph(design)));
    return std::ranges::find(fits, "small") == fits.end();
  });
  return designs;
}

std::vector<TrainBenchRow> bench_training(const std::vector<Design>& designs, Isa isa, int cores, double seconds,
                                          int rounds, const std::function<void(const TrainBenchRow&)>& each_row) {
  if (isa == Isa::portable) {
    throw Error("isa: \"portable\" has no fused steps to measure; this benchmark compares them with LibTorch",
                Exit::usage);
  }
  std::vector<TrainBenchRow> rows;
  for (const Design& design : designs) {
    const Graph graph = build_graph(design);
    std::vector<double> fused, torch1, torch2;
    for (int round = 0; round < rounds; ++round) {
      fused.push_back(rate_of_cores(graph, isa, cores, seconds));
      torch1.push_back(plain_rate(graph, 1, seconds));
      torch2.push_back(plain_rate(graph, 2, seconds));
      // Here and not where the steps are counted: an exception may not leave a thread.
      if (interrupted()) throw Error("bench train: interrupted; run the same command again", Exit::interrupted);
    }
    rows.push_back({design.name, median(fused), median(torch1), median(torch2)});
    each_row(rows.back());
  }
  return rows;
}

}  // namespace kws
