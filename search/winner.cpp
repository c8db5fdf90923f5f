#include "winner.h"

namespace kws {
namespace {

void write_model(Evaluator& evaluator, const std::string& model, const std::filesystem::path& folder) {
  std::filesystem::path fresh = folder, old = folder;
  fresh += ".new";
  old += ".old";
  std::filesystem::remove_all(fresh);
  std::filesystem::create_directories(folder.parent_path());
  evaluator.write_model(model, fresh);
  std::filesystem::remove_all(old);
  if (std::filesystem::exists(folder)) std::filesystem::rename(folder, old);
  std::filesystem::rename(fresh, folder);
  std::filesystem::remove_all(old);
}

}  // namespace

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
    winner.test = evaluator.test(model);
    study.set_test(number, winner.test);
  }
  try {
    write_model(evaluator, model, winner.folder);
  } catch (const std::filesystem::filesystem_error& error) {
    throw Error(winner.folder.string() + ": cannot be written: " + error.code().message() +
                "; make room or check the permissions, then run again");
  }
  return winner;
}

}  // namespace kws
