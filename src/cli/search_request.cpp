#include "search_request.h"

#include <iostream>

#include "kws/cost/board.h"
#include "kws/search/plan.h"
#include "target.h"

namespace kws::cli {
namespace {

constexpr double kDefaultSeconds = 1800.0;  ///< of a search that is asked for no other end

/// "90s", "30m", "2h"
double parse_time(const std::string& text) {
  std::size_t end = 0;
  double value = 0.0;
  try {
    value = std::stod(text, &end);
  } catch (const std::exception&) {
    end = 0;
  }
  const std::string unit = text.substr(end);
  const double seconds = unit == "s" ? 1.0 : unit == "m" ? 60.0 : unit == "h" ? 3600.0 : 0.0;
  if (end == 0 || !(value * seconds >= 1.0 && value * seconds <= 1e9)) {
    throw Error("--time: \"" + text + "\" is no time; give one like 90s, 30m or 2h", Exit::usage);
  }
  return value * seconds;
}

/// A design cannot take memory that the board has not.
void refuse_more_than(const Board& board, const Limits& limits) {
  const Budget whole = budget_of(board);
  for (const Measure& measure : measures()) {
    const std::optional<double>& most = whole.limits[measure.id];
    if (measure.kind != Amount::bytes || !most || limits[measure.id].value_or(0.0) <= *most) continue;
    throw Error(flag_of(measure.option) + ": " + measure.text(*limits[measure.id]) + ", board \"" + board.name +
                    "\" has " + measure.amount(*most) + "; leave the limit out, or give a smaller one",
                Exit::usage);
  }
}

/// The board's core, clock and limits, where the config does not say otherwise.
void take_board(Json& config, const std::string& name) {
  const Board board = board_by_name_or_file(name);
  Json& search = config["search"];
  search.emplace("core", core_name(board.core));
  search.emplace("clock_hz", board.clock_hz);
  const Budget whole = budget_of(board);
  for (const Measure& measure : measures()) {
    // What the file says may be tighter, or leave room for the application.
    if (whole.limits[measure.id]) search.emplace(measure.option, measure.json(*whole.limits[measure.id]));
  }
  if (board.fpu) return;
  // Float features would take most of such a core's time.
  const Json& arithmetic = *config["space"]["features"].emplace("arithmetic", "integer").first;
  // A search counts floats in a unit for them where the core may have one.
  if (arithmetic == "integer" || !may_have_fpu(board.core)) return;
  throw Error("space.features.arithmetic: " + text_of(arithmetic) + ", but board \"" + board.name +
                  "\" has no floating-point unit; write \"integer\", or leave it out",
              Exit::usage);
}

}  // namespace

SearchRequest requested(const SearchVerb& verb, const Common& common) {
  Json config = verb.config.empty() ? Json::object() : load_json(verb.config);
  const std::string origin = verb.config.empty() ? "command line" : verb.config;
  search_options_from_json(config, origin);  // the file must be right by itself, so that its errors name it
  config.emplace("search", Json::object());
  const Json& flags = verb.flags->given();
  if (flags.contains("board")) {  // in the place of what the file is for
    for (const char* name : {"core", "clock_hz"}) config["search"].erase(name);
    config["search"]["board"] = flags["board"];
  }
  const Json board = config["search"].value("board", Json());
  if (board.is_string() && board != "") take_board(config, board);
  config["search"].update(flags);
  if (!verb.budgets.empty()) config["budgets"] = verb.budgets;
  if (!verb.types.empty()) config["types"] = verb.types;
  SearchOptions options = search_options_from_json(config, "command line");
  options.classes = verb.source.labels().classes();
  options.threads = verb.workers < 0 ? common.thread_count() : verb.workers;
  options.lease_seconds = verb.lease_seconds;
  options.deterministic = verb.deterministic;
  options.max_seconds = verb.max_time;
  if (!options.board.empty()) refuse_more_than(board_by_name_or_file(options.board), options.limits);
  if (options.carry_state && !options.part()) {
    throw Error("--carry-state: changes flash, RAM and time, of which nothing is limited; add --board, or leave it out",
                Exit::usage);
  }
  SearchRequest request{.options = std::move(options),
                        .given = config.value("search", Json::object()),
                        .types_given = config.contains("types"),
                        .seconds = {},
                        .time_given = !verb.time.empty()};
  const auto is_given = [&](const char* name) { return request.given.contains(name); };
  if (!verb.time.empty()) {
    request.seconds = parse_time(verb.time);
  } else if (!is_given("max_trials") && !is_given("epochs") && !is_given("max_epochs")) {
    request.seconds = kDefaultSeconds;
  }
  return request;
}

void print_config(const SearchRequest& request) {
  Json config = search_options_to_json(request.options);
  std::vector<std::string> open = planned_options();
  open.emplace_back("max_epochs");  // which, if given, ends a search in place of the time
  for (const std::string& name : open) {
    if (request.seconds && !request.given.contains(name)) config["search"].erase(name);
  }
  if (request.seconds && !request.types_given) config.erase("types");
  std::cout << text_of(config, 2) << "\n";
}

}  // namespace kws::cli
