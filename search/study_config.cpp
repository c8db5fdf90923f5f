#include "kws/search/study_config.h"

namespace kws {
namespace {

constexpr int kFixedClasses = 2;  ///< silence and unknown words

/// What an earlier kwsmith has stored names no clock.
SearchOptions stored_options(Json json, const std::string& origin) {
  if (json.is_object()) json.emplace("clock", "epochs");
  return search_options_from_json(json, origin);
}

}  // namespace

Json to_json(const StudyConfig& config) {
  Json json = search_options_to_json(config.search);
  for (const char* end : {"max_trials", "max_epochs", "target_accuracy", "finalists", "final_seeds"}) {
    json["search"].erase(end);
  }
  if (!config.search.part()) {
    for (const char* name : {"board", "core", "clock_hz", "hop_ms", "carry_state"}) json["search"].erase(name);
  }
  json["keywords"] = config.keywords;
  json["data"] = config.data;
  return json;
}

StudyConfig study_config_from_json(const Json& json, const std::string& name) {
  StudyConfig config;
  Json search = json;
  try {
    config.data = json.at("data").get<std::string>();
    config.keywords = json.at("keywords").get<std::vector<std::string>>();
    search.erase("data");
    search.erase("keywords");
    config.search = stored_options(search, name + ": config");
  } catch (const Json::exception&) {
    throw Error(name + ": config: is not that of a search; give the --study folder of a search", Exit::store);
  } catch (const Error& error) {
    throw Error(error.what(), Exit::store);
  }
  config.search.classes = static_cast<int>(config.keywords.size()) + kFixedClasses;
  return config;
}

SearchOptions plan_from_json(const Json& json, const std::string& name) {
  try {
    return stored_options(json, name + ": plan");
  } catch (const Error& error) {
    throw Error(error.what(), Exit::store);
  }
}

}  // namespace kws
