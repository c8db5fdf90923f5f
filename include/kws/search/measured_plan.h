#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "kws/core/options.h"
#include "kws/search/evaluator.h"
#include "kws/search/options.h"
#include "kws/search/pace.h"

namespace kws {

/// What a user has asked for.
struct SearchRequest {
  SearchOptions options;
  Json given;                     ///< values of the object `search` that the file or flags name
  bool types_given = false;       ///< so are the types
  std::optional<double> seconds;  ///< for which the rest is planned; nothing: nothing is planned
  bool time_given = false;        ///< they are the user's
};

/// The machine and the recordings that a plan is made for.
struct TrainingSite {
  std::function<double(const Design&)> speed;  ///< samples a second of training steps; several are measured at once
  std::size_t clips = 0;                       ///< of an epoch
  std::filesystem::path cache;                 ///< keeps what trainings take beside steps; "": nothing is kept
  Json circumstances;                          ///< an object of all that depends on, but the trainings at once
  Evaluator* evaluator = nullptr;  ///< trains a few epochs where that is not known; nullptr: nothing is trained
};

struct MeasuredPlan {
  SearchOptions options;
  TrainingPace pace;                  ///< by which they were planned
  std::vector<std::string> left_out;  ///< what trains too slowly here: a line each, with the way to take it in
};

/// Measures how fast the first designs of a search train and plans the rest by it: of what the request leaves open the
/// types, the limit of max_training_cost and planned_options(). Without a time only the pace is measured.
///   throws  Interrupted
MeasuredPlan measured_plan(const SearchRequest& request, const TrainingSite& site);

}  // namespace kws
