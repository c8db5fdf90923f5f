#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "kws/core/isa.h"
#include "kws/families/design.h"
#include "kws/feed/feature_feed.h"
#include "kws/model/model.h"
#include "kws/train/trainer.h"

namespace kws {

/// What one training is made of.
struct TrainingRun {
  Design design;
  TrainOptions options;
  Isa isa = best_isa();
  int threads = 1;
  /// Begin with its weights and rows of labels that both know, see weights_to_start(); the feed has its normalisation.
  /// nullptr: random weights.
  const Model* from = nullptr;
};

/// Told while it trains.
struct TrainingEvents {
  std::function<void(int epochs)> continued;           ///< goes on after that many epochs of an earlier run
  std::function<void(const EpochReport&)> each_epoch;  ///< and its checkpoint has been written
};

/// How far a training has come.
struct TrainingOutcome {
  int epochs = 0;
  bool finished = false;
  std::optional<Model> model;  ///< of the best epoch; nothing before the first
};

/// The weights of a model in its design or a larger form of it (grown()), for the classes of the model.
///   seed    of what begins at random
///   throws  Error (Exit::usage) when the design is neither, or has another front end
Weights weights_to_start(const Design& design, const Model& from, std::uint64_t seed);

/// Where the state of an unfinished training into `model_folder` lies: beside it.
std::filesystem::path checkpoint_of(const std::filesystem::path& model_folder);

/// Whether the folder may be trained into: it is new, or an interrupted training has left its checkpoint beside it.
/// throws Error (Exit::usage) otherwise; Error when the place cannot be written.
void require_trainable(const std::filesystem::path& model_folder);

/// Trains to the end or until the user interrupts it; goes on where an interrupted run of the same settings stopped. A
/// checkpoint is written after each epoch; who has saved the model removes it.
///   checkpoint  one line of JSON with the settings, then the trainer's bytes
///   throws      Error (Exit::usage) when it belongs to another training
TrainingOutcome train_model(const TrainingRun& run, const FeatureFeed& feed, const std::filesystem::path& checkpoint,
                            const TrainingEvents& events);

}  // namespace kws
