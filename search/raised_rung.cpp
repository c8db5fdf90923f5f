#include "raised_rung.h"

#include <algorithm>

#include "kws/search/finalists.h"
#include "kws/search/ranking.h"
#include "published.h"

namespace kws {

std::vector<int> may_go_on(std::span<const TrialFacts> trials, const SearchOptions& options) {
  constexpr std::size_t kMostKept = 30;
  const auto reduction = static_cast<std::size_t>(options.schedule().reduction);
  std::vector<int> numbers;
  for (const Budget& budget : options.budgets()) {
    std::vector<const TrialFacts*> full;
    for (const TrialFacts& trial : trials) {
      const bool own = trial.proposal.budget == budget.name && !is_finalist(trial.proposal.number);
      if (own && trained_in_full(trial)) full.push_back(&trial);
    }
    std::ranges::sort(full, [](const TrialFacts* a, const TrialFacts* b) { return better(*a, *b); });
    const std::size_t share = std::max<std::size_t>(1, full.size() / reduction);
    const auto name_of = [](const TrialFacts* trial) { return trial->proposal.design.name; };
    const std::size_t baseline = bring_baseline_forward(full, name_of) ? 1 : 0;  // which goes on beside them
    full.resize(std::min({full.size(), share + baseline, kMostKept / options.budgets().size()}));
    for (const TrialFacts* trial : full) numbers.push_back(trial->proposal.number);
  }
  return numbers;
}

}  // namespace kws
