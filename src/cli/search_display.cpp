#include "search_display.h"

#include <unistd.h>

#include <vector>

#include "kws/core/table.h"
#include "kws/search/finalists.h"
#include "kws/search/plan.h"

namespace kws::cli {
namespace {

std::string leader_line(const std::string& budget, const std::string& name, const TrialResult& result, int epochs) {
  return "best for " + budget + ": int8 " + percent(result.int8_validation, result.int8_validation_error) + ", " +
         name + " after " + counted(epochs, "epoch");
}

std::string describe_end(const Proposal& proposal, const Rung& rung) {
  const std::string start = proposal.design.name + " for " + proposal.budget;
  if (!rung.result) return start + " failed: " + rung.failure;
  // What is new comes first: a narrow terminal cuts the line.
  return start + ": int8 " + percent(rung.result->int8_validation, rung.result->int8_validation_error) + " after " +
         counted(rung.epochs, "epoch") + " (" + rung.reason + "), float " + percent(rung.result->float_validation) +
         " in " + fixed(rung.result->seconds, 1) + " s";
}

}  // namespace

std::string describe_progress(const SearchProgress& progress, const std::string& pace) {
  std::string text = grouped(progress.done()) + " of " + grouped(progress.total()) + " epochs";
  if (progress.seconds_left) text += ", about " + describe_time(*progress.seconds_left) + " left";
  if (!pace.empty()) text += ", " + pace;  // last: a narrow terminal cuts the line
  return text;
}

SearchDisplay::SearchDisplay(const StudyStatus& before) : block_(STDERR_FILENO) {
  for (const auto& [budget, trial, mean, against] : before.best) {
    best_[budget] = {trial.result()->int8_validation,
                     leader_line(budget, trial.proposal.design.name, *trial.result(), trial.rungs.back().epochs)};
  }
}

void SearchDisplay::warn(const std::string& line) { log().warn(line); }

void SearchDisplay::progress(const SearchProgress& progress) {
  progress_ = progress;
  draw();
}

void SearchDisplay::rung_ended(const Proposal& proposal, const Rung& rung) {
  last_ = describe_end(proposal, rung);
  finals_ = finals_ || is_finalist(proposal.number);
  if (rung.result) {
    const double accuracy = rung.result->int8_validation;
    auto& [most, line] = best_[proposal.budget];
    if (line.empty() || accuracy > most) {
      most = accuracy;
      line = leader_line(proposal.budget, proposal.design.name, *rung.result, rung.epochs);
    }
  }
  if (block_.draws()) {
    draw();
  } else {
    log().info("epoch {} of {}: {}", progress_.done(), progress_.total(), last_);
  }
}

void SearchDisplay::draw() {
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start_;
  std::string pace;
  if (progress_.epochs_done > 0) {
    const double rate = progress_.epochs_done / passed.count();
    pace = fixed(rate, rate < 10.0 ? 2 : 0) + " a second";
  }
  std::vector<std::string> lines = {bar(progress_.done(), progress_.total()) + " " + describe_progress(progress_, pace),
                                    (finals_ ? "finalists; trials: " : "exploring; trials: ") +
                                        std::to_string(progress_.trials_done) + " of " +
                                        std::to_string(progress_.trials)};
  for (const auto& [budget, best] : best_) lines.push_back(best.second);
  if (!last_.empty()) lines.push_back("last: " + last_);
  block_.draw(std::move(lines));
}

}  // namespace kws::cli
