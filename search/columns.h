#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "kws/core/options.h"
#include "kws/search/facts.h"

namespace kws {

/// A column of every table of trials.
struct Column {
  enum class Where {
    everywhere,
    times,  ///< left out where equal searches must give equal bytes
    csv,    ///< of front end and training; JSON has the whole of both
  };
  std::string name;
  std::function<Json(const TrialFacts&)> cell;
  Where where = Where::everywhere;
};

/// All of them, in the order of trials.csv.
const std::vector<Column>& trial_columns();

/// Those that a search with these options reports: all, or all but times.
std::vector<Column> reported_columns(const SearchOptions& options);

/// A cell of a table as text: nothing for null, "a;b" for a list.
std::string cell_text(const Json& value);

/// One trial as an object of these columns, but for those for CSV.
Json trial_row(const TrialFacts& trial, std::span<const Column> columns);

}  // namespace kws
