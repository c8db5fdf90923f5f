#include <iostream>
#include <memory>

#include "cli.h"
#include "data_source.h"
#include "kws/core/table.h"
#include "kws/pipeline/pipeline.h"
#include "log.h"
#include "model_source.h"

namespace kws::cli {

namespace {

struct EvalVerb {
  std::string model, split = "test";
  std::string front_end;  // empty: the design's
  Engine engine = Engine::int8;
  Level level;
  DataSource source;
  Output format;
};

void print_classes(const Json& json, const Output& format) {
  const bool csv = format == Format::csv;
  std::vector<std::string> columns = {"label", "clips", "correct", "accuracy"};
  if (csv) columns.emplace_back("accuracy_error");
  Table table(columns);
  const auto add = [&](const std::string& label, int n, int right, const Json& of, bool known) {
    const double accuracy = known ? static_cast<double>(right) / n : 0.0;
    std::vector<std::string> cells = {label, std::to_string(n), std::to_string(right)};
    if (csv) {
      cells.push_back(known ? text_of(Json(accuracy)) : "");
      cells.push_back(known ? text_of(of["accuracy_error"]) : "");
    } else {
      cells.push_back(known ? percent(accuracy, of["accuracy_error"].get<double>()) : "-");
    }
    table.add(std::move(cells));
  };
  int clips = 0;
  int correct = 0;
  for (const auto& [label, counts] : json["per_class"].items()) {
    const int n = counts["clips"];
    const int right = counts["correct"];
    clips += n;
    correct += right;
    add(label, n, right, counts, n > 0);
  }
  add("all", clips, correct, json, clips > 0);
  print_table(table, format);
  if (format == Format::csv) return;
  std::cout << "engine " << json["engine"].get<std::string>() << ", SHA-256 of all outputs:\n"
            << json["output_sha256"].get<std::string>() << "\n";
}

int run(EvalVerb& verb, const Common& common) {
  Model model = load_model(model_folder(verb.model));
  if (!verb.front_end.empty()) model.design.features.arithmetic = verb.front_end;
  verb.source.whole = verb.split == "all";
  const Split split = verb.source.whole ? Split::testing : split_from_name(verb.split, "validation, test or all");
  if (split == Split::training) {
    throw Error("--split: training clips are drawn and augmented anew each epoch; take validation, test or all",
                Exit::usage);
  }
  verb.source.keywords = keywords_of(model);
  const int threads = common.thread_count();
  const bool with_torch = verb.engine == Engine::float32;
  const int clip_ms = model.design.features.clip_ms;
  const Dataset dataset = with_torch ? verb.source.load_to_train(threads, clip_ms) : verb.source.load(threads, clip_ms);
  const Json json = evaluation_to_json(evaluate(model, dataset, split, verb.engine, threads, verb.level));
  if (verb.format == Format::json) {
    std::cout << text_of(json, 2) << "\n";
  } else {
    print_classes(json, verb.format);
  }
  return 0;
}

}  // namespace

void add_eval(CLI::App& app, Common& common) {
  auto verb = std::make_shared<EvalVerb>();
  CLI::App* sub = app.add_subcommand("eval", "Measure a model: float (LibTorch), int8 (host) or c (the exported code)");
  sub->add_option("MODEL", verb->model, kModelHelp)->required();
  verb->source.add_to(*sub, false);
  sub->add_option("--split", verb->split,
                  "validation, test or all; all: every recording, of a folder that had no part in training")
      ->capture_default_str();
  const std::map<std::string, Engine> engines = {{"float", Engine::float32}, {"int8", Engine::int8}, {"c", Engine::c}};
  sub->add_option("--engine", verb->engine, "float, int8 or c")->transform(one_of(engines))->default_str("int8");
  sub->add_option("--front-end", verb->front_end, "float or integer; the design's when left out")
      ->check(one_of({"float", "integer"}));
  sub->add_option("--gain-db", verb->level.gain_db,
                  "gain of the clips before they are heard, as a microphone's that records louder or more quietly")
      ->check(in_range(-90.0, 60.0))
      ->capture_default_str();
  sub->add_option("--dc-offset", verb->level.offset, "constant that is added to their 16-bit samples")
      ->check(CLI::Range(-32768, 32767))
      ->capture_default_str();
  add_format(*sub, verb->format);
  sub->callback([verb, &common] { common.exit_code = run(*verb, common); });
}

}  // namespace kws::cli
