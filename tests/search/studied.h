#pragma once

#include "fake_evaluator.h"

namespace kws::testing {

/// As `kwsmith search` keeps it.
inline Json study_config(const SearchOptions& options) {
  Json config = search_options_to_json(options);
  config["search"].erase("max_trials");
  config["keywords"] = {"yes", "no"};
  config["data"] = "recordings";
  return config;
}

/// A whole search into `folder`.
inline void studied(const SearchOptions& options, const std::filesystem::path& folder, FakeEvaluator& evaluator) {
  Study study(folder, study_config(options));
  RecordingSink sink;
  run_search(options, evaluator, study, sink);
}
inline void studied(const SearchOptions& options, const std::filesystem::path& folder) {
  FakeEvaluator evaluator;
  studied(options, folder, evaluator);
}

}  // namespace kws::testing
