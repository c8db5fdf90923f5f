#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kws/families/design.h"
#include "kws/features/front_end.h"
#include "kws/quant/int8_model.h"
#include "kws/recipe/heard.h"
#include "kws/recipe/train_options.h"

namespace kws {

/// What was measured on a model; shares in 0..1. Test figures are there once the test split has been read.
struct ModelMetrics {
  int epochs = 0;      ///< trained
  int best_epoch = 0;  ///< the one whose weights these are
  double loss = 0.0;   ///< of the last epoch
  double float_validation = 0.0;
  double int8_validation = 0.0;
  /// Standard error of the int8 accuracy, over speakers (accuracy_error), and the mean cross-entropy in nats.
  std::optional<double> int8_validation_error, int8_cross_entropy;  // older models have none
  std::optional<double> float_test, int8_test, int8_test_error;
  /// Posterior at which the exported detector speaks, found on the validation clips without a keyword.
  std::optional<double> detector_threshold;
  /// The same for each label, by `listen --tune`; empty: that one for all.
  std::vector<double> detector_thresholds = {};
  /// They were found with the state of recurrent layers carried on, see DetectorOptions.
  bool detector_carries_state = false;
  std::optional<HeardTotals> heard = {};  ///< with these thresholds
};

/// Trained weights + design + labels + int8 form: one folder that every later step reads, so that no setting is given
/// twice.
struct Model {
  Design design;
  std::vector<std::string> labels;
  Normalisation normalisation;
  Weights weights;  ///< float, batch norm folded
  Int8Model int8;
  TrainOptions training;
  ModelMetrics metrics;
  std::string data_fingerprint;  ///< SHA-256 of the dataset it was trained on
  /// int8 features of a few validation clips, for the self-test of the exported code; [clips][frames * coefficients].
  std::vector<std::vector<std::int8_t>> golden;
};

/// Its labels behind silence and unknown.
std::vector<std::string> keywords_of(const Model& model);

/// The files of a model folder, name -> content:
///   model.json       schema kwsmith.model/1: everything but the arrays
///   weights.bin      one line of JSON [{"name", "shape"}, ...], then the float32 values, little-endian, in that order
///   model.int8.json  schema kwsmith.int8/1
std::map<std::string, std::string> model_files(const Model& model);
/// The inverse, which trusts nothing: every length is held against the design, every number is finite and in its range,
/// labels differ and can be shown.
///   throws  Error naming `origin`, the file and the field; Exit::usage when a file is missing, else Exit::failed
Model model_from_files(const std::map<std::string, std::string>& files, const std::string& origin);

/// Writes the folder at once; of one that exists it replaces these files and touches no other.
/// throws Error when it cannot be written.
void save_model(const Model& model, const std::filesystem::path& folder);
/// Writes model.json alone, for a figure that has changed.
void save_metrics(const Model& model, const std::filesystem::path& folder);
/// throws Error (Exit::usage) when `folder` is not a model folder.
Model load_model(const std::filesystem::path& folder);

/// The same from model.json alone, weights and int8 network empty: what it is and what it can, of many models.
Model model_without_weights(const std::filesystem::path& folder);

/// All files in one string, for the study store, and back; `origin` names the string in errors.
std::string pack_model(const Model& model);
Model unpack_model(const std::string& bytes, const std::string& origin = "stored model");

}  // namespace kws
