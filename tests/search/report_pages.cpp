// Writes the report of a study that never ran: report_pages FILE TRIALS [TRIALS...], of several studies where several
// numbers stand. Its curves are synthetic; trials stop, fail and win as in a search.
#include <exception>
#include <iostream>
#include <string>

#include "kws/core/files.h"
#include "kws/search/ranking.h"
#include "kws/search/report_html.h"
#include "synthetic_curves.h"

namespace kws {
namespace {

constexpr int kTop = 27;

Trial trial_of(const Curve& curve, int number) {
  Trial trial;
  trial.proposal = {
      .number = number, .budget = number % 2 == 0 ? "small" : "medium", .design = curve.design, .training = {}};
  trial.proposal.design.name = curve.design.type() + "_" + std::to_string(number);
  trial.proposal.training.epochs = kTop;
  if (number % 41 == 7) {
    trial.rungs = {{.epochs = 3, .reason = "a new design", .result = {}, .failure = "out of memory </script><b>"}};
    trial.state = TrialState::failed;
    trial.reason = trial.rungs.back().failure;
    return trial;
  }
  for (const int epochs : {3, 9, kTop}) {
    const double accuracy = curve.accuracy.at(static_cast<std::size_t>(epochs) - 1);
    TrialResult result;
    result.int8_validation = accuracy;
    result.int8_validation_error = 0.008;
    result.float_validation = accuracy + 0.002;
    result.epochs = result.best_epoch = epochs;
    trial.rungs.push_back({.epochs = epochs, .reason = "rank 2 of 9", .result = result, .failure = ""});
    if (accuracy < (epochs == 3 ? 0.8 : 0.9)) break;
  }
  trial.state = trial.rungs.back().epochs == kTop ? TrialState::done : TrialState::stopped;
  trial.reason = "rank 2 of 9";
  return trial;
}

/// Of twelve labels with 100 clips each; mistakes fall on the two labels behind the right one.
TestResult made_up_test(double accuracy) {
  TestResult test{.float_accuracy = accuracy + 0.005, .int8_accuracy = accuracy, .int8_error = 0.009, .clips = 1200};
  test.labels = {"_silence_", "_unknown_", "yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go"};
  const std::size_t labels = test.labels.size();
  const int wrong = static_cast<int>(100 * (1.0 - accuracy));
  test.int8_confusion.assign(labels, std::vector<int>(labels, 0));
  for (std::size_t i = 0; i < labels; ++i) {
    test.int8_confusion[i][i] = 100 - wrong;
    test.int8_confusion[i][(i + 1) % labels] = wrong - wrong / 3;
    test.int8_confusion[i][(i + 2) % labels] = wrong / 3;
  }
  test.float_confusion = test.int8_confusion;
  for (int step = 0; step < 20; ++step) {
    const double threshold = step / 20.0;
    test.thresholds.push_back({.threshold = threshold,
                               .misses = (1.0 - accuracy) * (1.0 + 2.0 * threshold * threshold),
                               .false_accepts = 0.2 * (1.0 - threshold) * (1.0 - threshold)});
  }
  return test;
}

StudyView made_up_study(const std::string& name, int trials, std::uint64_t seed) {
  StudyView view{.study = name, .options = {}, .data = "recordings", .trials = {}};
  view.options.budget_names = {"small", "medium"};
  view.options.epochs = kTop;
  view.options.clock_hz = 80000000;
  std::vector<Trial> made;
  for (const Curve& curve : testing::synthetic_curves(trials, seed, kTop).curves) {
    made.push_back(trial_of(curve, static_cast<int>(made.size())));
  }
  view.trials = facts_of(made, view.options);
  for (const Budget& budget : view.options.budgets()) {
    const TrialFacts* best = best_trial(view.trials, budget.name);
    if (best == nullptr) continue;
    view.tests[best->proposal.number] = made_up_test(budget.name == "small" ? 0.89 : 0.93);
  }
  return view;
}

}  // namespace
}  // namespace kws

int main(int count, char** words) {
  try {
    std::vector<kws::StudyView> views;
    for (int i = 2; i < count; ++i) {
      views.push_back(
          kws::made_up_study("study " + std::to_string(i - 1), std::stoi(words[i]), static_cast<std::uint64_t>(i)));
    }
    kws::write_file(words[1], kws::report_html(views));
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
