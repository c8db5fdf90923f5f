#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kws/cost/budget.h"
#include "kws/search/options.h"
#include "kws/search/study.h"

namespace kws {

/// A trial with what its design costs: found once, then read by rankings, tables and pictures.
struct TrialFacts : Trial {
  Needs needs = {};  ///< of the options' target
  std::int64_t parameters = 0;
  std::int64_t macs = 0;
  std::int64_t arena_bytes = 0;
  Core core = Core::m4;
  std::vector<std::string> fits = {};  ///< budgets of the study that it keeps, whichever it was drawn for
};

/// Of all trials, in their order.
std::vector<TrialFacts> facts_of(std::span<const Trial> trials, const SearchOptions& options);

/// Whether it has reached a rung or failed on the way to the first.
bool begun(const Trial& trial);
/// Whether all its epochs are done.
bool trained_in_full(const Trial& trial);
/// Wall time of all its rungs.
double seconds_of(const Trial& trial);

}  // namespace kws
