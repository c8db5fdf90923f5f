#include "columns.h"

#include "kws/families/design.h"
#include "kws/search/finalists.h"
#include "kws/search/space.h"

namespace kws {
namespace {

/// Writes every described field, those too that JsonWriter may leave out, so that each row has the same columns.
struct EveryField {
  Json json = Json::object();
  template <class Value>
  void operator()(const char* name, const Value& value, int, int, const char*) {
    json[name] = value;
  }
  void choice(const char* name, const std::string& value, const std::vector<std::string>&, const char*) {
    json[name] = value;
  }
  void optional(const char* name, int value, int, int, const char*) { json[name] = value; }
  void optional(const char* name, const std::string& value, const std::vector<std::string>&, const char*) {
    json[name] = value;
  }
  /// The same for all designs of a study.
  void later(const char* /*name*/, int /*value*/, int, int, int, const char*) {}
};

Json front_end_cells(FeatureOptions features) {
  EveryField cells;
  describe(cells, features);
  return cells.json;
}

/// A figure of the last result; null: there is none.
template <class Value>
auto measured(Value TrialResult::*field) {
  return [field](const TrialFacts& trial) {
    const TrialResult* result = trial.result();
    return result == nullptr ? Json() : Json(result->*field);
  };
}
template <class Value>
auto cost(Value TrialFacts::*field) {
  return [field](const TrialFacts& trial) { return Json(trial.*field); };
}
template <class Value>
auto training(Value TrainOptions::*field) {
  return [field](const TrialFacts& trial) { return Json(trial.proposal.training.*field); };
}

std::vector<Column> make_columns() {
  using Facts = const TrialFacts&;
  std::vector<Column> columns = {
      {"trial", [](Facts t) { return Json(t.proposal.number); }},
      {"finalist_of",
       [](Facts t) { return is_finalist(t.proposal.number) ? Json(finalist_of(t.proposal.number)) : Json(); }},
      {"type", [](Facts t) { return Json(t.proposal.design.type()); }},
      {"name", [](Facts t) { return Json(t.proposal.design.name); }},
      {"budget", [](Facts t) { return Json(t.proposal.budget); }},
      {"fits", cost(&TrialFacts::fits)},
      {"state", [](Facts t) { return Json(state_name(t.state)); }},
      {"memory_bytes", [](Facts t) { return Json(t.needs.memory_bytes); }},
      {"ops", [](Facts t) { return Json(t.needs.ops); }},
      {"parameters", cost(&TrialFacts::parameters)},
      {"macs", cost(&TrialFacts::macs)},
      {"arena_bytes", cost(&TrialFacts::arena_bytes)},
      {"core", [](Facts t) { return Json(core_name(t.core)); }},
      {"flash_bytes", [](Facts t) { return Json(t.needs.firmware->flash_bytes); }},
      {"ram_bytes", [](Facts t) { return Json(t.needs.firmware->ram_bytes); }},
      {"float_validation", measured(&TrialResult::float_validation)},
      {"int8_validation", measured(&TrialResult::int8_validation)},
      {"int8_validation_error", measured(&TrialResult::int8_validation_error)},
      {"int8_cross_entropy", measured(&TrialResult::int8_cross_entropy)},
      {"final_loss", measured(&TrialResult::final_loss)},
      {"best_epoch", measured(&TrialResult::best_epoch)},
      {"epochs", [](Facts t) { return t.rungs.empty() ? Json() : Json(t.rungs.back().epochs); }},
      {"peak_rate", [](Facts t) { return Json(t.proposal.training.optimizer.peak_rate); }},
      {"seed", training(&TrainOptions::seed)},
      {"data_seed", training(&TrainOptions::data_seed)},
      {"design_hash", [](Facts t) { return Json(design_hash(t.proposal.design)); }},
      {"reason", [](Facts t) { return t.reason.empty() ? Json() : Json(t.reason); }},
      {"seconds", [](Facts t) { return Json(seconds_of(t)); }, Column::Where::times},
  };
  const Json defaults = front_end_cells({});
  for (const auto& [name, value] : defaults.items()) {
    columns.push_back({name, [name = name](Facts t) { return front_end_cells(t.proposal.design.features).at(name); },
                       Column::Where::csv});
  }
  for (const TrainingDial& dial : training_dials()) {
    columns.push_back(
        {dial.name, [get = dial.get](Facts t) { return Json(get(t.proposal.training)); }, Column::Where::csv});
  }
  return columns;
}

}  // namespace

const std::vector<Column>& trial_columns() {
  static const std::vector<Column> columns = make_columns();
  return columns;
}

std::vector<Column> reported_columns(const SearchOptions& options) {
  std::vector<Column> columns = trial_columns();
  std::erase_if(columns, [&](const Column& c) { return options.deterministic && c.where == Column::Where::times; });
  return columns;
}

std::string cell_text(const Json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return text_of(value);
  std::string text;
  for (const Json& item : value) text += (text.empty() ? "" : ";") + item.get<std::string>();
  return text;
}

Json trial_row(const TrialFacts& trial, std::span<const Column> columns) {
  Json row = Json::object();
  for (const Column& column : columns) {
    if (column.where != Column::Where::csv) row[column.name] = column.cell(trial);
  }
  return row;
}

}  // namespace kws
