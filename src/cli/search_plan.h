#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>

#include "cli.h"
#include "kws/search/evaluator.h"
#include "search_request.h"

namespace kws::cli {

/// Plans the search for the time asked for, if any; what is not given stays as a study that exists has it.
///   clips   of an epoch
///   throws  Interrupted
SearchOptions plan_search(const SearchRequest& request, Evaluator& evaluator, Isa isa, std::size_t clips,
                          const std::filesystem::path& config_file);

/// What a search would begin with, how large the space is, how much of it each budget leaves, and how many epochs and
/// how much time it would come to.
///   clips  of an epoch; nothing: no data is given, so nobody knows the time
void print_plan(const SearchRequest& request, Isa isa, std::optional<std::size_t> clips, const Output& format);

}  // namespace kws::cli
