#include "kws/search/reports.h"

#include <algorithm>
#include <optional>

#include "kws/core/files.h"
#include "kws/core/table.h"
#include "kws/search/finalists.h"
#include "kws/search/pareto.h"
#include "kws/search/report_html.h"
#include "kws/search/view.h"

namespace kws {
namespace {

CostTotals totals_of(const Trial& trial) { return hello_edge_totals(build_graph(trial.proposal.design)); }

/// [{"epochs", "int8_validation" or "failure", "decided"}]: how it came that far.
Json rungs_json(const Trial& trial) {
  Json list = Json::array();
  for (const Rung& rung : trial.rungs) {
    Json& row = list.emplace_back(Json{{"epochs", rung.epochs}});
    if (rung.result) row["int8_validation"] = rung.result->int8_validation;
    if (!rung.result) row["failure"] = rung.failure;
    row["decided"] = rung.decided;
  }
  return list;
}

Json csv_row(const Trial& trial, const std::vector<Budget>& budgets, bool with_times) {
  Json row = trial_row(trial, budgets);
  if (!with_times) row.erase("seconds");
  const Json features = options_to_json(trial.proposal.design.features);
  for (const auto& [key, value] : features.items()) row[key] = value;
  return row;
}

std::string csv_cell(const Json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return text_of(value);
  std::string text;
  for (const Json& item : value) text += (text.empty() ? "" : ";") + item.get<std::string>();
  return text;
}

Json front_json(const std::vector<const Trial*>& trials) {
  std::vector<ParetoPoint> points;
  for (const Trial* trial : trials) {
    const CostTotals totals = totals_of(*trial);
    points.push_back({totals.memory_bytes, totals.ops, trial->result()->int8_validation});
  }
  std::vector<std::size_t> front = pareto_front(points);
  std::ranges::stable_sort(front, {}, [&](std::size_t i) { return points[i].memory_bytes; });
  Json json = Json::array();
  for (const std::size_t i : front) {
    const Proposal& proposal = trials[i]->proposal;
    json.push_back({{"trial", proposal.number},
                    {"name", proposal.design.name},
                    {"type", proposal.design.type()},
                    {"memory_bytes", points[i].memory_bytes},
                    {"ops", points[i].ops},
                    {"epochs", trials[i]->rungs.back().epochs},
                    {"int8_validation", points[i].accuracy}});
  }
  return json;
}

template <class Counts>
const Trial* best_of(std::span<const Trial> trials, const Budget& budget, Counts counts) {
  const Trial* best = nullptr;
  for (const Trial& trial : trials) {
    if (trial.result() == nullptr || !counts(trial) || !fits(trial, budget)) continue;
    if (best == nullptr || better(trial, *best)) best = &trial;
  }
  return best;
}

}  // namespace

bool fits(const Trial& trial, const Budget& budget) {
  return budget.fits(needs_of(trial.proposal.design, budget.part()));
}

bool trained_in_full(const Trial& trial) {
  return trial.result() != nullptr && trial.rungs.back().epochs == trial.proposal.training.all_epochs();
}

double seconds_of(const Trial& trial) {
  double seconds = 0.0;
  for (const Rung& rung : trial.rungs) seconds += rung.result ? rung.result->seconds : 0.0;
  return seconds;
}

bool better(const Trial& a, const Trial& b) {
  const double accuracy_a = a.result()->int8_validation, accuracy_b = b.result()->int8_validation;
  if (accuracy_a != accuracy_b) return accuracy_a > accuracy_b;
  const std::int64_t memory_a = totals_of(a).memory_bytes, memory_b = totals_of(b).memory_bytes;
  return memory_a != memory_b ? memory_a < memory_b : a.proposal.number < b.proposal.number;
}

bool begun(const Trial& trial) { return !trial.rungs.empty(); }

const Trial* best_trial(std::span<const Trial> trials, const Budget& budget) {
  if (const Trial* best = best_of(trials, budget, trained_in_full)) return best;
  int furthest = 0;
  for (const Trial& trial : trials) {
    if (trial.result() != nullptr && fits(trial, budget)) furthest = std::max(furthest, trial.rungs.back().epochs);
  }
  return best_of(trials, budget, [&](const Trial& trial) { return trial.rungs.back().epochs == furthest; });
}

const Trial* best_so_far(std::span<const Trial> trials, const Budget& budget) {
  return best_of(trials, budget, [](const Trial&) { return true; });
}

Json trial_row(const Trial& trial, const std::vector<Budget>& budgets) {
  const Proposal& proposal = trial.proposal;
  const Graph graph = build_graph(proposal.design);
  const Cost cost = hello_edge_cost(graph);
  const Core core = budgets.front().core;
  const FirmwareSizes firmware = firmware_sizes(proposal.design.features, graph, core);
  const Needs needs{.memory_bytes = cost.memory_bytes, .ops = cost.ops, .firmware = firmware};
  Json fits = Json::array();
  for (const Budget& budget : budgets) {
    if (budget.fits(needs)) fits.push_back(budget.name);
  }
  const TrialResult* result = trial.result();
  const auto if_measured = [&](auto TrialResult::*field) { return result != nullptr ? Json(result->*field) : Json(); };
  return {{"trial", proposal.number},
          {"finalist_of", is_finalist(proposal.number) ? Json(finalist_of(proposal.number)) : Json()},
          {"type", proposal.design.type()},
          {"name", proposal.design.name},
          {"budget", proposal.budget},
          {"fits", fits},
          {"state", state_name(trial.state)},
          {"memory_bytes", cost.memory_bytes},
          {"ops", cost.ops},
          {"parameters", cost.parameters},
          {"macs", cost.macs},
          {"arena_bytes", plan_arena(graph).bytes},
          {"core", core_name(core)},
          {"flash_bytes", firmware.flash_bytes},
          {"ram_bytes", firmware.ram_bytes},
          {"float_validation", if_measured(&TrialResult::float_validation)},
          {"int8_validation", if_measured(&TrialResult::int8_validation)},
          {"final_loss", if_measured(&TrialResult::final_loss)},
          {"best_epoch", if_measured(&TrialResult::best_epoch)},
          {"epochs", trial.rungs.back().epochs},
          {"peak_rate", proposal.training.peak_rate},
          {"seed", proposal.training.seed},
          {"data_seed", proposal.training.data_seed},
          {"design_hash", design_hash(proposal.design)},
          {"reason", trial.reason.empty() ? Json() : Json(trial.reason)},
          {"seconds", seconds_of(trial)}};
}

std::string trials_csv(std::span<const Trial> trials, const SearchOptions& options) {
  const std::vector<Budget> budgets = options.budgets();
  std::optional<Table> table;
  for (const Trial& trial : trials) {
    if (!begun(trial)) continue;
    std::vector<std::string> columns, cells;
    const Json row = csv_row(trial, budgets, !options.deterministic);
    for (const auto& [key, value] : row.items()) {
      columns.push_back(key);
      cells.push_back(csv_cell(value));
    }
    if (!table) table.emplace(std::move(columns));
    table->add(std::move(cells));
  }
  return table ? table->csv() : "";
}

Json trials_json(std::span<const Trial> trials, std::span<const Winner> winners, const SearchOptions& options) {
  const std::vector<Budget> budgets = options.budgets();
  Json rows = Json::array();
  for (const Trial& trial : trials) {
    if (!begun(trial)) continue;
    Json row = trial_row(trial, budgets);
    if (options.deterministic) row.erase("seconds");
    row["design"] = design_to_json(trial.proposal.design);
    row["training"] = options_to_json(trial.proposal.training);
    row["rungs"] = rungs_json(trial);
    rows.push_back(std::move(row));
  }
  Json best = Json::array();
  for (const Winner& winner : winners) {
    best.push_back({{"budget", winner.budget},
                    {"trial", winner.trial.proposal.number},
                    {"name", winner.trial.proposal.design.name},
                    {"float_test", winner.test.float_accuracy},
                    {"int8_test", winner.test.int8_accuracy},
                    {"test_clips", winner.test.clips}});
  }
  return {{"schema", "kwsmith.trials/1"},
          {"seed", options.seed},
          {"epochs", options.epochs},
          {"trials", std::move(rows)},
          {"winners", std::move(best)}};
}

Json pareto_json(std::span<const Trial> trials, const SearchOptions& options) {
  std::vector<const Trial*> measured;
  for (const Trial& trial : trials) {
    if (trial.result() != nullptr) measured.push_back(&trial);
  }
  Json budgets = Json::object();
  for (const Budget& budget : options.budgets()) {
    std::vector<const Trial*> fitting;
    std::ranges::copy_if(measured, std::back_inserter(fitting),
                         [&](const Trial* trial) { return fits(*trial, budget); });
    budgets[budget.name] = front_json(fitting);
  }
  return {{"schema", "kwsmith.pareto/1"}, {"overall", front_json(measured)}, {"budgets", std::move(budgets)}};
}

void write_reports(const Study& study, std::span<const Winner> winners, const SearchOptions& options) {
  const StudyView view = view_of(study, options);
  write_file(study.folder() / "trials.csv", trials_csv(view.trials, options));
  write_file(study.folder() / "trials.json", text_of(trials_json(view.trials, winners, options), 2) + "\n");
  write_file(study.folder() / "pareto.json", text_of(pareto_json(view.trials, options), 2) + "\n");
  write_file(study.folder() / "report.html", report_html(view));
}

}  // namespace kws
