#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kws/core/isa.h"
#include "kws/feed/feature_feed.h"
#include "kws/fused/parameters.h"
#include "kws/graph/graph.h"
#include "kws/quant/int8_model.h"
#include "kws/recipe/train_options.h"

namespace kws {

/// To be called once, before the first training or float evaluation of the process: one BLAS thread (a trial uses one
/// core), big tensors kept by the allocator.
///   returns  a warning for the user when LibTorch's BLAS is the slow reference one, else ""
std::string prepare_training();

/// Refuses what no microcontroller runs before memory is taken for it: a training needs some 40 bytes for each weight
/// and 8 for each number between layers of a batch.
///   throws  Error (Exit::usage), `origin: fact; remedy`
void require_trainable_size(const Graph& graph, int batch_size, const std::string& origin);

/// What an epoch ended with; accuracies are shares in 0..1.
struct EpochReport {
  int epoch = 0;  ///< 1 is the first
  double loss = 0.0;
  double validation = 0.0;
  double validation_error = 0.0;  ///< standard error, over speakers: accuracy_error()
  bool best = false;
};

/// Trains one network on one core with Adam and a cosine learning rate, keeping the epoch of best validation accuracy;
/// then quantization-aware for options.tuning_epochs: with the rounding of the int8 network at ranges fixed before, in
/// float32 at a twentieth of the rate, where an epoch replaces the one kept if its int8 network is more accurate. Same
/// graph, feed, options: same bytes, whichever fused instruction set of a precision runs.
class Trainer {
 public:
  /// feature_threads > 1: the next epoch's features are made while this one trains.
  ///   isa    of the fused steps; Isa::portable trains in plain LibTorch, as do networks without fused steps
  ///   start  see warm_start(); nothing: random weights
  Trainer(const Graph& graph, const FeatureFeed& feed, const TrainOptions& options, int feature_threads,
          Isa isa = best_isa(), std::optional<NetState> start = {});
  ~Trainer();
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  [[nodiscard]] bool finished() const;
  /// Trains one more epoch and measures it on the validation split.
  ///   returns  false when the user interrupted it: the trainer stands as after the epoch before
  bool run_epoch(EpochReport& report);

  /// Everything needed to go on after the last finished epoch. restore() throws Error when the bytes are of another
  /// design.
  [[nodiscard]] std::string checkpoint() const;
  void restore(const std::string& bytes);

  [[nodiscard]] int epochs_done() const;
  [[nodiscard]] int best_epoch() const;          ///< 0 before the first epoch
  [[nodiscard]] double best_validation() const;  ///< share in 0..1
  [[nodiscard]] double last_loss() const;
  /// Weights of the best epoch, batch norm folded. Before the first epoch: the initial ones.
  [[nodiscard]] Weights best_weights() const;
  /// Those weights in 8 bit, at ranges calibrated on training clips.
  [[nodiscard]] Int8Model best_int8() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kws
