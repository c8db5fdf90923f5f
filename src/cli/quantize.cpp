#include <iostream>
#include <memory>

#include "cli.h"
#include "data_source.h"
#include "kws/core/files.h"
#include "kws/core/table.h"
#include "kws/pipeline/pipeline.h"
#include "log.h"
#include "model_source.h"

namespace kws::cli {

namespace {

struct QuantizeVerb {
  std::string model, out;
  DataSource source;
  Output format;
};

void print_layers(const Json& json, const Output& format) {
  if (format == Format::json) {
    std::cout << text_of(json, 2) << "\n";
    return;
  }
  const bool csv = format == Format::csv;
  Table table({"layer", "op", "scale", "zero_point", "snr_db", "clipped"});
  for (const Json& l : json["layers"]) {
    const double clipped = l["clipped"];
    table.add({l["name"], l["op"], csv ? l["scale"].dump() : fixed(l["scale"].get<double>(), 6), l["zero_point"].dump(),
               fixed(l["snr_db"].get<double>(), 1), csv ? l["clipped"].dump() : percent(clipped)});
  }
  print_table(table, format);
  if (csv) return;
  std::cout << json["name"].get<std::string>() << ": validation " << percent(json["float_validation"].get<double>())
            << " float, " << percent(json["int8_validation"].get<double>(), json["int8_validation_error"].get<double>())
            << " int8 (" << percent(json["int8_validation_before"].get<double>()) << " in the model so far)\n";
}

void run(QuantizeVerb& verb, const Common& common) {
  const Model model = load_model(model_folder(verb.model));
  if (!verb.out.empty()) require_absent(verb.out, "choose another --out or remove it");
  verb.source.keywords = keywords_of(model);
  const int threads = common.thread_count();
  const Dataset dataset = verb.source.load_to_train(threads, model.design.features.clip_ms);
  const FeatureFeed feed(dataset, model.design.features, model.normalisation, threads);
  Quantization quantization = quantize_model(model, feed, !verb.out.empty());
  if (!verb.out.empty()) {
    // The test split has not been read with this network.
    quantization.model.metrics.float_test.reset();
    quantization.model.metrics.int8_test.reset();
    quantization.model.metrics.int8_test_error.reset();
    save_model(quantization.model, verb.out);
  }
  print_layers(quantization_to_json(quantization), verb.format);
}

}  // namespace

void add_quantize(CLI::App& app, Common& common) {
  auto verb = std::make_shared<QuantizeVerb>();
  CLI::App* sub = app.add_subcommand(
      "quantize", "Show layer by layer what int8 costs a model; with --out calibrate it anew on other recordings");
  sub->add_option("MODEL", verb->model, kModelHelp)->required();
  verb->source.add_to(*sub, false);
  sub->add_option("--out", verb->out,
                  "model folder to write: the same weights in int8 again, ranges calibrated on the training clips of "
                  "--data");
  add_format(*sub, verb->format);
  sub->callback([verb, &common] { run(*verb, common); });
}

}  // namespace kws::cli
