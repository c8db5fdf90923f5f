#include "kws/search/status.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <sstream>
#include <thread>

#include "cli.h"
#include "help.h"
#include "kws/core/interrupt.h"
#include "kws/core/table.h"
#include "kws/core/text.h"
#include "log.h"
#include "search_display.h"

namespace kws::cli {
namespace {

struct StatusVerb {
  std::string study;
  bool json = false, watch = false;
};

std::vector<std::string> lines_of(const StudyStatus& status) {
  std::string counts;
  int trials = 0;
  for (const auto& [state, count] : status.trials) {
    trials += count;
    counts += (counts.empty() ? "" : ", ") + std::to_string(count) + " " + std::string(state_name(state));
  }
  std::vector<std::string> lines = {
      status.study + ": " + (status.running ? "a search is running" : "no search is running") +
          "; trainings under way: " + std::to_string(status.workers) +
          (status.changed.empty() ? "" : "; last change " + status.changed),
      "trials: " + std::to_string(trials) + " (" + counts + ")",
      "epochs: " + grouped(status.epochs) + " trained in " + fixed(status.seconds, 1) + " s, summed over the workers"};
  if (status.progress) {
    lines.push_back("search: " + grouped(status.progress->trials_done) + " of " + grouped(status.progress->trials) +
                    " trials, " + describe_progress(*status.progress));
  }
  for (const auto& [budget, trial, mean, against] : status.best) {
    const int epochs = trial.rungs.back().epochs;  // a finalist's go beyond the top rung
    const std::string of_how_many = epochs > status.top_epochs ? "" : " of " + std::to_string(status.top_epochs);
    lines.push_back(
        "best for " + budget + ": int8 validation " +
        (mean.error ? percent(mean.accuracy, *mean.error) + ", mean of " + counted(mean.seeds, "seed") + ","
                    : percent(trial.result()->int8_validation, trial.result()->int8_validation_error)) +
        " after " +
        (of_how_many.empty() ? counted(epochs, "epoch") : std::to_string(epochs) + of_how_many + " epochs") +
        ", trial " + std::to_string(trial.proposal.number) + " (" + trial.proposal.design.name + ")");
    if (against) lines.push_back("  " + against_published_text(*against));
  }
  if (status.best.empty()) lines.emplace_back("no trial has a result yet");
  return lines;
}

/// The same as wide as the terminal that `descriptor` is, no word broken; elsewhere as they are.
std::vector<std::string> fitted(const std::vector<std::string>& lines, int descriptor) {
  if (::isatty(descriptor) == 0) return lines;
  constexpr std::size_t kRoom = 4;  // that a live block leaves at the end of a line
  const std::size_t width = terminal_width(descriptor);
  std::vector<std::string> rows;
  for (const std::string& line : lines) {
    const std::size_t indent = line.starts_with("  ") ? 2 : 0;
    std::istringstream broken(wrapped(line, indent, width - std::min(width, kRoom)));
    for (std::string row; std::getline(broken, row);) rows.push_back(row);
  }
  return rows;
}

/// Draws the study again and again until its search ends or the user has seen enough.
void watch(const std::string& study) {
  constexpr int kLooks = 20;  // at the user's wish, in a pause
  constexpr std::chrono::milliseconds kPause{100};
  LiveBlock block(STDOUT_FILENO, /*result=*/true);
  if (!block.draws()) {
    throw Error(std::string("status --watch: ") +
                    (::isatty(STDOUT_FILENO) == 0 ? "standard output is no terminal"
                                                  : "TERM names no terminal whose lines can be drawn again") +
                    "; leave --watch out",
                Exit::usage);
  }
  for (StudyStatus status = status_of(view_study(study)); status.running && !interrupted();
       status = status_of(view_study(study))) {
    block.draw(fitted(lines_of(status), STDOUT_FILENO));
    for (int i = 0; i < kLooks && !interrupted(); ++i) std::this_thread::sleep_for(kPause);
  }
}

int run(const StatusVerb& verb) {
  if (verb.watch) watch(verb.study);
  const StudyStatus status = status_of(view_study(verb.study));
  if (verb.json) {
    std::cout << text_of(status_to_json(status), 2) << "\n";
  } else {
    for (const std::string& line : fitted(lines_of(status), STDOUT_FILENO)) std::cout << line << "\n";
  }
  return static_cast<int>(Exit::done);
}

}  // namespace

void add_status(CLI::App& app, Common& common) {
  const auto verb = std::make_shared<StatusVerb>();
  CLI::App* sub = app.add_subcommand("status", "Tell in short how far a search is and whether it runs");
  sub->add_option("STUDY", verb->study, "the --study of a search, folder or URL")->required();
  sub->add_flag("--json", verb->json, "as JSON, kwsmith.status/1");
  sub->add_flag("--watch", verb->watch, "draw it again every two seconds until the search ends")->excludes("--json");
  sub->callback([verb, &common] { common.exit_code = run(*verb); });
}

}  // namespace kws::cli
