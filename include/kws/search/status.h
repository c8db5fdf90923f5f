#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kws/search/against_published.h"
#include "kws/search/ranking.h"
#include "kws/search/view.h"

namespace kws {

/// What leads a budget.
struct Leader {
  std::string budget;
  Trial trial;    ///< best_so_far()
  SeedMean mean;  ///< over its seeds
  std::optional<AgainstPublished> against = {};
};
/// Of the budgets that have a result.
std::vector<Leader> leaders_of(const StudyView& view);

/// How far a study is, in short.
struct StudyStatus {
  std::string study;
  bool running = false;                    ///< a search holds the study's lock
  int workers = 0;                         ///< trainings under way
  std::optional<SearchProgress> progress;  ///< of the search that runs; nothing: it has not told any yet
  std::string changed;                     ///< when the store was last written: "2026-11-23T02:13:23Z"
  std::map<TrialState, int> trials;
  int epochs = 0;      ///< trained and measured, of all trials
  int top_epochs = 0;  ///< of a trial trained in full
  double seconds = 0;  ///< that took, summed over the workers
  std::vector<Leader> best;
};

StudyStatus status_of(const StudyView& view);

/// {"schema": "kwsmith.status/1", "study", "running", "workers", "progress": {"trials_done", "trials", "epochs_done",
///  "epochs", "seconds_left"}, "changed", "trials": {"waiting", "stopped", "done", "failed"}, "epochs", "top_epochs",
///  "best": [{"budget", "trial", "name", "type", "epochs", "int8_validation",
///  "int8_validation_error", "mean_of_seeds", "mean_of_seeds_error", "seeds", and "against_published" if known:
///  against_published_to_json()}], "seconds"}
Json status_to_json(const StudyStatus& status);

}  // namespace kws
