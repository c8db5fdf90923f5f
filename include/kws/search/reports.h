#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "kws/search/options.h"
#include "kws/search/study.h"

namespace kws {

/// The best design of a budget, after the test split was read.
struct Winner {
  std::string budget;
  Trial trial;
  TestResult test;
  std::filesystem::path folder;  ///< the model
};

/// Whether the trial's design keeps a budget, whichever it was drawn for.
bool fits(const Trial& trial, const Budget& budget);
/// Whether it has reached a rung or failed on the way to the first.
bool begun(const Trial& trial);
/// Whether all its epochs are done.
bool trained_in_full(const Trial& trial);
/// Wall time of all its rungs.
double seconds_of(const Trial& trial);
/// Orders trials that have a result: int8 validation accuracy; ties: less memory, then the lower number.
bool better(const Trial& a, const Trial& b);

/// The best of the trials that keep the budget and were trained in full, finalists among them; where none was, of those
/// that came furthest; nullptr: none has a result.
const Trial* best_trial(std::span<const Trial> trials, const Budget& budget);
/// The same of all that have a result, at whichever rung.
const Trial* best_so_far(std::span<const Trial> trials, const Budget& budget);

/// The columns that CSV and JSON share, "seconds" among them.
///   trial    has begun
///   budgets  of the study, at least one
Json trial_row(const Trial& trial, const std::vector<Budget>& budgets);

/// Trials that have reached a rung or failed, one line each, ordered by number. `fits` holds the requested budgets it
/// keeps, "a;b"; flash_bytes and ram_bytes are those of the export for the column `core`.
std::string trials_csv(std::span<const Trial> trials, const SearchOptions& options);

/// {"schema": "kwsmith.trials/1", "seed", "epochs", "trials": [{the columns of the CSV, "design", "training", "rungs":
///  [{"epochs", "int8_validation" or "failure", "decided"}]}],
///  "winners": [{"budget", "trial", "name", "float_test", "int8_test", "test_clips"}]}
/// Times are in fields named "seconds", left out if options.deterministic; everything else depends on the config and
/// the data alone.
Json trials_json(std::span<const Trial> trials, std::span<const Winner> winners, const SearchOptions& options);

/// {"schema": "kwsmith.pareto/1", "overall": [point, ..], "budgets": {name: [point, ..]}} with points {"trial", "name",
/// "type", "memory_bytes", "ops", "epochs", "int8_validation"} by rising memory: those that none beats in all three,
/// trials that were stopped early among them.
Json pareto_json(std::span<const Trial> trials, const SearchOptions& options);

/// Writes trials.csv, trials.json, pareto.json and report.html into the study's folder.
void write_reports(const Study& study, std::span<const Winner> winners, const SearchOptions& options);

}  // namespace kws
