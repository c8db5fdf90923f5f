#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>

#include "cli.h"
#include "kws/search/evaluator.h"
#include "search_request.h"

namespace kws::cli {

/// Plans the search for the time asked for, if any; what is not given stays as a study that exists has it.
///   throws  Interrupted
SearchOptions plan_search(const SearchRequest& request, Evaluator& evaluator, const std::filesystem::path& config_file);

/// What a search would begin with, how large the space is, how much of it each budget leaves, and how many epochs and
/// how much time it would come to.
///   clips  of an epoch; nothing: no data is given, so nobody knows the time
///   seconds  that the search is to take; nothing: the options say how far it goes
void print_plan(SearchOptions options, Isa isa, std::optional<std::size_t> clips, std::optional<double> seconds,
                const Output& format);

}  // namespace kws::cli
