#pragma once

#include <optional>
#include <span>
#include <string>

#include "kws/search/view.h"

namespace kws {

/// The folder's own name, or the URL without user and password: where a study lies is nobody's business, and a copy
/// gives the same page.
std::string short_name(const std::string& study);

/// An accuracy with its standard error where that is known (> 0).
std::string accuracy_words(double share, double error);
/// int8 validation accuracy of a trial.
std::string accuracy_words(const TrialResult& result);

/// How the best design of a budget becomes C; nothing: its model is in no folder that the command could name.
std::optional<std::string> export_of(const StudyView& view, const Budget& budget, const TrialFacts& best);

/// What the page draws from: {"schema": "kwsmith.report/1", "types": [name, ..], "measures": [{"column", "unit"}, ..],
///  "columns": [name, ..], "landmarks": [{"name", "type", "needs": {column: value}}, ..],
///  "studies": [{"name", "epochs", "budgets": [{"name", "limits": {column: value}}], "best": {budget: trial},
///   "export": {budget: export_of(), if any}, "against_published": {budget: against_published_to_json()},
///   "tests": {trial: {"int8", "error", "float"}}, "trials": [{"row": [cell of each column, ..], "design",
///   "rungs": [[epochs, accuracy, error, decided], ..], "expected", "layers"}, ..]}, ..]}
/// Trials are those that have reached a rung or failed. Times are left out, so that equal searches give equal bytes;
/// "expected" at the top rung stands where a trial did not come to it, "layers" with the trials that are likely to be
/// opened.
///   views  at least one
Json report_data(std::span<const StudyView> views);

/// As it may stand in a script element: without <, >, &.
std::string script_text(const Json& json);

}  // namespace kws
