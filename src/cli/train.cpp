#include <cstdio>
#include <iostream>
#include <memory>

#include "cli.h"
#include "data_source.h"
#include "kws/core/files.h"
#include "kws/core/interrupt.h"
#include "kws/core/table.h"
#include "kws/pipeline/pipeline.h"
#include "log.h"

namespace kws::cli {
namespace fs = std::filesystem;

namespace {

struct TrainVerb {
  std::string design, out, config;
  DataSource source;
  Format format = Format::table;
  std::string isa = std::string(isa_name(best_isa()));
  TrainOptions options;
  std::unique_ptr<Flags> flags;
};

/// The state of an unfinished training lies beside the model folder: the settings on one line, then the trainer's
/// bytes.
fs::path checkpoint_path(const fs::path& out) {
  fs::path plain = out;
  if (!plain.has_filename()) plain = plain.parent_path();
  return plain.string() + ".checkpoint";
}

/// Goes on where an earlier, interrupted run with the same settings stopped.
void continue_from(const fs::path& file, const std::string& settings, Trainer& trainer) {
  if (!fs::exists(file)) return;
  const std::string bytes = read_file(file);
  const std::size_t line = bytes.find('\n');
  if (bytes.substr(0, line) != settings) {
    throw Error(file.string() + ": belongs to a training with other settings; remove it or choose another --out",
                Exit::usage);
  }
  trainer.restore(bytes.substr(line + 1));
  log().info("continues after epoch {}", trainer.epochs_done());
}

void print_result(const Model& model, Format format) {
  const ModelMetrics& m = model.metrics;
  const std::vector<std::string> columns = {"design",          "best epoch", "float validation",
                                            "int8 validation", "float test", "int8 test"};
  if (format == Format::json) {
    const Json json = {{"schema", "kwsmith.train/1"},
                       {"design", model.design.name},
                       {"epochs", m.epochs},
                       {"best_epoch", m.best_epoch},
                       {"float_validation", m.float_validation},
                       {"int8_validation", m.int8_validation},
                       {"float_test", m.float_test.value_or(0.0)},
                       {"int8_test", m.int8_test.value_or(0.0)}};
    std::cout << json.dump(2) << "\n";
    return;
  }
  Table table(columns);
  table.add({model.design.name, std::to_string(m.best_epoch), percent(m.float_validation), percent(m.int8_validation),
             percent(m.float_test.value_or(0.0)), percent(m.int8_test.value_or(0.0))});
  std::cout << (format == Format::csv ? table.csv() : table.text());
}

int run(TrainVerb& verb, const Common& common) {
  const Isa isa = isa_from_name(verb.isa);
  const Design design = load_design(verb.design);
  if (!verb.config.empty()) read_options(load_json(verb.config), verb.options, verb.config, "");
  read_options(verb.flags->given(), verb.options, "command line", "");
  const LabelSet labels = verb.source.labels();
  require_classes(design, labels);
  const fs::path out = verb.out;
  const fs::path checkpoint = checkpoint_path(out);
  if (fs::exists(out) && !fs::exists(checkpoint)) {
    throw Error(out.string() + ": exists already; choose another --out or remove it", Exit::usage);
  }
  require_writable_folder(checkpoint.has_parent_path() ? checkpoint.parent_path() : fs::path("."));

  const int threads = common.thread_count();
  if (const std::string warning = prepare_training(); !warning.empty()) log().warn(warning);
  const Dataset dataset = verb.source.load(threads);
  const FeatureFeed feed(dataset, design.features, threads);
  Trainer trainer(build_graph(design), feed, verb.options, threads, isa);
  const Json settings = {{"design", design_to_json(design)},
                         {"training", options_to_json(verb.options)},
                         {"precision", precision_of(isa)},
                         {"data", dataset.fingerprint()}};
  continue_from(checkpoint, settings.dump(), trainer);

  Progress progress(common, "epoch");
  EpochReport epoch;
  while (!trainer.finished()) {
    if (!trainer.run_epoch(epoch)) break;
    write_file(checkpoint, settings.dump() + "\n" + trainer.checkpoint());
    progress.show(epoch.epoch, verb.options.all_epochs(),
                  "loss " + fixed(epoch.loss, 3) + ", validation " + percent(epoch.validation) +
                      (epoch.best ? ", best so far" : ""));
  }
  progress.done();

  Model model = finish_model(design, feed, verb.options, trainer);
  if (!trainer.finished()) {
    save_model(model, out);
    log().warn("interrupted after epoch {} of {}: {} holds the best model so far; the same command continues",
               trainer.epochs_done(), verb.options.all_epochs(), out.string());
    return static_cast<int>(Exit::interrupted);
  }
  model.metrics.float_test = evaluate(model, dataset, Split::testing, Engine::float32, threads).accuracy();
  model.metrics.int8_test = evaluate(model, dataset, Split::testing, Engine::int8, threads).accuracy();
  save_model(model, out);
  fs::remove(checkpoint);
  print_result(model, verb.format);
  return 0;
}

}  // namespace

void add_train(CLI::App& app, Common& common) {
  auto verb = std::make_shared<TrainVerb>();
  CLI::App* sub = app.add_subcommand("train", "Train one design and quantize it");
  sub->add_option("design", verb->design, "design file (kwsmith.design/1)")->required();
  verb->source.add_to(*sub);
  sub->add_option("--out", verb->out, "model folder to write")->required();
  sub->add_option("--config", verb->config, "JSON file with training options; flags beat it");
  sub->add_option("--isa", verb->isa,
                  "instruction set of the training steps: avx2 or avx512 (float32, same results), avx512_bf16 or amx "
                  "(bfloat16), "
                  "portable (plain LibTorch)")
      ->capture_default_str();
  verb->flags = std::make_unique<Flags>(*sub, "Training");
  describe(*verb->flags, verb->options);
  add_format(*sub, verb->format);
  sub->callback([verb, &common] { common.exit_code = run(*verb, common); });
}

}  // namespace kws::cli
