#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kws/search/facts.h"

namespace kws {

/// Whether the trial's design keeps a budget of the study, whichever it was drawn for.
bool fits(const TrialFacts& trial, const std::string& budget);

/// Orders trials that have a result: int8 validation accuracy; ties: less memory, then the lower number.
bool better(const TrialFacts& a, const TrialFacts& b);

/// A finalist over its seeds.
struct SeedMean {
  double accuracy = 0.0;        ///< mean int8 accuracy
  std::optional<double> error;  ///< standard error of that mean; a single seed tells none
  int seeds = 0;
};
SeedMean seed_mean(std::span<const double> accuracies);
/// The trial and all others that train the same one anew; of a trial that is no finalist, itself; those in full.
std::vector<const TrialFacts*> trained_alike(std::span<const TrialFacts> trials, const TrialFacts& trial);
/// Of their validation accuracies.
SeedMean seed_mean(std::span<const TrialFacts> trials, const TrialFacts& trial);

/// The best for a budget: of the finalists, which count by the mean over their seeds, because the best single run of
/// many is a lucky one, and of those that a limit or a failure has left with fewer seeds than others none; of the best
/// the better run; where there is none, the best trial that was trained in full; where
/// none was, the best of those that came furthest; nullptr: none has a result.
const TrialFacts* best_trial(std::span<const TrialFacts> trials, const std::string& budget);
/// The same where there are finalists, otherwise the best of all that have a result, at whichever rung.
const TrialFacts* best_so_far(std::span<const TrialFacts> trials, const std::string& budget);

/// Of the trials that `counts` says, those that none beats in accuracy, memory and operations, by rising memory: of
/// those trained in full, and while there is none of all that have a result.
std::vector<const TrialFacts*> front(std::span<const TrialFacts> trials,
                                     const std::function<bool(const TrialFacts&)>& counts);

}  // namespace kws
