#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kws/core/table.h"
#include "kws/search/against_published.h"
#include "kws/search/facts.h"
#include "kws/search/options.h"
#include "kws/search/ranking.h"
#include "kws/search/study.h"

namespace kws {

/// The best design of a budget, after the test split was read.
struct Winner {
  std::string budget;
  TrialFacts trial;
  TestResult test;
  SeedMean mean = {};       ///< of the design's int8 validation accuracy, by which it was chosen
  SeedMean mean_test = {};  ///< of its int8 test accuracy, over the same trainings
  std::optional<AgainstPublished> against = {};
  std::filesystem::path folder;  ///< the model
};

/// {"mean_of_seeds", "mean_of_seeds_error", "seeds", "float_test", "int8_test", "int8_test_error",
/// "mean_test_of_seeds", "mean_test_of_seeds_error"}; null where one seed tells no error.
Json accuracies_to_json(const Winner& winner);

/// Trials that have reached a rung or failed, one line each with all trial_columns(), ordered by number. `fits` holds
/// the requested budgets it keeps, "a;b"; flash_bytes and ram_bytes are those of the export for the column `core`.
Table trials_table(std::span<const TrialFacts> trials, const SearchOptions& options);

/// {"schema": "kwsmith.trials/1", "seed", "epochs", "trials": [{trial_row(), "design", "training", "rungs":
///  [{"epochs", "int8_validation", "int8_validation_error" or "failure", "decided"}]}],
///  "winners": [{"budget", "trial", "name", accuracies_to_json(), "test_clips", and "against_published" if
///  known: against_published_to_json()}]}
/// Times are in fields named "seconds", left out if options.deterministic; everything else depends on the config and
/// the data alone.
Json trials_json(std::span<const TrialFacts> trials, std::span<const Winner> winners, const SearchOptions& options);

/// {"schema": "kwsmith.pareto/1", "overall": [point, ..], "budgets": {name: [point, ..]}} with points {"trial", "name",
/// "type", "state", "memory_bytes", "ops", "epochs", "int8_validation", "int8_validation_error"}: front().
Json pareto_json(std::span<const TrialFacts> trials, const SearchOptions& options);

/// Writes trials.csv, trials.json, pareto.json and report.html into the study's folder.
void write_reports(const Study& study, std::span<const Winner> winners, const SearchOptions& options);

}  // namespace kws
