#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>
#include <vector>

#include "export/random_models.h"
#include "kws/core/isa.h"
#include "kws/export/c_engine.h"
#include "kws/families/design.h"
#include "kws/quant/int8_engine.h"

// Clips per second on one thread: the int8 engine by instruction set, beside the exported C that it must equal.
namespace kws {
namespace {

constexpr int kClips = 120;
constexpr const char* kDesigns[] = {"dnn_s",  "cnn_s",    "basic_lstm_s", "lstm_s",     "gru_s",
                                    "crnn_s", "ds_cnn_s", "ds_tc_small",  "tc_resnet8", "bc_resnet_1"};

Design known(const char* name) {
  const std::vector<Design> all = known_designs();
  return *std::ranges::find(all, name, &Design::name);
}

struct Work {
  explicit Work(const char* name)
      : design(known(name)), parts(test::RandomModels(1).model(build_graph(design)), design.features) {
    Rng rng({2});
    features.resize(static_cast<std::size_t>(kClips * parts.network.input.elements()));
    for (std::int8_t& q : features) q = static_cast<std::int8_t>(rng.between(-60, 60));
    logits.resize(static_cast<std::size_t>(kClips * parts.network.classes()));
  }
  Design design;
  test::Exportable parts;
  std::vector<std::int8_t> features, logits;
};

void engine(benchmark::State& state, const char* name, Isa isa) {
  Work work(name);
  const Int8Engine engine(work.parts.network, isa);
  for (auto _ : state) {
    engine.run(work.features, work.logits);
    benchmark::DoNotOptimize(work.logits.data());
  }
  state.SetItemsProcessed(state.iterations() * kClips);
}

void exported_c(benchmark::State& state, const char* name) {
  Work work(name);
  const CEngine engine(work.parts.model(1));
  for (auto _ : state) {
    engine.run(work.features, work.logits);
    benchmark::DoNotOptimize(work.logits.data());
  }
  state.SetItemsProcessed(state.iterations() * kClips);
}

/// The time to get ready, which one evaluation pays once.
void preparation(benchmark::State& state) {
  const Work work("ds_cnn_s");
  for (auto _ : state) benchmark::DoNotOptimize(Int8Engine(work.parts.network));
}

const bool registered = [] {
  for (const char* name : kDesigns) {
    for (const Isa isa : {Isa::portable, Isa::avx2, Isa::avx512}) {
      if (!supported(isa)) continue;
      benchmark::RegisterBenchmark((std::string("int8/") + name + "/" + std::string(isa_name(isa))).c_str(), engine,
                                   name, isa);
    }
    benchmark::RegisterBenchmark((std::string("int8/") + name + "/c").c_str(), exported_c, name);
  }
  benchmark::RegisterBenchmark("int8_preparation/ds_cnn_s", preparation);
  return true;
}();

}  // namespace
}  // namespace kws
