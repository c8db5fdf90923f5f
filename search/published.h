#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "kws/search/options.h"
#include "kws/search/space.h"

namespace kws {

/// Published networks that keep a budget (index) of a search and none before it, as the search would train them: with
/// the classes of its data, the window and the arithmetic of its space.
std::vector<Sample> published_of(const SearchOptions& options, std::size_t budget, std::span<const Design> designs);

/// Names of published networks that searches of half an hour have not clearly beaten, the most accurate first: the first
/// of them that a budget has is its baseline. Source: docs/results.md.
const std::vector<std::string>& baseline_names();

/// How many budgets of a search begin with a baseline.
int baselines(const SearchOptions& options);

}  // namespace kws
