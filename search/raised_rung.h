#pragma once

#include <span>
#include <vector>

#include "kws/search/facts.h"
#include "kws/search/options.h"

namespace kws {

/// Trials that a higher top rung would let go on first: their checkpoints stay, as many as a small study has room for.
std::vector<int> may_go_on(std::span<const TrialFacts> trials, const SearchOptions& options);

}  // namespace kws
