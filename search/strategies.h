#pragma once

#include <span>
#include <string>
#include <vector>

#include "kws/search/options.h"

namespace kws {

/// A way to search: proposals and schedule as options say, after the row has set what makes it that strategy. `search`
/// runs one of them, `replay` compares all on recorded curves; both run the same Proposer and Schedule.
struct Strategy {
  const char* name;
  const char* summary;
  void (*apply)(SearchOptions& options);
  std::span<const char* const> sets;  ///< what of the config's object `search` that is
};
std::span<const Strategy> strategies();
/// The row of that name; nullptr: there is none.
const Strategy* strategy_of(const std::string& name);
/// The options with what their row sets, for those that propose and schedule: a plan and a study keep them as given,
/// because what a row sets goes by the trials and epochs, which may be raised.
SearchOptions with_strategy(SearchOptions options);

}  // namespace kws
