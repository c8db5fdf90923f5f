#include "kws/search/status.h"

#include <sys/stat.h>

#include <array>
#include <ctime>
#include <filesystem>

#include "kws/search/ranking.h"

namespace kws {
namespace {

std::string change_of(const std::filesystem::path& file) {
  struct stat facts {};
  std::tm time{};
  if (::stat(file.c_str(), &facts) != 0 || ::gmtime_r(&facts.st_mtime, &time) == nullptr) return "";
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &time)};
}

/// Up to the last rung it was measured at: of a training that failed nobody knows how far it came.
int epochs_of(const Trial& trial) {
  int epochs = 0;
  for (const Rung& rung : trial.rungs) epochs = rung.result ? rung.epochs : epochs;
  return epochs;
}

}  // namespace

std::vector<Leader> leaders_of(const StudyView& view) {
  std::vector<Leader> leaders;
  for (const Budget& budget : view.options.budgets()) {
    if (const TrialFacts* best = best_so_far(view.trials, budget.name)) {
      leaders.push_back({.budget = budget.name,
                         .trial = *best,
                         .mean = seed_mean(view.trials, *best),
                         .against = against_published(view.trials, *best, budget.name)});
    }
  }
  return leaders;
}

StudyStatus status_of(const StudyView& view) {
  StudyStatus status{.study = view.study,
                     .running = view.searched,
                     .workers = view.workers,
                     .progress = view.progress,
                     .changed = change_of(std::filesystem::path(view.study) / "study.db"),
                     .trials = {},
                     .top_epochs = view.options.epochs,
                     .best = leaders_of(view)};
  for (const TrialState state : kTrialStates) status.trials[state] = 0;
  for (const Trial& trial : view.trials) {
    ++status.trials[trial.state];
    status.epochs += epochs_of(trial);
    status.seconds += seconds_of(trial);
  }
  return status;
}

Json status_to_json(const StudyStatus& status) {
  Json trials = Json::object(), best = Json::array();
  for (const auto& [state, count] : status.trials) trials[std::string(state_name(state))] = count;
  for (const auto& [budget, trial, mean, against] : status.best) {
    Json& row = best.emplace_back(Json{{"budget", budget},
                                       {"trial", trial.proposal.number},
                                       {"name", trial.proposal.design.name},
                                       {"type", trial.proposal.design.type()},
                                       {"epochs", trial.rungs.back().epochs},
                                       {"int8_validation", trial.result()->int8_validation},
                                       {"int8_validation_error", trial.result()->int8_validation_error},
                                       {"mean_of_seeds", mean.seeds > 0 ? Json(mean.accuracy) : Json()},
                                       {"mean_of_seeds_error", mean.error ? Json(*mean.error) : Json()},
                                       {"seeds", mean.seeds}});
    if (against) row["against_published"] = against_published_to_json(*against);
  }
  Json progress;
  if (const auto& told = status.progress) {
    progress = {{"trials_done", told->trials_done},
                {"trials", told->trials},
                {"epochs_done", told->done()},
                {"epochs", told->total()},
                {"seconds_left", told->seconds_left ? Json(*told->seconds_left) : Json()}};
  }
  return {{"schema", "kwsmith.status/1"}, {"study", status.study},    {"running", status.running},
          {"workers", status.workers},    {"progress", progress},     {"changed", status.changed},
          {"trials", std::move(trials)},  {"epochs", status.epochs},  {"top_epochs", status.top_epochs},
          {"best", std::move(best)},      {"seconds", status.seconds}};
}

}  // namespace kws
