#pragma once

#include <string>
#include <vector>

#include "kws/search/epoch_times.h"
#include "kws/search/evaluator.h"
#include "kws/search/options.h"
#include "kws/search/proposals.h"
#include "kws/search/study.h"

namespace kws {

/// One of the designs that a search begins with.
struct FirstDesign {
  Proposal proposal;
  double step_seconds = 0.0;  ///< that features and steps of one of its epochs take here
};

/// Those of a search's first `count` proposals that depend on no result.
std::vector<Proposal> first_proposals(Proposer& proposer, std::size_t budgets, int count);

/// Of each type at most `of_each` proposals, evenly spaced from its first to its last: published networks come from
/// small to large.
std::vector<Proposal> few_of_each_type(const std::vector<Proposal>& proposals, std::size_t of_each);

/// Epochs as long as the steps of these designs, no time at rungs. Every type counts alike: a search draws from all of
/// them, however many of its first designs are of one.
TrainingPace pace_of_steps(const std::vector<FirstDesign>& first);

/// Types whose networks are too slow for a search on this machine: even the quickest of the first designs would take
/// more than a fifth of all the time for one training at full length, and several times as long as those of most types.
///   seconds  of all the search's trainings together
std::vector<std::string> slow_types(const std::vector<FirstDesign>& first, double seconds);

/// The largest training_cost() of designs that could still become finalists: one training as short as finalists' may
/// be, 27 epochs and the quantization-aware ones, would take half of `seconds`. 0, no limit: the time is too short for
/// such a training of half of the types.
double most_training_cost(const std::vector<FirstDesign>& first, double seconds);

/// Trains the quickest of the first designs for two epochs, `at_once` at a time, and throws them away; ends after
/// `patience` seconds, once every thread has trained one. What their epochs take beside features and steps is the same
/// for all designs.
TrainingPace measure_pace(const std::vector<FirstDesign>& first, Evaluator& evaluator, int at_once, double patience);

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

/// What of them is not given, as an earlier run of the study has resolved it.
///   given  values of the object `search` that the user names
SearchOptions as_planned_before(SearchOptions options, const SearchOptions& before, const Json& given);

/// A search that is shorter than its study would leave out trials that others have seen.
///   throws  Error (Exit::usage) where the study has begun more than options.max_trials
void require_no_fewer_trials(const Study& study, const SearchOptions& options);

/// "45 s", "29 minutes", "2.5 hours"
std::string describe_time(double seconds);

}  // namespace kws
