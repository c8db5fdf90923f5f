#include <filesystem>
#include <iostream>
#include <memory>

#include "cli.h"
#include "kws/core/table.h"
#include "kws/search/long_table.h"
#include "kws/search/reports.h"
#include "kws/search/view.h"
#include "log.h"
#include "rows.h"

namespace kws::cli {
namespace {

struct TrialsVerb {
  std::vector<std::string> studies;
  TrialFilter filter;
  std::string curves;
  bool by_rung = false;
  Output format;
};

int write_curves(const TrialsVerb& verb) {
  std::vector<CurveTable> tables;
  for (const std::string& study : verb.studies) {
    const bool recorded = std::filesystem::is_regular_file(study);
    tables.push_back(recorded ? load_curves(study) : curves_of(view_study(study)));
  }
  const CurveTable table = joined(verb.studies, tables);
  save_curves(verb.curves, table);
  const Json row = {{"file", verb.curves}, {"designs", table.curves.size()}, {"epochs", table.epochs()}};
  if (verb.format == Format::json) {
    Json json = {{"schema", "kwsmith.recorded/1"}};
    json.update(row);
    std::cout << text_of(json, 2) << "\n";
  } else {
    print_rows(Json::array({row}), verb.format);
  }
  return static_cast<int>(Exit::done);
}

/// What of a trial fits into a line for people, and behind it, where columns are chosen, all its other figures.
///   of_part  flash and RAM in place of memory and operations by the paper's rule
Json short_rows(const Json& trials, bool of_part, bool all) {
  Json rows = Json::array();
  for (const Json& trial : trials) {
    Json& row = rows.emplace_back(Json::object());
    for (const char* name : {"trial", "name", "int8_validation", "int8_validation_error", "epochs", "state", "budget",
                             of_part ? "flash_bytes" : "memory_bytes", of_part ? "ram_bytes" : "ops", "reason"}) {
      row[name] = trial.at(name);
    }
    for (const auto& [name, value] : trial.items()) {
      if (all && value.is_primitive() && !row.contains(name)) row[name] = value;
    }
  }
  return rows;
}

int run(const TrialsVerb& verb) {
  if (!verb.curves.empty()) return write_curves(verb);
  if (verb.studies.size() > 1) throw Error("trials: several studies are joined by --curves only", Exit::usage);
  const StudyView view = view_study(verb.studies.front());
  const std::vector<TrialFacts> trials = filter_trials(view, verb.filter);
  if (trials.empty()) {
    const bool begun = !filter_trials(view, {}).empty();
    log().warn(view.study + (begun ? ": no trial is of that kind" : ": no trial has reached a rung yet"));
  }
  if (verb.by_rung) {
    const Json rows = long_rows(trials, view.options);
    if (verb.format == Format::json) {
      std::cout << text_of(Json{{"schema", "kwsmith.trials_long/1"}, {"rows", rows}}, 2) << "\n";
    } else {
      print_rows(rows, verb.format);
    }
    return static_cast<int>(Exit::done);
  }
  if (verb.format == Format::csv) {
    const Table table = trials_table(trials, view.options);
    if (table.rows() > 0) print_table(table, verb.format);
    return static_cast<int>(Exit::done);
  }
  const Json json = trials_json(trials, {}, view.options);
  if (verb.format == Format::json) {
    std::cout << text_of(json, 2) << "\n";
  } else {
    print_rows(short_rows(json.at("trials"), view.options.part().has_value(), !verb.format.columns.empty()),
               verb.format);
  }
  return static_cast<int>(Exit::done);
}

}  // namespace

void add_trials(CLI::App& app, Common& common) {
  const auto verb = std::make_shared<TrialsVerb>();
  CLI::App* sub = app.add_subcommand("trials", "Show the trials of a search, also while it runs");
  sub->add_option(
         "STUDY", verb->studies,
         "the --study of a search, folder or URL; with --curves one or several, tables written before among them")
      ->required();
  CLI::Option* curves = sub->add_option(
      "--curves", verb->curves,
      "write the trials measured after every epoch (search --reduction 1) to this file as learning curves for replay, "
      "packed by gzip when it ends in .gz; of equal designs the first");
  sub->add_flag(
         "--long", verb->by_rung,
         "a row for each rung that a trial has reached, with all its figures there and every dial of the design, "
         "for data frames")
      ->excludes(curves);
  for (CLI::Option* filter :
       {sub->add_option("--state", verb->filter.state, "only these: waiting, stopped, done or failed"),
        sub->add_option("--budget", verb->filter.budget, "only those that keep this budget of the study"),
        sub->add_option("--type", verb->filter.type, "only this network type, see `list types`"),
        sub->add_option("--best", verb->filter.best,
                        "only so many, by int8 validation accuracy at the last rung of each, the best first")
            ->check(CLI::Range(1, 1000000))}) {
    filter->excludes(curves);
  }
  add_format(*sub, verb->format);
  sub->callback([verb, &common] { common.exit_code = run(*verb); });
}

}  // namespace kws::cli
