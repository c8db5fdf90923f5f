#include "winner.h"

#include <vector>

#include "kws/search/ranking.h"

namespace kws {
std::optional<Winner> crown_winner(std::span<const TrialFacts> trials, const Budget& budget, Evaluator& evaluator,
                                   Study& study) {
  const TrialFacts* best = best_trial(trials, budget.name);
  if (best == nullptr) return std::nullopt;
  const TrialFacts& trial = *best;
  const auto model_of = [&](const TrialFacts& one) {
    const int epochs = one.rungs.back().epochs;
    std::string model = study.model(one.proposal.number, epochs);
    if (model.empty()) {  // see shrink()
      model = evaluator.run(one.proposal, epochs, "", [](int, const auto&) {}).model;
      study.set_model(one.proposal.number, epochs, model);
    }
    return model;
  };
  const auto test_of = [&](const TrialFacts& one, const std::string& model) {
    const int number = one.proposal.number;
    if (const auto known = study.test(number)) return *known;
    TestResult test = evaluator.test(one.proposal, model.empty() ? model_of(one) : model);
    study.set_test(number, test);
    return test;
  };
  const std::string model = model_of(trial);
  Winner winner{.budget = budget.name,
                .trial = trial,
                .test = test_of(trial, model),
                .mean = seed_mean(trials, trial),
                .mean_test = {},
                .against = against_published(trials, trial, budget.name),
                .folder = study.folder() / "best" / budget.name};
  std::vector<double> tests = {winner.test.int8_accuracy};
  for (const TrialFacts* one : trained_alike(trials, trial)) {
    if (one->proposal.number != trial.proposal.number) tests.push_back(test_of(*one, "").int8_accuracy);
  }
  winner.mean_test = seed_mean(tests);
  evaluator.write_model(trial.proposal, model, winner.test, winner.folder);
  return winner;
}

}  // namespace kws
