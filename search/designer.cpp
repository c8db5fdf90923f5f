#include "kws/search/designer.h"

#include <algorithm>

#include "html.h"
#include "kws/families/turn.h"
#include "kws/search/ranking.h"
#include "report_data.h"

namespace kws {
namespace {

Json dial_rows(const Design& design) {
  Json rows = Json::array();
  for (const DialSetting& setting : dial_settings(design)) {
    const IntRange& range = setting.dial.range;
    Json& row = rows.emplace_back(Json{{"name", setting.dial.name},
                                       {"place", setting.place},
                                       {"value", setting.value},
                                       {"low", range.low},
                                       {"high", range.high},
                                       {"step", range.step},
                                       {"least", range.least},
                                       {"most", setting.most}});
    if (!setting.words.empty()) row["words"] = setting.words;
    row["help"] = setting.dial.help;
  }
  return rows;
}

/// A visitor that notes the options of a front end.
class FeatureRows {
 public:
  void operator()(const char* name, int& value, int low, int high, const char* help) {
    rows_.push_back({{"name", name}, {"value", value}, {"low", low}, {"high", high}, {"help", help}});
  }
  void optional(const char* name, int& value, int low, int high, const char* help) {
    (*this)(name, value, low, high, help);
  }
  void later(const char* name, int& value, int /*missing*/, int low, int high, const char* help) {
    (*this)(name, value, low, high, help);
  }
  void choice(const char* name, std::string& value, const std::vector<std::string>& known, const char* help) {
    rows_.push_back({{"name", name}, {"value", value}, {"words", known}, {"help", help}});
  }
  void optional(const char* name, std::string& value, const std::vector<std::string>& known, const char* help) {
    choice(name, value, known, help);
  }
  [[nodiscard]] Json take() { return std::move(rows_); }

 private:
  Json rows_ = Json::array();
};

Json feature_rows(FeatureOptions features) {
  FeatureRows rows;
  describe(rows, features);
  return rows.take();
}

/// The design after the change that the page asks for.
Design turned(const Json& request) {
  constexpr int kAny = 1'000'000;  // the dial knows its range
  JsonReader reader(request, "request", "", Missing::error);
  Design design = design_from_json(reader.value("design"), "design");
  const auto word = [&](const char* name) {
    std::string text;
    reader(name, text, "");
    return text;
  };
  if (request.contains("type")) {
    design = first_of_type(word("type"), design.features, design.classes);
  } else if (request.contains("dial")) {
    int place = 0, value = 0;
    reader("place", place, 0, kAny, "");
    reader("value", value, -kAny, kAny, "");
    design = with_dial(design, word("dial"), place, value);
  } else if (request.contains("feature")) {
    design = with_feature(design, word("feature"), reader.value("value"));
  }
  reader.finish();
  return design;
}

Json limits_json(const Limits& limits) {
  Json json = Json::object();
  for (const Measure& measure : measures()) {
    if (limits[measure.id]) json[measure.column] = measure.json(*limits[measure.id]);
  }
  return json;
}

Part part_of(const DesignerOptions& options, const std::string& board) {
  const Place* place = place_named(options, board);
  return place == nullptr ? Part(options.core) : place->budget.target();
}

}  // namespace

const Place* place_named(const DesignerOptions& options, const std::string& board) {
  if (board.empty()) return nullptr;
  const auto found = std::ranges::find(options.places, board, [](const Place& place) { return place.board.name; });
  if (found == options.places.end()) {
    throw Error("board \"" + board + "\": unknown; kwsmith list boards shows them", Exit::usage);
  }
  return &*found;
}

Json turned_design(const Json& request) {
  const Design design = turned(request);
  return {{"schema", "kwsmith.dials/1"},
          {"design", design_to_json(design)},
          {"told", told_by_dials(design)},
          {"dials", dial_rows(design)},
          {"features", feature_rows(design.features)}};
}

Json fit_of(const DesignerOptions& options, const Design& design, const std::string& board,
            const FirmwareOptions& firmware) {
  Json budgets = Json::array(), boards = Json::array();
  for (const Budget& budget : options.budgets) {
    budgets.push_back({{"name", budget.name},
                       {"limits", limits_json(budget.limits)},
                       {"line", over_budget(design, budget, firmware)}});
  }
  for (const Place& place : options.places) {
    const BoardUse use = board_use(place.board, place.budget, design, firmware);
    Json& row = boards.emplace_back(board_use_to_json(use));
    row["line"] = use.fits ? "" : over_budget(design, place.budget, firmware);
    row["advice"] = advice(place.board, design);
  }
  return {{"schema", "kwsmith.fit/1"},
          {"needs", needs_to_json(needs_of(design, part_of(options, board), firmware))},
          {"budgets", std::move(budgets)},
          {"boards", std::move(boards)}};
}

Json landmarks_of(const DesignerOptions& options, const StudyView* study, const std::string& board,
                  const FirmwareOptions& firmware) {
  const Part part = part_of(options, board);
  const auto row_of = [&](const Design& design) {
    return Json{{"name", design.name},
                {"type", design.type()},
                {"needs", needs_to_json(needs_of(design, part, firmware))},
                {"design", design_to_json(design)}};
  };
  Json landmarks = Json::array(), best = Json::array();
  for (const Design& design : known_designs()) landmarks.push_back(row_of(design));
  if (study != nullptr) {
    for (const TrialFacts* trial : front(study->trials, [](const TrialFacts&) { return true; })) {
      Json& row = best.emplace_back(row_of(trial->proposal.design));
      row["trial"] = trial->proposal.number;
      row["accuracy"] = trial->result()->int8_validation;
      row["error"] = trial->result()->int8_validation_error;
    }
  }
  return {{"schema", "kwsmith.landmarks/1"}, {"landmarks", std::move(landmarks)}, {"front", std::move(best)}};
}

std::string designer_html(const DesignerOptions& options) {
  Json types = Json::array(), rows = Json::array(), boards = Json::array();
  for (const std::string& type : network_types()) {
    types.push_back({{"name", type}, {"summary", type_summary(type)}});
  }
  for (const Measure& measure : measures()) rows.push_back({{"column", measure.column}, {"unit", measure.unit}});
  for (const Place& place : options.places) {
    boards.push_back({{"name", place.board.name},
                      {"summary", place.board.summary},
                      {"core", core_name(place.board.core)},
                      {"given", place.given}});
  }
  const Json data = {{"schema", "kwsmith.designer/1"},
                     {"types", std::move(types)},
                     {"measures", std::move(rows)},
                     {"boards", std::move(boards)},
                     {"board", options.board},
                     {"core", core_name(options.core)},
                     {"hop_ms", options.firmware.hop_ms},
                     {"carry_state", options.firmware.carry_state},
                     {"study", options.study.empty() ? "" : short_name(options.study)},
                     {"file", options.file},
                     {"flags", options.flags},
                     {"design", design_to_json(options.start)}};
  return filled_page("designer.html",
                     {{"title", html_text("kwsmith design: " + options.start.name)}, {"data", script_text(data)}});
}

}  // namespace kws
