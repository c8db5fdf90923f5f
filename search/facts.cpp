#include "kws/search/facts.h"

#include <map>
#include <string>

#include "kws/cost/cost.h"
#include "kws/families/design.h"

namespace kws {

std::vector<TrialFacts> facts_of(std::span<const Trial> trials, const SearchOptions& options) {
  const std::vector<Budget> budgets = options.budgets();
  const Part target = options.target();
  std::vector<TrialFacts> all;
  all.reserve(trials.size());
  std::map<std::string, std::size_t> counted;  // by design: finalists are trained with many seeds
  for (const Trial& trial : trials) {
    const auto [known, first] = counted.try_emplace(design_hash(trial.proposal.design), all.size());
    if (!first) {
      TrialFacts again = all[known->second];
      static_cast<Trial&>(again) = trial;
      all.push_back(std::move(again));
      continue;
    }
    const Graph graph = build_graph(trial.proposal.design);
    const Cost cost = hello_edge_cost(graph);
    TrialFacts& facts = all.emplace_back(TrialFacts{trial});
    facts.needs = needs_of(trial.proposal.design, target);
    facts.parameters = cost.parameters;
    facts.macs = cost.macs;
    facts.arena_bytes = facts.needs.firmware->arena_bytes;
    facts.core = target.core;
    for (const Budget& budget : budgets) {
      if (budget.fits(facts.needs)) facts.fits.push_back(budget.name);
    }
  }
  return all;
}

bool begun(const Trial& trial) { return !trial.rungs.empty(); }

bool trained_in_full(const Trial& trial) {
  return trial.result() != nullptr && trial.rungs.back().epochs == trial.proposal.training.all_epochs();
}

double seconds_of(const Trial& trial) {
  double seconds = 0.0;
  for (const Rung& rung : trial.rungs) seconds += rung.result ? rung.result->seconds : 0.0;
  return seconds;
}

}  // namespace kws
