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

/// What every trial would reach at the top rung, so that trials of different rungs can be compared.
///   measured  results of a study, in any order; a trial's rungs lie in rung_epochs()
///   types     [trial] network type: types learn at different speeds
///   rungs     their epochs, rising
///   returns   [trial] accuracy; 0 where a trial has no result yet or failed at one rung
/// The error left shrinks from rung to rung by a factor that is averaged (as a logarithm) over the trials that went on,
/// those of the same type first: error curves are close to power laws, whose factor does not depend on the error.
std::vector<double> forecast(std::span<const Measured> measured, std::span<const std::string> types,
                             std::span<const int> rungs);

}  // namespace kws
