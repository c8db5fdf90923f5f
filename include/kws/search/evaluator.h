#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "kws/core/error.h"
#include "kws/cost/cost.h"
#include "kws/families/design.h"
#include "kws/recipe/train_options.h"

namespace kws {

/// A design with its training parameters: what one trial trains.
struct Proposal {
  int number = 0;      ///< 0, 1, 2 ... in the order of the study
  std::string budget;  ///< name of the budget it was drawn for
  Design design;
  TrainOptions training;  ///< seed included
};

/// Called after each epoch of a running trial.
///   epochs_done  that it has been trained in all
///   checkpoint   makes one, from which the training can go on
using TrialProgress = std::function<void(int epochs_done, const std::function<std::string()>& checkpoint)>;

/// What a trial came to at a rung. Accuracies are shares in 0..1, those of the best epoch so far.
struct TrialResult {
  double float_validation = 0.0;
  double int8_validation = 0.0;        ///< ranks
  double int8_validation_error = 0.0;  ///< its standard error, over speakers
  double int8_cross_entropy = 0.0;     ///< of the validation split, nats
  double final_loss = 0.0;
  int best_epoch = 0;
  int epochs = 0;
  double seconds = 0.0;         ///< wall time since the rung before, left out of every comparison
  std::string model = {};       ///< the model as one string of bytes, for the study store
  std::string checkpoint = {};  ///< to go on from, at the top rung as well: it may be raised
};

/// Clips by what was spoken and what was heard, [labels][labels].
using Confusion = std::vector<std::vector<int>>;

/// What a threshold on the posterior of a clip's keyword gives up and lets in; shares in 0..1.
struct ClipThreshold {
  double threshold = 0.0;
  double misses = 0.0;         ///< of the clips of keywords, those that are not taken for theirs
  double false_accepts = 0.0;  ///< of the clips without a keyword, those that are taken for one
};

/// What the test split says of a finished model.
struct TestResult {
  double float_accuracy = 0.0;
  double int8_accuracy = 0.0;
  double int8_error = 0.0;  ///< its standard error, over speakers
  int clips = 0;
  // Studies of earlier versions have none of these.
  std::vector<std::string> labels = {};  ///< of the confusions
  Confusion float_confusion = {}, int8_confusion = {};
  std::vector<ClipThreshold> thresholds = {};  ///< of the int8 network, rising
};

/// Seam between the search and the training: search/ never sees LibTorch. Thread-safe: one call per worker at a time.
class Evaluator {
 public:
  virtual ~Evaluator() = default;
  /// Trains up to epoch `epochs` of proposal.training.all_epochs(), quantizes and measures on the validation split. The
  /// bytes do not depend on the rungs a trial stopped at on its way.
  ///   checkpoint  what the last call for this proposal returned; empty: begins
  ///   throws  Interrupted when the user stopped it; DamagedCheckpoint; Error for what a user can mend
  virtual TrialResult run(const Proposal& proposal, int epochs, const std::string& checkpoint,
                          const TrialProgress& progress) = 0;
  /// Reads the test split; called once per winner, at the end.
  ///   model   bytes of TrialResult::model, from a store that others write to
  ///   throws  Error (Exit::store) when they are no model, or one of another design or other words; so does the next
  virtual TestResult test(const Proposal& proposal, const std::string& model) = 0;
  /// Unpacks them as a model folder that knows its test figures; of one that exists only the model's own files change.
  virtual void write_model(const Proposal& proposal, const std::string& model, const TestResult& test,
                           const std::filesystem::path& folder) = 0;
};

/// Thrown by Evaluator::run for a checkpoint that it cannot go on from; without one it begins anew, to the same bytes.
class DamagedCheckpoint : public Error {
 public:
  explicit DamagedCheckpoint(const std::string& line) : Error(line, Exit::store) {}
};

/// Thrown by Evaluator::run when `interrupted()` became true.
struct Interrupted {
  std::string checkpoint = {};  ///< to go on from; empty: from the one it was called with
};

}  // namespace kws
