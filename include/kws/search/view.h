#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kws/search/curves.h"
#include "kws/search/facts.h"
#include "kws/search/options.h"
#include "kws/search/study.h"

namespace kws {

/// What one who looks on sees of a study, also while a search is writing to it.
struct StudyView {
  std::string study;                            ///< Study::name()
  SearchOptions options;                        ///< but where a search ends, which a study does not keep
  std::string data;                             ///< fingerprint of the recordings
  std::vector<TrialFacts> trials;               ///< by number
  std::map<int, TestResult> tests = {};         ///< by trial, of those whose model has read the test split
  bool searched = false;                        ///< a search runs
  int workers = 0;                              ///< trainings under way
  std::optional<SearchProgress> progress = {};  ///< what the search that runs says of itself
};

/// Reads a study. A search that runs or was killed has left no standings; then a trial that failed or was trained in
/// full is known by its last rung, and the others are waiting.
///   throws  Error  Exit::usage: no study there; Exit::store: damaged
StudyView view_study(const std::string& study);

/// The same of a study that is open, with the options of its search.
StudyView view_of(const Study& study, const SearchOptions& options);

/// Which trials to show; "" and 0: all.
struct TrialFilter {
  std::string state = {};   ///< by state_name()
  std::string budget = {};  ///< those that keep it, whichever they were drawn for
  std::string type = {};
  int best = 0;  ///< so many, the best first
};

/// The trials of a view that have reached a rung or failed and pass the filter, by number unless the best are asked
/// for.
///   throws  Error (Exit::usage) for an unknown name
std::vector<TrialFacts> filter_trials(const StudyView& view, const TrialFilter& filter);

/// The budget of the study that is called `name`; throws Error (Exit::usage) naming those there are.
Budget budget_of_study(const StudyView& view, const std::string& name);

/// The trials that were measured after each epoch up to the last, as `search --reduction 1` leaves them; of equal
/// designs the first.
///   throws  Error (Exit::usage) where no trial is of that kind
CurveTable curves_of(const StudyView& view);

}  // namespace kws
