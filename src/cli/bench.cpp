#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "cli.h"
#include "design_source.h"
#include "kws/core/isa.h"
#include "kws/core/table.h"
#include "kws/core/text.h"
#include "kws/pipeline/train_bench.h"
#include "log.h"

namespace kws::cli {

namespace {

struct BenchVerb {
  std::vector<std::string> designs;
  std::string isa = std::string(isa_name(best_isa()));
  double seconds = 1.0;
  int rounds = 3;
  Output format;
};

std::string times(double fused, double other) { return other > 0 ? fixed(fused / other, 2) : "-"; }

int run(const BenchVerb& verb, const Common& common) {
  const Isa isa = isa_from_name(verb.isa);
  get_ready_to_train();
  std::vector<Design> designs;
  for (const std::string& word : verb.designs) designs.push_back(design_named(word));
  if (designs.empty()) designs = train_bench_designs();
  Progress progress("design");
  int done = 0;
  const std::vector<TrainBenchRow> rows =
      bench_training(designs, isa, common.thread_count(), verb.seconds, verb.rounds, [&](const TrainBenchRow& row) {
        progress.show(++done, static_cast<int>(designs.size()), row.name + ", " + fixed(row.fused, 0) + " samples/s");
      });
  progress.done();
  if (verb.format == Format::json) {
    Json json = {{"schema", "kwsmith.bench/1"}, {"cpu", cpu_name()}, {"isa", verb.isa}, {"rows", Json::array()}};
    for (const TrainBenchRow& row : rows) {
      json["rows"].push_back({{"name", row.name},
                              {"engine_samples_s", row.fused},
                              {"torch1_samples_s", row.torch1},
                              {"torch2_samples_s", row.torch2}});
    }
    std::cout << text_of(json, 2) << "\n";
    return 0;
  }
  Table table(
      {"design", "engine samples/s", "LibTorch 1 thread", "LibTorch 2 threads", "times 1 thread", "times 2 threads"});
  for (const TrainBenchRow& row : rows) {
    table.add({row.name, fixed(row.fused, 0), fixed(row.torch1, 0), fixed(row.torch2, 0), times(row.fused, row.torch1),
               times(row.fused, row.torch2)});
  }
  print_table(table, verb.format);
  if (verb.format == Format::table) {
    std::cout << cpu_name() << ", " << verb.isa << ", " << counted(common.thread_count(), "trial") << "\n";
  }
  return 0;
}

}  // namespace

void add_bench(CLI::App& app, Common& common) {
  CLI::App* sub = app.add_subcommand("bench", "Measure this machine");
  sub->require_subcommand(1);
  auto verb = std::make_shared<BenchVerb>();
  CLI::App* train = sub->add_subcommand(
      "train", "Training speed: fused steps on all cores against plain LibTorch with one and two threads, in turn");
  train->add_option("DESIGN", verb->designs,
                    std::string(kDesignHelp) + "; none: the known ones that fit the small budget");
  train->add_option("--isa", verb->isa, "instruction set of the fused steps: avx2, avx512, avx512_bf16 or amx")
      ->capture_default_str();
  train->add_option("--seconds", verb->seconds, "of one measurement")
      ->check(in_range(0.01, 60.0))
      ->capture_default_str();
  train->add_option("--rounds", verb->rounds, "measurements of each; the median counts")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  add_format(*train, verb->format);
  train->callback([verb, &common] { common.exit_code = run(*verb, common); });
}

}  // namespace kws::cli
