#include <cstdio>
#include <iostream>
#include <memory>

#include "cli.h"
#include "data_source.h"
#include "design_source.h"
#include "kws/core/table.h"
#include "kws/pipeline/pipeline.h"
#include "kws/pipeline/train_model.h"
#include "log.h"
#include "rows.h"

namespace kws::cli {
namespace fs = std::filesystem;

namespace {

struct TrainVerb {
  std::string design, out, config;
  std::vector<std::string> changes;
  DataSource source;
  Output format;
  std::string isa = std::string(isa_name(best_isa()));
  TrainOptions options;
  std::unique_ptr<Flags> flags;
};

void print_result(const Model& model, const Output& format) {
  const ModelMetrics& m = model.metrics;
  Json row = {{"design", model.design.name},
              {"epochs", m.epochs},
              {"best_epoch", m.best_epoch},
              {"float_validation", m.float_validation},
              {"int8_validation", m.int8_validation},
              {"int8_validation_error", m.int8_validation_error.value_or(0.0)},
              {"float_test", m.float_test.value_or(0.0)},
              {"int8_test", m.int8_test.value_or(0.0)},
              {"int8_test_error", m.int8_test_error.value_or(0.0)}};
  if (format == Format::json) {
    Json json = {{"schema", "kwsmith.train/1"}};
    json.update(row);
    json["int8_cross_entropy"] = m.int8_cross_entropy.value_or(0.0);
    std::cout << text_of(json, 2) << "\n";
    return;
  }
  row.erase("epochs");
  print_rows(Json::array({row}), format);
}

int run(TrainVerb& verb, const Common& common) {
  const Isa isa = isa_from_name(verb.isa);
  Design design = design_named(verb.design, verb.changes);
  if (!verb.config.empty()) read_options(load_json(verb.config), verb.options, verb.config, "");
  read_options(verb.flags->given(), verb.options, "command line", "");
  const LabelSet labels = verb.source.labels();
  if (design.classes != labels.classes()) {
    log().info("{}: {} classes instead of {}: silence, unknown and {} keywords", design.name, labels.classes(),
               design.classes, labels.keywords.size());
    design.classes = labels.classes();
  }
  const fs::path out = verb.out;
  require_trainable(out);
  const fs::path checkpoint = checkpoint_of(out);

  const int threads = common.thread_count();
  const Dataset dataset = verb.source.load_to_train(threads);
  const FeatureFeed feed(dataset, design.features, threads);
  Progress progress("epoch");
  TrainingOutcome outcome =
      train_model({.design = design, .options = verb.options, .isa = isa, .threads = threads}, feed, checkpoint,
                  {.continued = [](int epochs) { log().info("continues after epoch {}", epochs); },
                   .each_epoch =
                       [&](const EpochReport& epoch) {
                         progress.show(epoch.epoch, verb.options.all_epochs(),
                                       "loss " + fixed(epoch.loss, 3) + ", validation " + percent(epoch.validation) +
                                           (epoch.best ? ", best so far" : ""));
                       }});
  progress.done();
  if (!outcome.finished) {
    if (outcome.model) save_model(*outcome.model, out);
    log().warn("interrupted after epoch {} of {}: {}; the same command continues", outcome.epochs,
               verb.options.all_epochs(),
               outcome.model ? out.string() + " holds the best model so far" : "nothing is kept of it");
    return static_cast<int>(Exit::interrupted);
  }
  Model& model = *outcome.model;
  model.metrics.float_test = evaluate(model, dataset, Split::testing, Engine::float32, threads).accuracy();
  const Evaluation int8 = evaluate(model, dataset, Split::testing, Engine::int8, threads);
  model.metrics.int8_test = int8.accuracy();
  model.metrics.int8_test_error = int8.error();
  save_model(model, out);
  fs::remove(checkpoint);
  print_result(model, verb.format);
  log().info("next: kwsmith export {} --out firmware", out.string());
  return 0;
}

}  // namespace

void add_train(CLI::App& app, Common& common) {
  auto verb = std::make_shared<TrainVerb>();
  CLI::App* sub = app.add_subcommand("train", "Train one design and quantize it");
  sub->add_option("design", verb->design, kDesignHelp)->required();
  sub->add_option("--set", verb->changes, "PATH=VALUE: train a changed design, such as network.conv.filters=48")
      ->allow_extra_args(false);
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
  regroup(*sub, kAdvanced, {"--isa", "--stretch", "--no-cache"});
  add_format(*sub, verb->format);
  sub->callback([verb, &common] { common.exit_code = run(*verb, common); });
}

}  // namespace kws::cli
