#include "kws/search/long_table.h"

#include <algorithm>
#include <array>
#include <vector>

#include "columns.h"
#include "kws/families/design.h"

namespace kws {
namespace {

/// What a narrow terminal shows of a row.
constexpr std::array kFirst = {"trial",
                               "name",
                               "epochs",
                               "int8_validation",
                               "int8_validation_error",
                               "float_validation",
                               "int8_cross_entropy",
                               "final_loss",
                               "best_epoch",
                               "seconds"};

/// kFirst, then the others in their order.
std::vector<Column> long_columns(const SearchOptions& options) {
  std::vector<Column> columns = reported_columns(options);
  std::ranges::stable_sort(columns, {}, [](const Column& column) { return std::ranges::find(kFirst, column.name); });
  return columns;
}

Json dials_of_design(const Design& design) {
  return dial_values(design.network, {frame_count(design.features), design.features.coefficients});
}

}  // namespace

Json long_rows(std::span<const TrialFacts> trials, const SearchOptions& options) {
  const std::vector<Column> columns = long_columns(options);
  Json no_dials = Json::object();
  for (const TrialFacts& trial : trials) {
    const Json dials = dials_of_design(trial.proposal.design);
    for (const auto& [name, value] : dials.items()) no_dials[name] = nullptr;
  }
  Json rows = Json::array();
  for (const TrialFacts& trial : trials) {
    Json dials = no_dials;
    dials.update(dials_of_design(trial.proposal.design));
    TrialFacts there = trial;  // as it stood at each of its rungs
    there.rungs.clear();
    for (const Rung& rung : trial.rungs) {
      there.rungs.push_back(rung);
      Json& row = rows.emplace_back(Json::object());
      for (const Column& column : columns) {
        const Json cell = column.cell(there);
        row[column.name] = cell.is_array() ? Json(cell_text(cell)) : cell;
      }
      row["decided"] = rung.reason;
      row["failure"] = rung.failure.empty() ? Json() : Json(rung.failure);
      row.update(dials);
    }
  }
  return rows;
}

}  // namespace kws
