#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "kws/search/facts.h"
#include "kws/search/options.h"
#include "kws/search/study.h"

namespace kws {

/// The best trials are trained anew at the end of a search, each several times with other seeds, the last epochs
/// quantization-aware. These trainings are trials too: the r-th (1, 2 ..) of trial t has the number
/// 1,000,000 + 100 t + r, so that it keeps its number when the search is continued with more trials.
constexpr int kFirstFinalist = 1'000'000;
bool is_finalist(int number);
/// The number of its training of that place, and the trial that a finalist trains anew.
int finalist_number(int trial, int repetition);
int finalist_of(int number);
/// How many trials a search must have to hold all that have begun, trainings of finalists apart.
template <class Trials>
int begun_trials(const Trials& trials) {
  int count = 0;
  for (const Trial& trial : trials) {
    const int number = trial.proposal.number;
    if (!is_finalist(number) && begun(trial)) count = std::max(count, number + 1);
  }
  return count;
}

/// Trainings of the options.finalists best trials of every budget among those trained in full, seed by seed, so that
/// where a limit ends the search all have had about as many. Where the top rung has been raised, those that end at an
/// earlier one come after them.
///   trials  of the whole study
std::vector<Proposal> finalists(std::span<const TrialFacts> trials, const SearchOptions& options);

/// Epochs of each, without the quantization-aware ones.
int final_epochs(const SearchOptions& options);

/// How many trainings there are at most, as far as the limit of epochs has room for them, and the epochs they come to.
int finalist_trainings(const SearchOptions& options);
int finalist_epochs(const SearchOptions& options);

}  // namespace kws
