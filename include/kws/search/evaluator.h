#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "kws/cost/cost.h"
#include "kws/families/design.h"
#include "kws/train/options.h"

namespace kws {

/// A design with its training parameters: what one trial trains.
struct Proposal {
  int number = 0;      ///< 0, 1, 2 ... in the order of the study
  std::string budget;  ///< name of the budget it was drawn for
  Design design;
  TrainOptions training;  ///< seed included
};

/// Progress of a running trial, for the progress bar.
using TrialProgress = std::function<void(int epochs_done, int epochs)>;

/// What came out of one trial. Accuracies are shares in 0..1.
struct TrialResult {
  double float_validation = 0.0;
  double int8_validation = 0.0;  ///< ranks
  double final_loss = 0.0;
  int best_epoch = 0;
  int epochs = 0;
  double seconds = 0.0;  ///< wall time, left out of every comparison
  std::string model;     ///< the model as one string of bytes, for the study store
};

/// Test accuracy of a finished model.
struct TestResult {
  double float_accuracy = 0.0;
  double int8_accuracy = 0.0;
  int clips = 0;
};

/// Seam between the search and the training: search/ never sees LibTorch. Thread-safe: one call per worker at a time.
class Evaluator {
 public:
  virtual ~Evaluator() = default;
  /// Trains, quantizes and measures on the validation split.
  ///   throws  Interrupted when the user stopped it; Error for what a user can mend
  virtual TrialResult run(const Proposal& proposal, const TrialProgress& progress) = 0;
  /// Reads the test split; called once per winner, at the end.
  virtual TestResult test(const std::string& model) = 0;
  /// Unpacks the bytes of TrialResult::model as a model folder.
  virtual void write_model(const std::string& model, const std::filesystem::path& folder) = 0;
};

/// Thrown by Evaluator::run when `interrupted()` became true: the trial is to be run again from its start.
struct Interrupted {};

}  // namespace kws
