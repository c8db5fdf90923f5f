#pragma once

#include <span>

#include "kws/search/facts.h"
#include "kws/search/options.h"

namespace kws {

/// A study in tidy form, for data frames: a row for each rung that a trial has reached, all with the same keys. Those
/// of trial_columns() say what the trial had come to there ("seconds": of training up to there, left out if
/// options.deterministic); "decided" is why it was trained that far, "failure" why it came no further; then follows
/// the front end, and each dial_values() of any of the designs, null where a design has no such dial.
Json long_rows(std::span<const TrialFacts> trials, const SearchOptions& options);

}  // namespace kws
