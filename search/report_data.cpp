#include "report_data.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "columns.h"
#include "kws/core/table.h"
#include "kws/cost/cost.h"
#include "kws/search/against_published.h"
#include "kws/search/commands.h"
#include "kws/search/finalists.h"
#include "kws/search/forecast.h"
#include "kws/search/ranking.h"
#include "kws/search/rungs.h"

namespace kws {
namespace {

constexpr std::size_t kTrialsWithLayers = 300;  ///< of each study: so that thousands of trials stay a small file

/// The columns of tables that the page shows, and after them the measures that no table has.
struct PageColumns {
  std::vector<Column> tables;
  std::vector<const Measure*> further;
};

PageColumns page_columns() {
  PageColumns columns;
  for (const Column& column : trial_columns()) {
    if (column.where == Column::Where::everywhere) columns.tables.push_back(column);
  }
  for (const Measure& row : measures()) {
    if (std::ranges::find(columns.tables, row.column, &Column::name) == columns.tables.end()) {
      columns.further.push_back(&row);
    }
  }
  return columns;
}

Json cells_of(const PageColumns& columns, const TrialFacts& trial) {
  Json row = Json::array();
  for (const Column& column : columns.tables) row.push_back(column.cell(trial));
  for (const Measure* measure : columns.further) {
    const std::optional<double> need = measure->need(trial.needs);
    row.push_back(need ? measure->json(*need) : Json());
  }
  return row;
}

/// [epochs, accuracy, error, decided], accuracy null where it failed.
Json rung_rows(const Trial& trial) {
  Json rungs = Json::array();
  for (const Rung& rung : trial.rungs) {
    Json row = {rung.epochs, nullptr, nullptr, rung.reason};
    if (rung.result) row[1] = rung.result->int8_validation;
    if (rung.result) row[2] = rung.result->int8_validation_error;
    rungs.push_back(std::move(row));
  }
  return rungs;
}

Json layer_rows(const Design& design) {
  const Graph graph = build_graph(design);
  Json layers = Json::array();
  for (const LayerCost& layer : hello_edge_cost(graph).layers) {
    layers.push_back({{"name", layer.name},
                      {"op", layer.op},
                      {"parameters", layer.parameters},
                      {"macs", layer.macs},
                      {"working_bytes", layer.working_bytes}});
  }
  return layers;
}

/// By trial, of those that did not reach the top rung.
std::map<int, double> expected_of(const StudyView& view) {
  std::vector<Measured> measured;
  std::vector<std::string> types;
  std::vector<int> numbers;
  const std::vector<int> rungs = rungs_of(view.options.schedule());
  for (const TrialFacts& trial : view.trials) {
    if (is_finalist(trial.proposal.number) || trial.rungs.empty()) continue;
    const int place = static_cast<int>(numbers.size());
    for (const Rung& rung : trial.rungs) {
      if (std::ranges::find(rungs, rung.epochs) == rungs.end()) continue;
      std::optional<double> accuracy;
      if (rung.result) accuracy = rung.result->int8_validation;
      measured.push_back({.trial = place, .epochs = rung.epochs, .accuracy = accuracy});
    }
    numbers.push_back(trial.proposal.number);
    types.push_back(trial.proposal.design.type());
  }
  const std::vector<double> expected = forecast(measured, types, rungs);
  std::map<int, double> by_number;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (expected[i] > 0.0) by_number[numbers[i]] = expected[i];
  }
  return by_number;
}

/// The best, the finalists and those that none beats.
std::set<int> with_layers(const StudyView& view) {
  std::vector<const TrialFacts*> ranked;
  std::set<int> numbers;
  for (const TrialFacts& trial : view.trials) {
    if (trial.result() != nullptr) ranked.push_back(&trial);
    if (is_finalist(trial.proposal.number)) numbers.insert(trial.proposal.number);
  }
  std::ranges::sort(ranked, [](const TrialFacts* a, const TrialFacts* b) { return better(*a, *b); });
  ranked.resize(std::min(ranked.size(), kTrialsWithLayers));
  for (const TrialFacts* trial : ranked) numbers.insert(trial->proposal.number);
  for (const TrialFacts* trial : front(view.trials, [](const TrialFacts&) { return true; })) {
    numbers.insert(trial->proposal.number);
  }
  return numbers;
}

Json budget_rows(const StudyView& view) {
  Json budgets = Json::array();
  for (const Budget& budget : view.options.budgets()) {
    Json limits = Json::object();
    for (const Measure& row : measures()) {
      if (const std::optional<double>& limit = budget.limits[row.id]) limits[std::string(row.column)] = *limit;
    }
    budgets.push_back({{"name", budget.name}, {"limits", std::move(limits)}});
  }
  return budgets;
}

Json study_rows(const StudyView& view, const PageColumns& columns) {
  Json best = Json::object(), commands = Json::object(), against = Json::object(), tests = Json::object();
  Json trials = Json::array();
  for (const Budget& budget : view.options.budgets()) {
    const TrialFacts* trial = best_trial(view.trials, budget.name);
    if (trial == nullptr) continue;
    best[budget.name] = trial->proposal.number;
    if (const auto command = export_of(view, budget, *trial)) commands[budget.name] = *command;
    if (const auto one = against_published(view.trials, *trial, budget.name)) {
      against[budget.name] = against_published_to_json(*one);
    }
  }
  for (const auto& [number, test] : view.tests) {
    Json& one = tests[std::to_string(number)];
    one = {{"int8", test.int8_accuracy}, {"error", test.int8_error}, {"float", test.float_accuracy}};
    if (test.labels.empty()) continue;
    Json thresholds = Json::array();
    for (const ClipThreshold& at : test.thresholds) {
      thresholds.push_back({at.threshold, at.misses, at.false_accepts});
    }
    one["labels"] = test.labels;
    one["confusion"] = {{"int8", test.int8_confusion}, {"float", test.float_confusion}};
    one["thresholds"] = std::move(thresholds);
  }
  const std::map<int, double> expected = expected_of(view);
  const std::set<int> opened = with_layers(view);
  for (const TrialFacts& trial : view.trials) {
    if (!begun(trial)) continue;
    const int number = trial.proposal.number;
    Json& one = trials.emplace_back(Json{{"row", cells_of(columns, trial)},
                                         {"design", design_to_json(trial.proposal.design)},
                                         {"rungs", rung_rows(trial)}});
    const auto found = expected.find(number);
    if (found != expected.end() && trial.result() != nullptr && !trained_in_full(trial)) {
      one["expected"] = found->second;
    }
    if (opened.contains(number)) one["layers"] = layer_rows(trial.proposal.design);
  }
  return {{"name", short_name(view.study)}, {"epochs", view.options.epochs}, {"budgets", budget_rows(view)},
          {"best", std::move(best)},        {"export", std::move(commands)}, {"against_published", std::move(against)},
          {"tests", std::move(tests)},      {"trials", std::move(trials)}};
}

Json landmark_rows(const Part& part) {
  Json landmarks = Json::array();
  for (const Design& design : known_designs()) {
    landmarks.push_back(
        {{"name", design.name}, {"type", design.type()}, {"needs", needs_to_json(needs_of(design, part))}});
  }
  return landmarks;
}

}  // namespace

std::string accuracy_words(double share, double error) { return error > 0.0 ? percent(share, error) : percent(share); }
std::string accuracy_words(const TrialResult& result) {
  return accuracy_words(result.int8_validation, result.int8_validation_error);
}

std::string short_name(const std::string& study) {
  if (is_postgres_url(study)) return study;
  std::error_code unreadable;
  const std::filesystem::path path = std::filesystem::weakly_canonical(study, unreadable);
  return unreadable || path.filename().empty() ? study : path.filename().string();
}

std::optional<std::string> export_of(const StudyView& view, const Budget& budget, const TrialFacts& best) {
  // A search writes the model once it has read the test split, into its folder, which a URL does not tell.
  if (is_postgres_url(view.study) || !view.tests.contains(best.proposal.number)) return std::nullopt;
  return export_command(short_name(view.study), budget.name, view.options, best.proposal.design);
}

Json report_data(std::span<const StudyView> views) {
  const PageColumns columns = page_columns();
  Json names = Json::array(), units = Json::array(), studies = Json::array();
  for (const Column& column : columns.tables) names.push_back(column.name);
  for (const Measure* measure : columns.further) names.push_back(measure->column);
  for (const Measure& row : measures()) units.push_back({{"column", row.column}, {"unit", row.unit}});
  for (const StudyView& view : views) studies.push_back(study_rows(view, columns));
  return {{"schema", "kwsmith.report/1"},
          {"types", network_types()},
          {"measures", std::move(units)},
          {"columns", std::move(names)},
          {"landmarks", landmark_rows(views.front().options.target())},
          {"studies", std::move(studies)}};
}

std::string script_text(const Json& json) {
  std::string safe;
  for (const char c : text_of(json)) {
    switch (c) {
      case '<':
        safe += "\\u003c";
        break;
      case '>':
        safe += "\\u003e";
        break;
      case '&':
        safe += "\\u0026";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

}  // namespace kws
