#include "standings.h"

#include <algorithm>

#include "kws/search/finalists.h"

namespace kws {

std::vector<Standing> standings_of(const Schedule& schedule, std::size_t budgets, std::span<const Job> finalists,
                                   const std::map<std::pair<int, int>, std::string>& outcomes) {
  const std::vector<int>& rungs = schedule.rungs();
  std::vector<Standing> all;
  for (std::size_t budget = 0; budget < budgets; ++budget) {
    for (const Bracket::Position& one : schedule.positions(budget)) {
      Standing& standing = all.emplace_back(
          Standing{.number = one.trial, .epochs = rungs[one.rung], .state = TrialState::stopped, .reason = one.reason});
      // Of a search that was interrupted nobody knows yet which would not have gone on.
      if (one.running || !schedule.finished()) standing.state = TrialState::waiting;
      if (one.failed) {
        standing.state = TrialState::failed;
        standing.reason = outcomes.at({one.trial, standing.epochs});
      } else if (!one.running && standing.epochs == rungs.back()) {
        standing.state = TrialState::done;
      }
    }
  }
  for (const Job& job : finalists) {
    Standing& standing = all.emplace_back(
        Standing{.number = job.trial, .epochs = job.to, .state = TrialState::waiting, .reason = job.reason});
    const auto outcome = outcomes.find({job.trial, job.to});
    if (outcome == outcomes.end()) continue;
    standing.state = outcome->second.empty() ? TrialState::done : TrialState::failed;
    if (!outcome->second.empty()) standing.reason = outcome->second;
  }
  return all;
}

void apply_standings(const std::vector<Standing>& standings, std::vector<Trial>& trials) {
  if (standings.empty()) return;
  std::map<int, const Standing*> by_number;
  for (const Standing& standing : standings) by_number[standing.number] = &standing;
  // Finalists of an earlier, shorter search of which others have taken the place, and trials of an earlier, longer one
  // that nobody has come to.
  std::erase_if(trials, [&](const Trial& trial) {
    return !by_number.contains(trial.proposal.number) && (is_finalist(trial.proposal.number) || trial.rungs.empty());
  });
  for (Trial& trial : trials) {
    const auto found = by_number.find(trial.proposal.number);
    if (found == by_number.end()) continue;
    trial.state = found->second->state;
    trial.reason = found->second->reason;
    trial.stands = true;
    const int epochs = found->second->epochs;
    const bool one_step = is_finalist(trial.proposal.number);  // an earlier one may have been of another length
    std::erase_if(trial.rungs,
                  [&](const Rung& rung) { return one_step ? rung.epochs != epochs : rung.epochs > epochs; });
  }
}

void leave_out_others(std::vector<Trial>& trials) {
  if (std::ranges::none_of(trials, &Trial::stands)) return;
  std::erase_if(trials, [](const Trial& trial) { return !trial.stands; });
}

}  // namespace kws
