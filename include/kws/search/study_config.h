#pragma once

#include <string>
#include <vector>

#include "kws/core/options.h"
#include "kws/search/options.h"

namespace kws {

/// What a study is: a search of it may be continued, by any number of workers, as long as this stays the same.
struct StudyConfig {
  SearchOptions search;
  std::vector<std::string> keywords;
  std::string data;  ///< fingerprint of the recordings
};

/// What a study keeps of it and must not mix: all but where a search ends, which may move, and limits that are not set.
Json to_json(const StudyConfig& config);

/// The inverse, with the number of classes that the keywords make; where a search ends is left at its default.
///   name    of the study, for errors
///   throws  Error (Exit::store) when it is not the config of a search: nobody has typed it
StudyConfig study_config_from_json(const Json& json, const std::string& name);

/// The options of a plan that a study keeps, Study::plan_of().
///   throws  Error (Exit::store) when it is none
SearchOptions plan_from_json(const Json& json, const std::string& name);

}  // namespace kws
