#pragma once

#include <map>

#include "kws/families/design.h"

namespace kws {

/// How long an epoch of a design takes beside one of another, in million multiply-adds of a clip and 30 for each number
/// between layers. Source: 45 designs of a search on 14,676 clips (EPYC, AVX-512 BF16), whose times it meets within a
/// third (deviation of the logarithm 0.3).
double training_cost(const Design& design);

/// What training costs here, measured on a few designs.
struct TrainingPace {
  double epoch_seconds = 0.0;  ///< of one epoch of an average design
  /// Of those that go on at the first rung and become finalists, see pace_of_steps().
  double late_epoch_seconds = 0.0;
  double rung_seconds = 0.0;  ///< that measuring it at a rung takes
  int at_once = 1;            ///< trainings that run beside each other at that pace
};

/// Of a quantization-aware epoch, in plain ones, until one has been timed.
inline constexpr double kQuantAwareCost = 2.0;

/// Epochs `from` + 1 to `to` of a training, of which those beyond `plain` are quantization-aware.
struct EpochSpan {
  int from = 0, to = 0;
  int plain = 0;
};

/// What epochs of trainings have taken so far: those of one design may take ten times as long as those of another, and
/// quantization-aware ones are dearer than plain ones of the same design.
class EpochTimes {
 public:
  void add(int design, const EpochSpan& epochs, double seconds);

  /// Whether the design has been timed.
  [[nodiscard]] bool knows(int design) const { return designs_.contains(design); }
  /// Of a plain epoch of that design, where it has been timed, else the mean of all; 0: none has.
  [[nodiscard]] double epoch_seconds(int design) const;
  /// The mean over the designs.
  [[nodiscard]] double epoch_seconds() const;
  /// How many plain epochs these take as long as.
  [[nodiscard]] double plain_epochs(const EpochSpan& epochs) const;

 private:
  struct Sum {
    double epochs = 0.0, seconds = 0.0;
    [[nodiscard]] double each() const { return seconds / epochs; }
  };
  std::map<int, Sum> designs_;  ///< in plain epochs
  Sum quant_aware_;             ///< epochs, and how many plain ones of their designs they took as long as
};

/// How long the rest of one training takes.
class TrainingTimeLeft {
 public:
  ///   plain, all  epochs before the quantization-aware ones, and with them
  TrainingTimeLeft(int plain, int all) : plain_(plain), all_(all) {}

  /// Epoch `epoch` (1, 2 ..) has ended after so many seconds.
  ///   returns  seconds left
  double ended(int epoch, double seconds);

 private:
  int plain_, all_;
  bool begun_ = false;
  EpochTimes times_;
};

}  // namespace kws
