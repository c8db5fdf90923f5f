#include "kws/search/options.h"

#include <algorithm>

#include "kws/core/text.h"
#include "published.h"
#include "strategies.h"

namespace kws {
namespace {

constexpr const char* kSearchSchema = "kwsmith.search/1";

/// The config file without its lists of names.
struct Document {
  std::string schema = kSearchSchema;
  SearchOptions& options;
};
template <class Field>
void describe(Field& field, Document& o) {
  field.choice("schema", o.schema, {kSearchSchema}, "format of this file");
  field.object("search", o.options, "the search");
  // A study of before has none.
  field.optional("clock", o.options.clock, {"epochs", "cost"},
                 "what a training takes on the schedule's clock: its epochs, or what they cost");
  field.later("raised_from", o.options.raised_from, 1, 10000, "top rungs that this study had before, rising");
  field.object("space", o.options.space, "ranges of the search space");
}

/// Takes a list of names out of `json`, in the order of `known` and without repetitions.
std::vector<std::string> take_names(Json& json, const char* key, const std::vector<std::string>& known,
                                    const std::string& origin) {
  if (!json.is_object() || !json.contains(key)) return {};
  const Json list = json[key];
  json.erase(key);
  const auto fail = [&](const std::string& fact) { throw Error(origin + ": " + key + ": " + fact, Exit::usage); };
  if (!list.is_array()) fail("needs a list of names; one or more of " + word_list(known, ", ") + " in brackets");
  for (const Json& name : list) {
    if (!name.is_string()) fail(text_of(name) + " is not a name; one of " + word_list(known, ", ") + " in quotes");
    if (std::ranges::find(known, name.get<std::string>()) != known.end()) continue;
    fail("unknown name " + text_of(name) + "; " +
         did_you_mean(name.get<std::string>(), known, "known: " + word_list(known, ", ")));
  }
  std::vector<std::string> names;
  for (const std::string& name : known) {
    if (std::ranges::find(list, Json(name)) != list.end()) names.push_back(name);
  }
  return names;
}

}  // namespace

std::vector<Budget> SearchOptions::budgets() const {
  std::vector<Budget> budgets;
  for (const std::string& name : budget_names) budgets.push_back(budget_by_name(name));
  if (limits.limits(false) || (budgets.empty() && limits.limits(true))) {
    budgets.push_back({.name = "custom", .limits = limits});
  }
  if (budgets.empty()) budgets.push_back(budget_by_name("small"));
  for (Budget& budget : budgets) {
    budget.core = core_by_name(core);
    budget.clock_hz = clock_hz;
    budget.hop_ms = hop_ms;
    budget.carry_state = carry_state;
    for (const Measure& measure : measures()) {
      if (measure.of_part) budget.limits[measure.id] = limits[measure.id];
    }
  }
  return budgets;
}

std::optional<Part> SearchOptions::part() const { return limits.limits(true) ? std::optional(target()) : std::nullopt; }

Part SearchOptions::target() const { return {core_by_name(core), clock_hz, hop_ms, carry_state}; }

ScheduleOptions SearchOptions::schedule() const {
  const SearchOptions set = with_strategy(*this);
  return {.trials = set.max_trials,
          .epochs = set.epochs,
          .raised_from = set.raised_from,
          .first_rung = set.first_rung,
          .reduction = set.reduction,
          .slots = set.slots,
          .by_cost = set.clock == "cost",
          .fair = set.fair,
          .baselines = baselines(set),
          .max_epochs = set.max_epochs,
          .target_accuracy = set.target_accuracy};
}

SearchOptions search_options_from_json(const Json& json, const std::string& origin) {
  SearchOptions options;
  std::vector<std::string> budgets;
  for (const Budget& budget : standard_budgets()) budgets.push_back(budget.name);
  Json rest = json;
  options.budget_names = take_names(rest, "budgets", budgets, origin);
  options.types = take_names(rest, "types", network_types(), origin);
  if (rest.is_object() && rest.contains("space")) take_space_lists(rest["space"], options.space, origin);
  Document document{.options = options};
  read_options(rest, document, origin, "");
  check_space(options.space, origin);
  if (options.limits.limits_time() && options.clock_hz == 0 && options.board.empty()) {
    throw Error(origin + ": search." + (options.limits[MeasureId::load] ? "max_load" : "max_ms") +
                    ": needs the clock of the core; name a board, or give clock_hz",
                Exit::usage);
  }
  if (options.types.empty()) options.types = network_types();
  for (std::size_t i = 0; i < options.raised_from.size(); ++i) {
    const int above = i + 1 < options.raised_from.size() ? options.raised_from[i + 1] : options.epochs;
    if (options.raised_from[i] < above) continue;
    throw Error(origin + ": raised_from[" + std::to_string(i) + "]: " + std::to_string(options.raised_from[i]) +
                    " is not below " + std::to_string(above) + ", the top rung after it; leave the list out",
                Exit::usage);
  }
  return options;
}

Json search_options_to_json(const SearchOptions& options) {
  SearchOptions copy = options;
  Json json = options_to_json<Document>({.options = copy});
  put_space_lists(json["space"], options.space);
  json["budgets"] = options.budget_names;
  json["types"] = options.types;
  // Of a board's limits one that was lifted is told, or whoever reads the board's name would take it from there.
  for (const Measure& measure : measures()) {
    const bool lifted = !options.board.empty() && measure.of_part && !options.limits[measure.id];
    if (lifted) json["search"][measure.option] = 0;
  }
  return json;
}

}  // namespace kws
