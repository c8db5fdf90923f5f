#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>
#include <utility>

#include "cli.h"
#include "data_source.h"
#include "design_source.h"
#include "kws/core/table.h"
#include "kws/pipeline/pipeline.h"
#include "kws/pipeline/train_model.h"
#include "kws/search/epoch_times.h"
#include "kws/train/trainer.h"
#include "log.h"
#include "model_source.h"
#include "rows.h"

namespace kws::cli {
namespace fs = std::filesystem;

namespace {

struct TrainVerb {
  std::string design, from, out, config;
  std::vector<std::string> changes;
  DataSource source;
  Output format;
  std::string isa = std::string(isa_name(best_isa()));
  TrainOptions options;
  std::unique_ptr<Flags> flags;
};

Json result_row(const std::string& design, const ModelMetrics& m) {
  return {{"design", design},
          {"best_epoch", m.best_epoch},
          {"float_validation", m.float_validation},
          {"int8_validation", m.int8_validation},
          {"int8_validation_error", m.int8_validation_error.value_or(0.0)},
          {"float_test", m.float_test.value_or(0.0)},
          {"int8_test", m.int8_test.value_or(0.0)},
          {"int8_test_error", m.int8_test_error.value_or(0.0)}};
}

void print_result(const Model& model, const Output& format) {
  const Json row = result_row(model.design.name, model.metrics);
  if (format == Format::json) {
    Json json = {{"schema", "kwsmith.train/1"}, {"design", model.design.name}, {"epochs", model.metrics.epochs}};
    json.update(row);
    json["int8_cross_entropy"] = model.metrics.int8_cross_entropy.value_or(0.0);
    std::cout << text_of(json, 2) << "\n";
    return;
  }
  print_rows(Json::array({row}), format, {"design", "int8_validation", "int8_test"});
}

void say_what_is_new(const Model& from, const LabelSet& labels) {
  std::string begins_anew;
  for (const std::string& label : labels.labels()) {
    if (std::ranges::find(from.labels, label) != from.labels.end()) continue;
    begins_anew += (begins_anew.empty() ? "" : ", ") + label;
  }
  log().info("begins with the weights of {}{}", from.design.name,
             begins_anew.empty() ? "" : "; new to it: " + begins_anew);
}

int run(TrainVerb& verb, const Common& common) {
  const Isa isa = isa_from_name(verb.isa);
  require_columns(result_row("", {}), verb.format);
  if (verb.design.empty() && verb.from.empty()) {
    throw Error("train: name a design of `kwsmith list designs`, or a model with --from", Exit::usage);
  }
  std::optional<Model> from;
  if (!verb.from.empty()) from = load_model(model_folder(verb.from));
  Design design =
      verb.design.empty() ? changed(from->design, verb.changes, verb.from) : design_named(verb.design, verb.changes);
  if (!verb.config.empty()) {
    const std::string file = recipe_file(verb.config).string();
    read_options(load_json(file), verb.options, file, "");
  }
  read_options(verb.flags->given(), verb.options, "command line", "");
  const std::vector<int>& restarts = verb.options.restarts;
  if (!std::ranges::is_sorted(restarts, std::less_equal{}) ||
      (!restarts.empty() && restarts.back() >= verb.options.epochs)) {
    throw Error("restarts: must rise and end below the epochs, " + std::to_string(verb.options.epochs), Exit::usage);
  }
  if (!verb.from.empty() && fs::path(verb.from).lexically_normal() == fs::path(verb.out).lexically_normal()) {
    throw Error("--out: " + verb.out + " is the model of --from; choose another", Exit::usage);
  }
  const LabelSet labels = verb.source.labels();
  if (design.classes != labels.classes()) {
    log().info("{}: {} classes instead of {}: silence, unknown and {} keywords", design.name, labels.classes(),
               design.classes, labels.keywords.size());
    design.classes = labels.classes();
  }
  if (from) static_cast<void>(weights_to_start(design, *from, verb.options.seed));
  const fs::path out = verb.out;
  require_trainable(out);
  require_trainable_size(build_graph(design), verb.options.batch_size, design.name);
  const fs::path checkpoint = checkpoint_of(out);

  const int threads = common.thread_count();
  const Dataset dataset = verb.source.load_to_train(threads, design.features.clip_ms);
  const FeatureFeed feed = from ? FeatureFeed(dataset, design.features, from->normalisation, threads)
                                : FeatureFeed(dataset, design.features, threads);
  if (from) say_what_is_new(*from, dataset.labels());
  Progress progress("epoch");
  TrainingTimeLeft left(verb.options.epochs, verb.options.all_epochs());
  std::chrono::steady_clock::time_point last = std::chrono::steady_clock::now();
  TrainingOutcome outcome = train_model(
      {.design = design, .options = verb.options, .isa = isa, .threads = threads, .from = from ? &*from : nullptr},
      feed, checkpoint,
      {.continued = [](int epochs) { log().info("continues after epoch {}", epochs); },
       .each_epoch =
           [&](const EpochReport& epoch) {
             const auto now = std::chrono::steady_clock::now();
             const double took = std::chrono::duration<double>(now - std::exchange(last, now)).count();
             progress.show(epoch.epoch, verb.options.all_epochs(),
                           "loss " + fixed(epoch.loss, 3) + ", validation " +
                               percent(epoch.validation, epoch.validation_error) + (epoch.best ? ", best so far" : ""),
                           left.ended(epoch.epoch, took));
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
  if (model.metrics.detector_threshold >= 1.0) {
    log().warn(
        "{}: is wholly sure of keywords where there are none; train longer or with a lower rate, or let "
        "`kwsmith listen --tune` find thresholds",
        out.string());
  }
  log().info("next: kwsmith export {} --out firmware", out.string());
  return 0;
}

}  // namespace

void add_train(CLI::App& app, Common& common) {
  auto verb = std::make_shared<TrainVerb>();
  CLI::App* sub = app.add_subcommand("train", "Train one design and quantize it");
  sub->add_option("DESIGN", verb->design, kDesignHelp);
  sub->add_option("--set", verb->changes, "PATH=VALUE: train a changed design, such as network.conv.filters=48")
      ->allow_extra_args(false);
  sub->add_option("--from", verb->from,
                  "model folder, or a name of `list models`: go on with its weights, on the same or other words (fewer "
                  "epochs and a "
                  "lower --peak-rate than from scratch are enough); with a DESIGN or --set, in a network that is wider "
                  "or has larger "
                  "kernels");
  verb->source.add_to(*sub);
  sub->add_option("--out", verb->out, "model folder to write")->required();
  sub->add_option("--config", verb->config,
                  "JSON file with training options, or a name of `list recipes`; flags beat it");
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
