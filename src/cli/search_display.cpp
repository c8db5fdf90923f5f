#include "search_display.h"

#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "kws/core/table.h"
#include "kws/search/finalists.h"
#include "kws/search/plan.h"

namespace kws::cli {
namespace {

std::string leader_line(const Leader& leader) {
  const TrialResult& result = *leader.trial.result();
  const std::string accuracy = leader.mean.error ? percent(leader.mean.accuracy, *leader.mean.error) + ", " +
                                                       counted(leader.mean.seeds, "seed") + " of "
                                                 : percent(result.int8_validation, result.int8_validation_error) + ", ";
  return "best for " + leader.budget + ": int8 " + accuracy + leader.trial.proposal.design.name + " after " +
         counted(leader.trial.rungs.back().epochs, "epoch");
}

std::string describe_end(const Proposal& proposal, const Rung& rung) {
  const std::string start = proposal.design.name + " for " + proposal.budget;
  if (!rung.result) return start + " failed: " + rung.failure;
  const double float_gain = 100.0 * (rung.result->float_validation - rung.result->int8_validation);  // same clips
  // What is new comes first: a narrow terminal cuts the line.
  return start + ": int8 " + percent(rung.result->int8_validation, rung.result->int8_validation_error) + " after " +
         counted(rung.epochs, "epoch") + " (" + rung.reason + "), float " + (float_gain < 0.0 ? "" : "+") +
         fixed(float_gain, 2) + " points, in " + fixed(rung.result->seconds, 1) + " s";
}

}  // namespace

std::string describe_progress(const SearchProgress& progress, const std::string& pace) {
  std::string text = grouped(progress.done()) + " of " + grouped(progress.total()) + " epochs";
  if (progress.seconds_left) text += ", about " + describe_time(*progress.seconds_left) + " left";
  if (!pace.empty()) text += ", " + pace;  // last: a narrow terminal cuts the line
  return text;
}

SearchDisplay::SearchDisplay(StudyView before) : block_(STDERR_FILENO), view_(std::move(before)) { find_leaders(); }

void SearchDisplay::warn(const std::string& line) { log().warn(line); }

void SearchDisplay::progress(const SearchProgress& progress) {
  progress_ = progress;
  draw();
}

void SearchDisplay::rung_ended(const Proposal& proposal, const Rung& rung) {
  last_ = describe_end(proposal, rung);
  finals_ = finals_ || is_finalist(proposal.number);
  add(proposal, rung);
  if (block_.draws()) {
    draw();
  } else {
    log().info("epoch {} of {}: {}", progress_.done(), progress_.total(), last_);
  }
}

/// What has come of a trial so far.
void SearchDisplay::add(const Proposal& proposal, const Rung& rung) {
  const int number = proposal.number;
  std::erase_if(view_.trials, [&](const TrialFacts& one) {
    const Proposal& before = one.proposal;
    const bool other_design = before.number == number && design_hash(before.design) != design_hash(proposal.design);
    const bool other_length = is_finalist(number) && is_finalist(before.number) &&
                              before.training.all_epochs() != proposal.training.all_epochs();
    return other_design || other_length;  // of a search that was asked for something else
  });
  auto trial = std::ranges::find(view_.trials, number, [](const TrialFacts& one) { return one.proposal.number; });
  if (trial == view_.trials.end()) {
    const Trial one{.proposal = proposal};
    view_.trials.push_back(facts_of({&one, 1}, view_.options).front());
    trial = view_.trials.end() - 1;
  }
  trial->proposal = proposal;  // a raised top rung is another training
  std::erase_if(trial->rungs, [&](const Rung& before) { return before.epochs >= rung.epochs; });
  trial->rungs.push_back(rung);
  find_leaders();
}

void SearchDisplay::find_leaders() {
  leaders_.clear();
  for (const Leader& leader : leaders_of(view_)) leaders_.push_back(leader_line(leader));
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
  lines.insert(lines.end(), leaders_.begin(), leaders_.end());
  if (!last_.empty()) lines.push_back("last: " + last_);
  block_.draw(std::move(lines));
}

}  // namespace kws::cli
