#pragma once

#include <cstdint>

namespace kws {

/// Everything training depends on apart from design and data. Shared by `train`, `search` and the study's config.
struct TrainOptions {
  int epochs = 40;
  int tuning_epochs = 0;
  int batch_size = 100;
  double peak_rate = 5e-3;
  double weight_decay = 0.1;
  double label_smoothing = 0.1;
  double ema = 0.998;
  double shift_ms = 100.0;
  double noise_share = 0.8;
  double noise_volume = 0.1;
  double speed_percent = 10.0;
  double mask_ms = 100.0;
  std::uint64_t seed = 1;
  std::uint64_t data_seed = 0;

  /// Both phases together.
  [[nodiscard]] int all_epochs() const { return epochs + tuning_epochs; }
};

template <class Field>
void describe(Field& field, TrainOptions& o) {
  field("epochs", o.epochs, 1, 10000, "passes over the training split");
  field("tuning_epochs", o.tuning_epochs, 0, 10000,
        "further passes with the rounding of the int8 network in them, kept where they make it more accurate");
  field("batch_size", o.batch_size, 1, 4096, "clips per step");
  field("peak_rate", o.peak_rate, 1e-6, 1.0, "Adam learning rate before the cosine decay");
  field("weight_decay", o.weight_decay, 0.0, 1.0, "decoupled decay of matrices, times the learning rate at every step");
  field("label_smoothing", o.label_smoothing, 0.0, 0.9, "share of the target spread over all classes");
  field("ema", o.ema, 0.0, 0.99999, "decay of the weight average that is evaluated; 0 evaluates the raw weights");
  field("shift_ms", o.shift_ms, 0.0, 1000.0, "largest time shift of a training clip");
  field("noise_share", o.noise_share, 0.0, 1.0, "share of training clips that get background noise");
  field("noise_volume", o.noise_volume, 0.0, 1.0, "largest factor of the background noise");
  field("speed_percent", o.speed_percent, 0.0, 50.0, "largest change of speed and pitch of a training clip");
  field("mask_ms", o.mask_ms, 0.0, 500.0, "longest of two stretches of features set to their mean in a training clip");
  field("seed", o.seed, 0, 9007199254740991, "seed of weights, order and masks");
  field("data_seed", o.data_seed, 0, 9007199254740991,
        "seed of an epoch's clips and augmentation; 0: the same as seed");
}

}  // namespace kws
