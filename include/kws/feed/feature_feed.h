#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "kws/datasets/augment.h"
#include "kws/datasets/corpus.h"
#include "kws/features/front_end.h"
#include "kws/feed/feature_epochs.h"
#include "kws/recipe/train_options.h"

namespace kws {

/// throws Error (Exit::usage) unless the dataset was read for clips of the length that the front end hears.
void require_clip_ms(const Dataset& dataset, const FeatureOptions& options);

/// A dataset seen through one front end. Results depend on the arguments alone, never on the number of threads.
/// Holds a reference to the dataset; any number of threads may use one feed.
class FeatureFeed {
 public:
  /// Measures the normalisation over the recordings of the training split.
  ///   shared  keeps augmented epochs and held-out splits for all trials of one dataset, which must outlive the store;
  ///           none: everything is made on every call, by `threads` threads
  FeatureFeed(const Dataset& dataset, const FeatureOptions& options, int threads,
              std::shared_ptr<FeatureEpochs> shared = nullptr);
  /// Uses a model's own normalisation.
  FeatureFeed(const Dataset& dataset, const FeatureOptions& options, Normalisation norm, int threads);

  [[nodiscard]] const FrontEnd& front_end() const { return source_->front_end; }
  [[nodiscard]] const Normalisation& normalisation() const { return source_->norm; }
  [[nodiscard]] const Dataset& dataset() const { return source_->dataset; }

  /// A whole held-out split, not augmented, at a level of its own where one is given.
  [[nodiscard]] FeatureBatch held_out(Split split, const Level& level = {}) const;
  /// One augmented epoch: clips, speed, shift, noise and level follow from (options.data_seed, epoch), their order and
  /// masks and blends from (options.seed, epoch). Without data_seed everything follows from options.seed.
  [[nodiscard]] FeatureBatch training(const TrainOptions& options, int epoch) const;
  /// Some clips of such an epoch, at most `most` of them, none blended.
  [[nodiscard]] FeatureBatch training_sample(const TrainOptions& options, int epoch, int most) const;
  /// Lets the store's background threads begin with an epoch; without a store nothing happens.
  void prepare(const TrainOptions& options, int epoch) const;

 private:
  /// What a batch is made from. Batches in the making share it, so that they may outlive the feed.
  struct Source {
    const Dataset& dataset;
    FrontEnd front_end;
    Normalisation norm;
  };
  using FillClip = std::function<void(std::size_t at, const Example& example, std::span<std::int16_t> pcm)>;
  [[nodiscard]] std::shared_ptr<BatchJob> job(std::vector<Example> examples, FillClip fill) const;
  [[nodiscard]] std::shared_ptr<BatchJob> held_out_job(Split split, const Level& level) const;
  [[nodiscard]] std::shared_ptr<BatchJob> augmented_job(const TrainOptions& options, int epoch, int most) const;
  [[nodiscard]] FeatureBatch made_now(const std::shared_ptr<BatchJob>& job) const;
  [[nodiscard]] std::string epoch_key(const TrainOptions& options, int epoch) const;
  void arrange(const TrainOptions& options, int epoch, FeatureBatch& batch) const;
  void blend(const TrainOptions& options, int epoch, FeatureBatch& batch) const;

  std::shared_ptr<const Source> source_;
  int threads_;
  std::shared_ptr<FeatureEpochs> shared_;
  std::string key_;  ///< of the front end in the store
};

}  // namespace kws
