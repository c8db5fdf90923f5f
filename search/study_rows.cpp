#include <algorithm>
#include <cmath>
#include <limits>

#include "standings.h"
#include "study_store.h"

namespace kws {
namespace {

constexpr double kLargestFigure = 1e12;

TrialResult result_from_json(const Json& json, const Origin& origin) {
  TrialResult result;
  JsonReader reader(json, origin, "", Missing::error);
  reader("float_validation", result.float_validation, 0.0, 1.0, "share");
  reader("int8_validation", result.int8_validation, 0.0, 1.0, "share");
  reader("int8_validation_error", result.int8_validation_error, 0.0, 1.0, "share");
  // Earlier versions wrote null where a training had diverged.
  reader.number_or_nan("int8_cross_entropy", result.int8_cross_entropy, 0.0, kLargestFigure);
  if (std::isnan(result.int8_cross_entropy)) result.int8_cross_entropy = kLargestFigure;
  constexpr double kAny = std::numeric_limits<double>::max();
  reader.number_or_nan("final_loss", result.final_loss, -kAny, kAny);
  reader("best_epoch", result.best_epoch, 0, kMostEpochs, "epoch");
  reader("epochs", result.epochs, 0, kMostEpochs, "trained");
  reader("seconds", result.seconds, 0.0, kLargestFigure, "wall time");
  reader.finish();
  return result;
}

/// [spoken][heard], as many rows as there are labels.
Confusion confusion_from(JsonReader& reader, const char* name, std::size_t labels) {
  Confusion confusion;
  reader.rows(name, confusion, labels, labels, 0, std::numeric_limits<int>::max());
  if (confusion.size() != labels) reader.fail(name, "has not a row for each label");
  return confusion;
}

void read_details(JsonReader& reader, TestResult& test) {
  constexpr std::size_t kMostLabels = 1024, kMostThresholds = 1000;
  reader.texts("labels", test.labels, 2, kMostLabels);
  test.float_confusion = confusion_from(reader, "float_confusion", test.labels.size());
  test.int8_confusion = confusion_from(reader, "int8_confusion", test.labels.size());
  std::vector<std::vector<double>> thresholds;
  reader.rows("thresholds", thresholds, kMostThresholds, 3, 0.0, 1.0);
  for (const std::vector<double>& one : thresholds) {
    test.thresholds.push_back({.threshold = one[0], .misses = one[1], .false_accepts = one[2]});
  }
}

TrialState state_from_name(const std::string& name) {
  for (const TrialState state : kTrialStates) {
    if (name == state_name(state)) return state;
  }
  return TrialState::waiting;
}

Proposal proposal_from_json(const Json& json, const std::string& origin) {
  Proposal proposal;
  JsonReader reader(json, origin, "", Missing::error);
  reader("number", proposal.number, 0, std::numeric_limits<int>::max(), "of the trial");
  reader("budget", proposal.budget, "it was drawn for");
  proposal.design = design_from_json(reader.value("design"), origin);
  read_options(reader.value("training"), proposal.training, origin, "training");
  reader.finish();
  return proposal;
}

}  // namespace

Origin row_of(const std::string& store, const std::string& row) {
  return {store + ": " + row, "mend it or use another --study", Exit::store};
}

std::string_view state_name(TrialState state) {
  switch (state) {
    case TrialState::waiting:
      return "waiting";
    case TrialState::stopped:
      return "stopped";
    case TrialState::done:
      return "done";
    case TrialState::failed:
      return "failed";
  }
  return "";
}

Json proposal_to_json(const Proposal& proposal) {
  return {{"number", proposal.number},
          {"budget", proposal.budget},
          {"design", design_to_json(proposal.design)},
          {"training", options_to_json(proposal.training)}};
}

Json result_to_json(const TrialResult& result) {
  return {{"float_validation", result.float_validation},
          {"int8_validation", result.int8_validation},
          {"int8_validation_error", result.int8_validation_error},
          {"int8_cross_entropy", result.int8_cross_entropy},
          {"final_loss", result.final_loss},
          {"best_epoch", result.best_epoch},
          {"epochs", result.epochs},
          {"seconds", result.seconds}};
}

Json progress_to_json(const SearchProgress& progress) {
  Json json = {{"trials_done", progress.trials_done},
               {"trials", progress.trials},
               {"epochs_done", progress.epochs_done},
               {"epochs_known", progress.epochs_known},
               {"epochs", progress.epochs}};
  if (progress.seconds_left) json["seconds_left"] = *progress.seconds_left;
  return json;
}

SearchProgress progress_from_json(const Json& json, const Origin& origin) {
  constexpr int kMost = std::numeric_limits<int>::max();
  SearchProgress progress;
  JsonReader reader(json, origin, "", Missing::error);
  reader("trials_done", progress.trials_done, 0, kMost, "begun");
  reader("trials", progress.trials, 0, kMost, "planned");
  reader("epochs_done", progress.epochs_done, 0, kMost, "of the run");
  reader("epochs_known", progress.epochs_known, 0, kMost, "of earlier runs");
  reader("epochs", progress.epochs, 0, kMost, "expected");
  if (json.contains("seconds_left")) reader("seconds_left", progress.seconds_left.emplace(), 0.0, kLargestFigure, "");
  reader.finish();
  return progress;
}

Json test_to_json(const TestResult& test) {
  Json json = {{"float_accuracy", test.float_accuracy},
               {"int8_accuracy", test.int8_accuracy},
               {"int8_error", test.int8_error},
               {"clips", test.clips}};
  if (test.labels.empty()) return json;
  Json thresholds = Json::array();
  for (const ClipThreshold& one : test.thresholds) {
    thresholds.push_back({one.threshold, one.misses, one.false_accepts});
  }
  json["labels"] = test.labels;
  json["float_confusion"] = test.float_confusion;
  json["int8_confusion"] = test.int8_confusion;
  json["thresholds"] = std::move(thresholds);
  return json;
}

TestResult test_from_json(const Json& json, const Origin& origin) {
  TestResult test;
  JsonReader reader(json, origin, "", Missing::error);
  reader("float_accuracy", test.float_accuracy, 0.0, 1.0, "share");
  reader("int8_accuracy", test.int8_accuracy, 0.0, 1.0, "share");
  reader("int8_error", test.int8_error, 0.0, 1.0, "share");
  reader("clips", test.clips, 0, std::numeric_limits<int>::max(), "read");
  if (json.contains("labels")) read_details(reader, test);
  reader.finish();
  return test;
}

Rung rung_of(const SqlRow& row, const std::string& store) {
  Rung rung{.epochs = number_of(row[0]), .reason = row[1].value(), .result = {}, .failure = row[3].value_or("")};
  if (!row[2]) return rung;
  const Origin origin = row_of(store, "a result");
  rung.result = result_from_json(parse_json(*row[2], origin), origin);
  return rung;
}

Proposal stored_proposal(int number, const std::string& text, const std::string& store) {
  const Origin origin = row_of(store, "proposal " + std::to_string(number));
  Proposal proposal;
  try {
    proposal = proposal_from_json(parse_json(text, origin), origin.name);
  } catch (const Error& error) {
    throw Error(error.what(), Exit::store);
  }
  if (proposal.number != number) throw Error(origin.name + ": says that it is another; " + origin.remedy, Exit::store);
  return proposal;
}

std::vector<Trial> read_trials(Database& db) {
  // Trials last, so that each has come before what is known of it.
  const std::vector<SqlRow> rungs =
      db.run(std::string("SELECT ") + kRungCells + ", number FROM rungs ORDER BY number, epochs", {});
  std::map<int, Trial> trials;
  for (const SqlRow& row : db.run("SELECT number, proposal FROM trials", {})) {
    const int number = number_of(row[0]);
    trials[number].proposal = stored_proposal(number, row[1].value(), db.name());
  }
  std::vector<Standing> standings;
  for (const SqlRow& row : db.run("SELECT number, epochs, state, reason FROM standings", {})) {
    standings.push_back({.number = number_of(row[0]),
                         .epochs = number_of(row[1]),
                         .state = state_from_name(row[2].value()),
                         .reason = row[3].value()});
  }
  for (const SqlRow& row : rungs) trials.at(number_of(row[4])).rungs.push_back(rung_of(row, db.name()));
  std::vector<Trial> list;
  list.reserve(trials.size());
  for (auto& [number, trial] : trials) list.push_back(std::move(trial));
  apply_standings(standings, list);
  return list;
}

}  // namespace kws
