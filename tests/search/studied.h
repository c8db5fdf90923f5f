#pragma once

#include "fake_evaluator.h"
#include "kws/search/study_config.h"

namespace kws::testing {

/// As `kwsmith search` keeps it.
inline Json study_config(const SearchOptions& options) {
  return to_json(StudyConfig{.search = options, .keywords = {"yes", "no"}, .data = "recordings"});
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
