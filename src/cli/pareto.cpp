#include <iostream>
#include <memory>

#include "cli.h"
#include "kws/search/reports.h"
#include "kws/search/view.h"
#include "log.h"
#include "rows.h"

namespace kws::cli {
namespace {

struct ParetoVerb {
  std::string study, budget;
  Output format;
};

int run(const ParetoVerb& verb) {
  const StudyView view = view_study(verb.study);
  if (!verb.budget.empty()) budget_of_study(view, verb.budget);  // an unknown name is told
  Json json = pareto_json(view.trials, view.options);
  const Json front = verb.budget.empty() ? json.at("overall") : json.at("budgets").at(verb.budget);
  if (!verb.budget.empty()) {
    json.erase("overall");
    json["budgets"] = {{verb.budget, front}};
  }
  if (front.empty()) log().warn(view.study + ": no trial to choose from has a result yet");
  if (verb.format == Format::json) {
    std::cout << text_of(json, 2) << "\n";
  } else {
    print_rows(front, verb.format, {"trial", "name", "int8_validation", "memory_bytes", "ops", "epochs"});
  }
  return static_cast<int>(Exit::done);
}

}  // namespace

void add_pareto(CLI::App& app, Common& common) {
  const auto verb = std::make_shared<ParetoVerb>();
  CLI::App* sub = app.add_subcommand(
      "pareto", "Show the trials of a search that none beats in accuracy, memory and operations, also while it runs");
  sub->add_option("STUDY", verb->study, "the --study of a search, folder or URL")->required();
  sub->add_option("--budget", verb->budget, "only among trials that keep this budget of the study (default: all)");
  add_format(*sub, verb->format);
  sub->callback([verb, &common] { common.exit_code = run(*verb); });
}

}  // namespace kws::cli
