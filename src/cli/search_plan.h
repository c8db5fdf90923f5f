#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

#include "cli.h"
#include "kws/search/evaluator.h"
#include "search_request.h"

namespace kws::cli {

/// What a plan knows of the recordings.
struct PlanData {
  std::size_t clips = 0;        ///< of an epoch
  std::string fingerprint;      ///< Dataset::fingerprint()
  std::filesystem::path cache;  ///< the folder; "": nothing is kept
};

/// What a study goes on with: what is not given stays as an earlier run has planned it.
SearchOptions continued(const SearchRequest& request, const SearchOptions& before);

/// Plans the search for the time asked for, if any.
///   throws  Interrupted
SearchOptions plan_search(const SearchRequest& request, Evaluator& evaluator, Isa isa, const PlanData& data);

/// What a search would begin with, how large the space is, how much of it each budget leaves, and how many epochs and
/// how much time it would come to.
///   data  nothing: none is given, so nobody knows the time
void print_plan(const SearchRequest& request, Isa isa, const std::optional<PlanData>& data, const Output& format);

}  // namespace kws::cli
