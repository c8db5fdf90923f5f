#include "winner.h"

namespace kws {
std::optional<Winner> crown_winner(std::span<const Trial> trials, const Budget& budget, Evaluator& evaluator,
                                   Study& study) {
  const Trial* best = best_trial(trials, budget);
  if (best == nullptr) return std::nullopt;
  const Trial& trial = *best;
  const int number = trial.proposal.number;
  const std::string model = study.model(number, trial.rungs.back().epochs);
  Winner winner{.budget = budget.name, .trial = trial, .test = {}, .folder = study.folder() / "best" / budget.name};
  if (const auto known = study.test(number)) {
    winner.test = *known;
  } else {
    winner.test = evaluator.test(trial.proposal, model);
    study.set_test(number, winner.test);
  }
  evaluator.write_model(trial.proposal, model, winner.folder);
  return winner;
}

}  // namespace kws
