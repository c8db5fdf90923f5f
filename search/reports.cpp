#include "kws/search/reports.h"

#include <algorithm>
#include <array>

#include "columns.h"
#include "kws/core/files.h"
#include "kws/core/table.h"
#include "kws/search/ranking.h"
#include "kws/search/report_html.h"
#include "kws/search/view.h"

namespace kws {
namespace {

/// [{"epochs", "int8_validation" with its error or "failure", "decided"}]: how it came that far.
Json rungs_json(const Trial& trial) {
  Json list = Json::array();
  for (const Rung& rung : trial.rungs) {
    Json& row = list.emplace_back(Json{{"epochs", rung.epochs}});
    if (rung.result) {
      row["int8_validation"] = rung.result->int8_validation;
      row["int8_validation_error"] = rung.result->int8_validation_error;
    }
    if (!rung.result) row["failure"] = rung.failure;
    row["decided"] = rung.reason;
  }
  return list;
}

Json front_json(const std::vector<const TrialFacts*>& front) {
  constexpr std::array kPoint = {
      "trial", "name", "type", "state", "memory_bytes", "ops", "epochs", "int8_validation", "int8_validation_error"};
  std::vector<Column> columns = trial_columns();
  std::erase_if(columns, [&](const Column& c) { return std::ranges::find(kPoint, c.name) == kPoint.end(); });
  Json json = Json::array();
  for (const TrialFacts* trial : front) json.push_back(trial_row(*trial, columns));
  return json;
}

}  // namespace

Table trials_table(std::span<const TrialFacts> trials, const SearchOptions& options) {
  const std::vector<Column> columns = reported_columns(options);
  std::vector<std::string> names;
  names.reserve(columns.size());
  for (const Column& column : columns) names.push_back(column.name);
  Table table(names);
  for (const TrialFacts& trial : trials) {
    if (!begun(trial)) continue;
    std::vector<std::string> cells;
    cells.reserve(columns.size());
    for (const Column& column : columns) cells.push_back(cell_text(column.cell(trial)));
    table.add(std::move(cells));
  }
  return table;
}

Json accuracies_to_json(const Winner& winner) {
  const auto error = [](const SeedMean& mean) { return mean.error ? Json(*mean.error) : Json(); };
  return {{"mean_of_seeds", winner.mean.accuracy},
          {"mean_of_seeds_error", error(winner.mean)},
          {"seeds", winner.mean.seeds},
          {"float_test", winner.test.float_accuracy},
          {"int8_test", winner.test.int8_accuracy},
          {"int8_test_error", winner.test.int8_error},
          {"mean_test_of_seeds", winner.mean_test.accuracy},
          {"mean_test_of_seeds_error", error(winner.mean_test)}};
}

Json trials_json(std::span<const TrialFacts> trials, std::span<const Winner> winners, const SearchOptions& options) {
  const std::vector<Column> columns = reported_columns(options);
  Json rows = Json::array();
  for (const TrialFacts& trial : trials) {
    if (!begun(trial)) continue;
    Json row = trial_row(trial, columns);
    row["design"] = design_to_json(trial.proposal.design);
    row["training"] = options_to_json(trial.proposal.training);
    row["rungs"] = rungs_json(trial);
    rows.push_back(std::move(row));
  }
  Json best = Json::array();
  for (const Winner& winner : winners) {
    Json row = {{"budget", winner.budget},
                {"trial", winner.trial.proposal.number},
                {"name", winner.trial.proposal.design.name}};
    row.update(accuracies_to_json(winner));
    row["test_clips"] = winner.test.clips;
    if (winner.against) row["against_published"] = against_published_to_json(*winner.against);
    best.push_back(std::move(row));
  }
  return {{"schema", "kwsmith.trials/1"},
          {"seed", options.seed},
          {"epochs", options.epochs},
          {"trials", std::move(rows)},
          {"winners", std::move(best)}};
}

Json pareto_json(std::span<const TrialFacts> trials, const SearchOptions& options) {
  Json budgets = Json::object();
  for (const Budget& budget : options.budgets()) {
    budgets[budget.name] = front_json(front(trials, [&](const TrialFacts& t) { return fits(t, budget.name); }));
  }
  const Json overall = front_json(front(trials, [](const TrialFacts&) { return true; }));
  return {{"schema", "kwsmith.pareto/1"}, {"overall", overall}, {"budgets", std::move(budgets)}};
}

void write_reports(const Study& study, std::span<const Winner> winners, const SearchOptions& options) {
  const StudyView view = view_of(study, options);
  const Table table = trials_table(view.trials, options);
  write_file(study.folder() / "trials.csv", table.rows() > 0 ? table.csv() : "");
  write_file(study.folder() / "trials.json", text_of(trials_json(view.trials, winners, options), 2) + "\n");
  write_file(study.folder() / "pareto.json", text_of(pareto_json(view.trials, options), 2) + "\n");
  write_file(study.folder() / "report.html", report_html(view));
}

}  // namespace kws
