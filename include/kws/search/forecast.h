#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace kws {

/// What a trial came to at a rung.
struct Measured {
  int trial = 0;
  int epochs = 0;
  std::optional<double> accuracy;  ///< nothing: failed
};

/// What is known of a trial.
struct Outlook {
  double accuracy = 0.0;  ///< to be expected at the top rung; 0: nothing is known yet, or it failed
  int rung = 0;           ///< how many rungs it has a result at, without a first one shorter than kTellingEpochs
};

/// A first rung from which proposals may learn: on recorded curves the ranks after 1 epoch and after 27 have a
/// correlation of 0.5, after 3 epochs of 0.8.
inline constexpr int kTellingEpochs = 3;

/// Which trials proposals may learn from: those that came to the highest rung, or to it and the ones below, that hold
/// at least `least` trials together. Source: Falkner et al., "BOHB", ICML 2018, section 4.
///   returns  [trial] whether; all false where there are too few
std::vector<bool> trials_to_learn_from(std::span<const Outlook> known, std::size_t least);

/// What every trial would reach at the top rung, so that trials of different rungs can be compared.
///   measured  results of a study, in any order; a trial's rungs lie in `rungs`
///   types     [trial] network type: types learn at different speeds
///   rungs     their epochs, rising
///   returns   [trial] accuracy; 0 where a trial has no result yet or failed at one rung
/// The error left shrinks from rung to rung by a factor that is averaged (as a logarithm) over the trials that went on,
/// those of the same type first: error curves are close to power laws, whose factor does not depend on the error.
std::vector<double> forecast(std::span<const Measured> measured, std::span<const std::string> types,
                             std::span<const int> rungs);

}  // namespace kws
