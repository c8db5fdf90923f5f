#pragma once

#include <cstdint>
#include <vector>

#include "kws/recipe/augment_options.h"

namespace kws {

/// Of Adam with decoupled weight decay.
struct OptimizerOptions {
  double peak_rate = 5e-3;
  double weight_decay = 0.1;
};
template <class Field>
void describe(Field& field, OptimizerOptions& o) {
  field("peak_rate", o.peak_rate, 1e-6, 1.0, "Adam learning rate before the cosine decay");
  field("weight_decay", o.weight_decay, 0.0, 1.0, "decoupled decay of matrices, times the learning rate at every step");
}

/// Everything training depends on apart from design and data; its parts lie flat in one object of a file. Shared by
/// `train`, `search` and the study's config.
struct TrainOptions {
  int epochs = 40;
  std::vector<int> restarts = {};  ///< rising
  int tuning_epochs = 0;
  int batch_size = 100;
  OptimizerOptions optimizer;
  double label_smoothing = 0.1;
  double ema = 0.998;
  AugmentOptions augment;
  double mask_ms = 100.0;  ///< of features, not of clips
  double mixup = 0.0;      ///< the same
  std::uint64_t seed = 1;
  std::uint64_t data_seed = 0;

  /// Both phases together.
  [[nodiscard]] int all_epochs() const { return epochs + tuning_epochs; }
  /// Where the cosine ends in which a training stands after `done` of `epochs`; at its end, there.
  [[nodiscard]] int cosine_end(int done) const {
    for (const int restart : restarts) {
      if (restart >= done && restart < epochs) return restart;
    }
    return epochs;
  }
  /// Where it has begun: at 0 or a restart below its end.
  [[nodiscard]] int cosine_begin(int end) const {
    int begin = 0;
    for (const int restart : restarts) {
      if (restart < end) begin = restart;
    }
    return begin;
  }
};

template <class Field>
void describe(Field& field, TrainOptions& o) {
  field("epochs", o.epochs, 1, 10000, "passes over the training split");
  field.later("restarts", o.restarts, 1, 10000,
              "epochs, rising, at which a cosine of the rate ends and another begins, as in a study whose top rung has "
              "been raised");
  field("tuning_epochs", o.tuning_epochs, 0, 10000,
        "quantization-aware passes after them, kept where they make the int8 network more accurate");
  field("batch_size", o.batch_size, 1, 4096, "clips per step");
  describe(field, o.optimizer);
  field("label_smoothing", o.label_smoothing, 0.0, 0.9, "share of the target spread over all classes");
  field("ema", o.ema, 0.0, 0.99999, "decay of the weight average that is evaluated; 0 evaluates the raw weights");
  describe(field, o.augment);
  field("mask_ms", o.mask_ms, 0.0, 500.0, "longest of two stretches of features set to their mean in a training clip");
  field.later("mixup", o.mixup, 0.0, 0.0, 1.0,
              "share of training clips that are blended with another clip, of which they take up to half");
  field("seed", o.seed, 0, 9007199254740991, "seed of weights, order and masks");
  field("data_seed", o.data_seed, 0, 9007199254740991,
        "seed of an epoch's clips and augmentation; 0: the same as seed");
}

}  // namespace kws
