#pragma once

#include <string>
#include <vector>

#include "kws/search/epoch_times.h"
#include "kws/search/evaluator.h"
#include "kws/search/proposals.h"

namespace kws {

/// Epochs of a finalist's training: as many as `train` takes, and where that is too slow the fewest with which a large
/// network still beats small ones that train longer.
inline constexpr int kFullLength = TrainOptions().epochs;
inline constexpr int kShortLength = 27;

/// One of the designs that a search begins with.
struct FirstDesign {
  Proposal proposal;
  double step_seconds = 0.0;  ///< that features and steps of one of its epochs take here
};

/// Those of a search's first `count` proposals that depend on no result.
std::vector<Proposal> first_proposals(Proposer& proposer, std::size_t budgets, int count);

/// Of each type at most `of_each` proposals, evenly spaced from its first to its last, because published networks come
/// mostly from small to large; and those that may be a baseline.
std::vector<Proposal> few_of_each_type(const std::vector<Proposal>& proposals, std::size_t of_each);

/// Epochs as long as the steps of these designs, no time at rungs. Every type counts alike: a search draws from all of
/// them, however many of its first designs are of one. What goes on in a budget is as slow as its baseline, or where
/// there is none as the slowest quarter, because the most accurate networks are mostly large; every budget counts
/// alike.
TrainingPace pace_of_steps(const std::vector<FirstDesign>& first);

/// Types whose networks are too slow for a search on this machine: even the quickest of the first designs would take
/// more than a fifth of all the time for one training at full length, and several times as long as those of most types.
///   seconds  of all the search's trainings together
std::vector<std::string> slow_types(const std::vector<FirstDesign>& first, double seconds);

/// The largest training_cost() of designs that could still become finalists: one training as short as finalists' may
/// be, 27 epochs and the quantization-aware ones, would take half of `seconds`. 0, no limit: the time is too short for
/// such a training of half of the types.
double most_training_cost(const std::vector<FirstDesign>& first, double seconds);

/// What trainings take beside features and steps; the same for all designs.
struct Overhead {
  double epoch_seconds = 0.0;  ///< of an epoch
  double rung_seconds = 0.0;   ///< of measuring at a rung
};

/// Trains the quickest of the first designs for two epochs, `at_once` at a time, and throws them away; ends after
/// `patience` seconds, once every thread has trained one.
///   throws  Interrupted
Overhead measure_overhead(const std::vector<FirstDesign>& first, Evaluator& evaluator, int at_once, double patience);

/// The pace of trainings `at_once` beside each other, of the steps of these designs and what they take beside them.
TrainingPace pace_of(const std::vector<FirstDesign>& first, const Overhead& overhead, int at_once);

/// "45 s", "29 minutes", "2.5 hours"
std::string describe_time(double seconds);

}  // namespace kws
