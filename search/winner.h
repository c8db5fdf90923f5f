#pragma once

#include <optional>
#include <span>

#include "kws/search/evaluator.h"
#include "kws/search/reports.h"

namespace kws {

/// Lets the best trial of a budget read the test split, unless it has, and writes its model to STUDY/best/BUDGET, whole
/// or not at all.
///   returns  nothing when no trial that keeps the budget has a result
///   throws   Error when the folder cannot be written; Interrupted
std::optional<Winner> crown_winner(std::span<const TrialFacts> trials, const Budget& budget, Evaluator& evaluator,
                                   Study& study);

}  // namespace kws
