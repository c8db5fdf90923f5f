#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kws/search/schedule.h"
#include "kws/search/study.h"

namespace kws {

/// Where a search leaves its trials.
///   finalists  trainings of finalists that were handed out
///   outcomes   by trial and epochs, of the steps that have ended: the failure, or ""
std::vector<Standing> standings_of(const Schedule& schedule, std::size_t budgets, std::span<const Job> finalists,
                                   const std::map<std::pair<int, int>, std::string>& outcomes);

/// Gives trials their states and reasons, and leaves out what a shorter search of the same study has trained beyond
/// them; nothing to do where there are no standings.
void apply_standings(const std::vector<Standing>& standings, std::vector<Trial>& trials);

/// Leaves out the trials that a search which has come to its end has not come to: they are of an earlier one with
/// other limits. Nothing to do where none stands.
void leave_out_others(std::vector<Trial>& trials);

}  // namespace kws
