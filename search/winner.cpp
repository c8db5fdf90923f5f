#include "winner.h"

#include "kws/search/ranking.h"

namespace kws {
std::optional<Winner> crown_winner(std::span<const TrialFacts> trials, const Budget& budget, Evaluator& evaluator,
                                   Study& study) {
  const TrialFacts* best = best_trial(trials, budget.name);
  if (best == nullptr) return std::nullopt;
  const TrialFacts& trial = *best;
  const int number = trial.proposal.number;
  const int epochs = trial.rungs.back().epochs;
  std::string model = study.model(number, epochs);
  if (model.empty()) model = evaluator.run(trial.proposal, epochs, "", [](int, const auto&) {}).model;  // see shrink()
  Winner winner{.budget = budget.name,
                .trial = trial,
                .test = {},
                .mean = seed_mean(trials, trial),
                .folder = study.folder() / "best" / budget.name};
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
