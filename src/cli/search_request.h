#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli.h"
#include "data_source.h"
#include "kws/search/measured_plan.h"
#include "serving.h"

namespace kws::cli {

/// The options of `search` as they are typed.
struct SearchVerb {
  DataSource source;
  std::string study, out, config, time;
  std::vector<std::string> budgets, types;
  bool dry_run = false, print_config = false, deterministic = false, serve = false;
  Serving serving;
  int workers = -1;
  double lease_seconds = SearchOptions().lease_seconds, max_time = 0.0;
  Output format;
  SearchOptions defaults;
  std::unique_ptr<Flags> flags;
};

/// Defaults < config file < flags, all through the one strict reader.
///   throws  Error (Exit::usage)
SearchRequest requested(const SearchVerb& verb, const Common& common);

/// The whole config, which --config reads back to the same search: what the time plans is left for it to plan.
void print_config(const SearchRequest& request);

}  // namespace kws::cli
