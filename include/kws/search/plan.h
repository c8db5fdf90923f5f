#pragma once

#include <string>
#include <vector>

#include "kws/search/options.h"
#include "kws/search/pace.h"
#include "kws/search/study.h"

namespace kws {

/// The options a plan sets, beside the types it leaves out: slots, max_training_cost, max_published, max_trials, epochs,
/// finalists, final_seeds, final_epochs; tuning_epochs where given.
const std::vector<std::string>& planned_options();

/// Sets them so that the whole search takes about `seconds`: up to two fifths for finalists, at best three of each
/// budget with three seeds at the length of `train`, or three times that length where there is time enough; more of it
/// where one at 27 epochs takes so long; the rest for trials, at most half of them published designs beyond the largest
/// of each type, whose top rung is the higher the more of them there are.
///   given  values of the object `search` that the user names: they stay, and the others go by them
SearchOptions planned(SearchOptions options, const TrainingPace& pace, double seconds, const Json& given = {});

/// Seconds that a search takes at that pace.
double planned_seconds(const SearchOptions& options, const TrainingPace& pace);

/// "96 trials of up to 27 epochs, then 3 finalists of each budget, 3 seeds of 42 epochs: 1,020 epochs, about 29
/// minutes"
std::string describe_plan(const SearchOptions& options, const TrainingPace& pace);

/// What of them and of the precision is not given, as an earlier run of the study has resolved it.
///   given  values of the object `search` that the user names
SearchOptions as_planned_before(SearchOptions options, const SearchOptions& before, const Json& given);

/// A search that is shorter than its study would leave out trials that others have seen.
///   throws  Error (Exit::usage) where the study has begun more than options.max_trials
void require_no_fewer_trials(const Study& study, const SearchOptions& options);

}  // namespace kws
