#include "kws/search/status.h"

#include <iostream>
#include <memory>

#include "cli.h"
#include "kws/core/table.h"

namespace kws::cli {
namespace {

struct StatusVerb {
  std::string study;
  bool json = false;
};

void print(const StudyStatus& status) {
  std::string counts;
  int trials = 0;
  for (const auto& [state, count] : status.trials) {
    trials += count;
    counts += (counts.empty() ? "" : ", ") + std::to_string(count) + " " + std::string(state_name(state));
  }
  std::cout << status.study << ": " << (status.running ? "a search is running" : "no search is running")
            << "; trainings under way: " << status.workers
            << (status.changed.empty() ? "" : "; last change " + status.changed) << "\n"
            << "trials: " << trials << " (" << counts << ")\n"
            << "epochs: " << grouped(status.epochs) << " trained in " << fixed(status.seconds, 1)
            << " s, summed over the workers\n";
  for (const auto& [budget, trial] : status.best) {
    std::cout << "best for " << budget << ": int8 validation "
              << percent(trial.result()->int8_validation, trial.result()->int8_validation_error) << " after "
              << trial.rungs.back().epochs << " of " << status.top_epochs << " epochs, trial " << trial.proposal.number
              << " (" << trial.proposal.design.name << ")\n";
  }
  if (status.best.empty()) std::cout << "no trial has a result yet\n";
}

int run(const StatusVerb& verb) {
  const StudyStatus status = status_of(view_study(verb.study));
  if (verb.json) {
    std::cout << text_of(status_to_json(status), 2) << "\n";
  } else {
    print(status);
  }
  return static_cast<int>(Exit::done);
}

}  // namespace

void add_status(CLI::App& app, Common& common) {
  const auto verb = std::make_shared<StatusVerb>();
  CLI::App* sub = app.add_subcommand("status", "Tell in short how far a search is and whether it runs");
  sub->add_option("STUDY", verb->study, "the --study of a search, folder or URL")->required();
  sub->add_flag("--json", verb->json, "as JSON, kwsmith.status/1");
  sub->callback([verb, &common] { common.exit_code = run(*verb); });
}

}  // namespace kws::cli
