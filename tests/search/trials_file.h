#pragma once

#include <filesystem>

#include "kws/core/files.h"
#include "kws/core/options.h"

namespace kws::testing {

inline void drop_seconds(Json& json) {
  if (json.is_object()) json.erase("seconds");
  for (Json& value : json) {
    if (value.is_structured()) drop_seconds(value);
  }
}

/// The trials.json of a search, without its times.
inline Json trials_of(const std::filesystem::path& folder) {
  Json json = Json::parse(read_file(folder / "trials.json"));
  drop_seconds(json);
  return json;
}

}  // namespace kws::testing
