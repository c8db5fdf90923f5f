#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kws/datasets/corpus.h"
#include "kws/features/front_end.h"
#include "kws/train/options.h"

namespace kws {

/// int8 features of some examples, what every engine reads.
struct FeatureBatch {
  std::vector<std::int8_t> features;  ///< [examples][frames][coefficients]
  std::vector<int> labels;            ///< [examples]
  [[nodiscard]] int examples() const { return static_cast<int>(labels.size()); }
};

/// A dataset seen through one front end. Results depend on the arguments alone, never on the number of threads.
/// Holds references to the dataset; any number of threads may use one feed.
class FeatureFeed {
 public:
  /// Measures the normalisation over the recordings of the training split.
  FeatureFeed(const Dataset& dataset, const FeatureOptions& options, int threads);
  /// Uses a model's own normalisation.
  FeatureFeed(const Dataset& dataset, const FeatureOptions& options, Normalisation norm, int threads);

  [[nodiscard]] const FrontEnd& front_end() const { return front_end_; }
  [[nodiscard]] const Normalisation& normalisation() const { return norm_; }
  [[nodiscard]] const Dataset& dataset() const { return dataset_; }

  /// A whole held-out split, not augmented.
  [[nodiscard]] FeatureBatch held_out(Split split) const;
  /// One augmented epoch: clip order, speed, shift and noise follow from (options.seed, epoch).
  [[nodiscard]] FeatureBatch training(const TrainOptions& options, int epoch) const;

 private:
  template <class Fill>
  FeatureBatch collect(const std::vector<Example>& examples, const Fill& fill) const;

  const Dataset& dataset_;
  FrontEnd front_end_;
  Normalisation norm_;
  int threads_;
};

}  // namespace kws
