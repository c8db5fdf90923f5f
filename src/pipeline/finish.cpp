#include <cmath>

#include "kws/core/bootstrap.h"
#include "kws/core/error.h"
#include "kws/core/interrupt.h"
#include "kws/core/options.h"
#include "kws/cost/budget.h"
#include "kws/cost/cost.h"
#include "kws/pipeline/pipeline.h"
#include "kws/quant/int8_engine.h"
#include "kws/train/float_run.h"

namespace kws {

namespace {

constexpr int kGoldenClips = 4;
/// A stream also holds halves of words, which no clip shows: below this nothing is detected.
constexpr double kLeastThreshold = 0.5;
/// Share of the validation clips without a keyword that may trigger a detection.
constexpr double kFalseAccepts = 0.01;

/// One validation clip of each of the last classes, so that the self-test sees different words.
std::vector<std::vector<std::int8_t>> golden_clips(const FeatureBatch& batch, int classes) {
  std::vector<std::vector<std::int8_t>> golden;
  const std::size_t values = batch.features.size() / batch.labels.size();
  for (int label = classes - 1; label >= 0 && static_cast<int>(golden.size()) < kGoldenClips; --label) {
    for (std::size_t i = 0; i < batch.labels.size(); ++i) {
      if (batch.labels[i] != label) continue;
      const auto first = batch.features.begin() + static_cast<std::ptrdiff_t>(i * values);
      golden.emplace_back(first, first + static_cast<std::ptrdiff_t>(values));
      break;
    }
  }
  return golden;
}

}  // namespace

/// What model.json takes of a loss; a training that diverges may go beyond.
constexpr double kMostCrossEntropy = 1e9;

/// Mean of -log of the label's posterior.
///   scale  of the logits
static double cross_entropy(std::span<const std::int8_t> logits, std::span<const int> labels, double scale) {
  if (labels.empty()) return 0.0;
  const std::size_t classes = logits.size() / labels.size();
  double sum = 0.0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto row = logits.subspan(i * classes, classes);
    const std::int8_t top = std::ranges::max(row);  // else large logits overflow
    double all = 0.0;
    for (const std::int8_t one : row) all += std::exp(scale * (one - top));
    sum += scale * (top - row[static_cast<std::size_t>(labels[i])]) + std::log(all);
  }
  return std::min(kMostCrossEntropy, sum / static_cast<double>(labels.size()));
}

/// What is known of a model's int8 network from the validation split.
///   speakers  of its clips
static void measure_int8(Model& model, const FeatureBatch& validation, const std::vector<int>& speakers) {
  std::vector<std::int8_t> logits(validation.labels.size() * static_cast<std::size_t>(model.int8.classes()));
  run_int8(model.int8, validation.features, logits);
  const double scale = model.int8.layers.back().output.scale;
  model.metrics.int8_validation = accuracy<std::int8_t>(logits, validation.labels);
  model.metrics.int8_validation_error = accuracy_error(recognised<std::int8_t>(logits, validation.labels), speakers);
  model.metrics.int8_cross_entropy = cross_entropy(logits, validation.labels, scale);
  model.metrics.detector_threshold =
      tune_detector({.threshold = kLeastThreshold}, kFalseAccepts, logits, validation.labels, model.labels, scale)
          .threshold;
}

Model finish_model(const Design& design, const FeatureFeed& feed, const TrainOptions& options, const Trainer& trainer) {
  Model model;
  model.design = design;
  model.labels = feed.dataset().labels().labels();
  model.normalisation = feed.normalisation();
  model.weights = trainer.best_weights();
  model.training = options;
  model.data_fingerprint = feed.dataset().fingerprint();
  model.metrics.epochs = trainer.epochs_done();
  model.metrics.best_epoch = trainer.best_epoch();
  model.metrics.loss = trainer.last_loss();
  if (model.metrics.loss > kMostCrossEntropy) model.metrics.loss = kMostCrossEntropy;  // NaN stays
  model.metrics.float_validation = trainer.best_validation();

  model.int8 = trainer.best_int8();
  const FeatureBatch validation = feed.held_out(Split::validation);
  measure_int8(model, validation, feed.dataset().held_out_speakers(Split::validation));
  model.golden = golden_clips(validation, design.classes);
  return model;
}

Quantization quantize_model(const Model& model, const FeatureFeed& feed, bool again) {
  const Graph graph = build_graph(model.design);
  const FeatureBatch validation = feed.held_out(Split::validation);
  Quantization result{.model = model, .before = model.metrics, .layers = {}};
  if (again) {
    const FeatureBatch sample = feed.training_sample(model.training, model.training.epochs, kCalibrationClips);
    result.model.int8 = quantize(graph, model.weights, calibrate(graph, model.weights, sample.features));
  }
  throw_if_interrupted();
  measure_int8(result.model, validation, feed.dataset().held_out_speakers(Split::validation));
  throw_if_interrupted();
  if (again) {  // they were found with another network
    result.model.metrics.detector_thresholds.clear();
    result.model.metrics.detector_carries_state = false;
    result.model.metrics.heard.reset();
  } else {  // perhaps changed by hand
    result.model.metrics.detector_threshold = model.metrics.detector_threshold;
  }
  const std::vector<float> logits = run_float(graph, model.weights, validation.features);
  result.model.metrics.float_validation = accuracy<float>(logits, validation.labels);
  throw_if_interrupted();
  result.layers = layer_losses(graph, model.weights, result.model.int8, validation.features);
  return result;
}

nlohmann::ordered_json quantization_to_json(const Quantization& quantization) {
  Json layers = Json::array();
  for (const LayerLoss& l : quantization.layers) {
    layers.push_back({{"name", l.layer},
                      {"op", l.op},
                      {"scale", l.output.scale},
                      {"zero_point", l.output.zero_point},
                      {"snr_db", l.snr_db},
                      {"clipped", l.clipped}});
  }
  const ModelMetrics& now = quantization.model.metrics;
  return {{"schema", "kwsmith.quantize/1"},
          {"name", quantization.model.design.name},
          {"float_validation", now.float_validation},
          {"int8_validation", now.int8_validation},
          {"int8_validation_error", now.int8_validation_error.value_or(0.0)},
          {"int8_validation_before", quantization.before.int8_validation},
          {"layers", std::move(layers)}};
}

ExportModel export_view(const Model& model, const FrontEnd& front_end) {
  ExportModel view{.info = {.name = model.design.name,
                            .type = model.design.type(),
                            .labels = model.labels,
                            .float_accuracy = model.metrics.float_validation,
                            .int8_accuracy = model.metrics.int8_validation,
                            .accuracy_split = "validation",
                            .seed = model.training.seed,
                            .design_hash = design_hash(model.design),
                            .generator = "kwsmith " KWS_VERSION},
                   .network = model.int8,
                   .front_end = front_end,
                   .normalisation = model.normalisation,
                   .golden = {}};
  if (model.metrics.detector_threshold) view.detector.threshold = *model.metrics.detector_threshold;
  view.detector.thresholds = model.metrics.detector_thresholds;
  view.detector.carry_state = model.metrics.detector_carries_state;
  const std::vector<std::string> budgets = fitting_budgets(hello_edge_totals(build_graph(model.design)));
  view.info.budget = budgets.empty() ? "none of the standard ones" : budgets.front();
  if (model.metrics.float_test && model.metrics.int8_test) {
    view.info.float_accuracy = *model.metrics.float_test;
    view.info.int8_accuracy = *model.metrics.int8_test;
    view.info.accuracy_split = "testing";
  }
  const Int8Engine engine(model.int8);
  for (const std::vector<std::int8_t>& features : model.golden) {
    Golden golden{features, std::vector<std::int8_t>(model.labels.size())};
    engine.run(features, golden.logits);
    view.golden.push_back(std::move(golden));
  }
  return view;
}

}  // namespace kws
