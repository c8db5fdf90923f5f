#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "kws/datasets/corpus.h"
#include "kws/export/c_export.h"
#include "kws/feed/feature_feed.h"
#include "kws/model/model.h"
#include "kws/search/evaluator.h"
#include "kws/train/float_run.h"
#include "kws/train/trainer.h"

namespace kws {

/// Quantizes a trainer's best weights and measures float and int8 on the validation split.
Model finish_model(const Design& design, const FeatureFeed& feed, const TrainOptions& options, const Trainer& trainer);

/// A model with its int8 network looked at, or made again.
struct Quantization {
  Model model;
  ModelMetrics before;            ///< as they stood in the model
  std::vector<LayerLoss> layers;  ///< over the validation split
};
/// Measures the int8 network of a model layer by layer; accuracies become those of the feed's validation split.
///   feed   of the model's design and normalisation, any recordings with its labels
///   again  with new ranges, calibrated on the feed's training clips; what quantization-aware training has taught
///          the weights stays, its ranges do not
Quantization quantize_model(const Model& model, const FeatureFeed& feed, bool again);
/// schema kwsmith.quantize/1
nlohmann::ordered_json quantization_to_json(const Quantization& quantization);

enum class Engine { float32, int8, c };

/// Outputs of one engine over one split.
struct Evaluation {
  std::string engine;             ///< "float", "int8", "c"
  std::string split = "testing";  ///< of the corpus; "all": scan_whole_corpus()
  std::vector<std::string> labels;
  std::vector<int> expected;      ///< [clips] label of each clip
  std::vector<int> predicted;     ///< [clips] first largest output
  std::vector<double> posterior;  ///< [clips] of the prediction; of int8 and c as the detector computes it
  std::vector<int> speakers;      ///< [clips] as Dataset::held_out_speakers
  std::string output_sha256;      ///< over all output bytes in clip order (float32 or int8)
  [[nodiscard]] double accuracy() const;
  [[nodiscard]] double error() const;  ///< standard error of the accuracy: accuracy_error()
  /// Of the accuracy on the clips of one label; of none of them 0.
  [[nodiscard]] double error(int label) const;
};

Confusion confusion_of(const Evaluation& evaluation);
/// At 0, 0.05, 0.1 ... 0.95 and 0.99.
std::vector<ClipThreshold> thresholds_of(const Evaluation& evaluation);

/// Runs every clip of a split through one engine.
///   level  that the clips are brought to first, as of a device's microphone
///   c: exports the model, compiles it with the machine's C compiler and starts from the samples, front end included
///   throws  Error (Exit::usage) when the dataset's labels are not the model's; Error when no C compiler is found
Evaluation evaluate(const Model& model, const Dataset& dataset, Split split, Engine engine, int threads,
                    const Level& level = {});

/// What the exporter needs of a model, its golden clips with their logits. `front_end` and `model` must outlive it.
ExportModel export_view(const Model& model, const FrontEnd& front_end);

/// schema kwsmith.eval/1; confusion rows are the spoken label, columns the prediction; thresholds_of().
nlohmann::ordered_json evaluation_to_json(const Evaluation& evaluation);

}  // namespace kws
