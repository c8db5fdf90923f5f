#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "kws/search/options.h"
#include "kws/search/space.h"

namespace kws {

/// Published networks that keep a budget (index) of a search and none before it, as the search would train them: with
/// the classes of its data, the window and the arithmetic of its space.
std::vector<Sample> published_of(const SearchOptions& options, std::size_t budget, std::span<const Design> designs);

}  // namespace kws
