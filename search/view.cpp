#include "kws/search/view.h"

#include <algorithm>
#include <set>

#include "kws/core/text.h"
#include "kws/search/ranking.h"
#include "kws/search/study_config.h"
#include "kws/search/worker.h"
#include "standings.h"

namespace kws {
namespace {

/// What the last rung tells of a trial's state where no search has left its standing.
void settle(Trial& trial) {
  if (trial.state != TrialState::waiting || trial.rungs.empty()) return;
  const Rung& last = trial.rungs.back();
  if (!last.result) {
    trial.state = TrialState::failed;
    trial.reason = last.failure;
  } else if (trained_in_full(trial)) {
    trial.state = TrialState::done;
  }
}

/// throws Error `origin: WHAT "word": unknown; remedy` unless it is known.
void require_known(const std::string& origin, const std::string& what, const std::string& word,
                   const std::vector<std::string>& known) {
  if (std::ranges::find(known, word) != known.end()) return;
  throw Error(origin + ": " + what + " \"" + word + "\": unknown; " +
                  did_you_mean(word, known, "choose one of " + word_list(known, ", ")),
              Exit::usage);
}

/// Accuracies after epoch 1 to `epochs`; empty where one is missing.
std::vector<TrialResult> full_curve(const Trial& trial, int epochs) {
  std::vector<TrialResult> results;
  for (const Rung& rung : trial.rungs) {
    if (rung.result && rung.epochs == static_cast<int>(results.size()) + 1) results.push_back(*rung.result);
  }
  if (static_cast<int>(results.size()) != epochs) results.clear();
  return results;
}

}  // namespace

StudyView view_of(const Study& study, const SearchOptions& options) {
  std::vector<Trial> trials = study.trials();
  if (study.finished()) leave_out_others(trials);
  for (Trial& trial : trials) settle(trial);
  const bool searched = study.searched();
  return {.study = study.name(),
          .options = options,
          .data = study.config().value("data", ""),
          .trials = facts_of(trials, options),
          .tests = study.tests(),
          .searched = searched,
          .workers = study.workers(worker_is_gone),
          .progress = searched ? study.told() : std::nullopt};
}

StudyView view_study(const std::string& study) {
  const Study joined = Study::join(study, false);
  return view_of(joined, study_config_from_json(joined.config(), joined.name()).search);
}

Budget budget_of_study(const StudyView& view, const std::string& name) {
  std::vector<std::string> known;
  for (const Budget& budget : view.options.budgets()) {
    if (budget.name == name) return budget;
    known.push_back(budget.name);
  }
  require_known(view.study, "budget", name, known);
  return {};
}

std::vector<TrialFacts> filter_trials(const StudyView& view, const TrialFilter& filter) {
  std::vector<std::string> states;
  states.reserve(kTrialStates.size());
  for (const TrialState state : kTrialStates) states.emplace_back(state_name(state));
  if (!filter.state.empty()) require_known(view.study, "state", filter.state, states);
  if (!filter.type.empty()) require_known(view.study, "type", filter.type, network_types());
  if (!filter.budget.empty()) budget_of_study(view, filter.budget);
  std::vector<TrialFacts> trials;
  std::ranges::copy_if(view.trials, std::back_inserter(trials), [&](const TrialFacts& trial) {
    return begun(trial) && (filter.best == 0 || trial.result() != nullptr) &&
           (filter.state.empty() || filter.state == state_name(trial.state)) &&
           (filter.type.empty() || filter.type == trial.proposal.design.type()) &&
           (filter.budget.empty() || fits(trial, filter.budget));
  });
  if (filter.best > 0) {
    std::ranges::sort(trials, better);
    trials.resize(std::min(trials.size(), static_cast<std::size_t>(filter.best)));
  }
  return trials;
}

CurveTable curves_of(const StudyView& view) {
  CurveTable table{.curves = {}, .data = view.data};
  std::set<std::string> seen;
  for (const TrialFacts& trial : view.trials) {
    const Design& design = trial.proposal.design;
    const std::vector<TrialResult> results = full_curve(trial, view.options.epochs);
    if (results.empty() || !seen.insert(design_hash(design)).second) continue;
    Curve& curve = table.curves.emplace_back(Curve{.design = design,
                                                   .memory_bytes = trial.needs.memory_bytes,
                                                   .ops = trial.needs.ops,
                                                   .accuracy = {},
                                                   .cross_entropy = {}});
    for (const TrialResult& result : results) {
      curve.accuracy.push_back(result.int8_validation);
      curve.cross_entropy.push_back(result.int8_cross_entropy);
    }
  }
  if (table.curves.empty()) {
    throw Error(view.study + ": no trial was measured after each of " + std::to_string(view.options.epochs) +
                    " epochs; a search with --reduction 1 leaves such trials",
                Exit::usage);
  }
  return table;
}

}  // namespace kws
