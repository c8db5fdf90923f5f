#include "kws/search/finalists.h"

#include <algorithm>
#include <set>

#include "kws/core/rng.h"
#include "kws/search/proposals.h"
#include "kws/search/ranking.h"

namespace kws {
namespace {

constexpr int kMostSeeds = 100;  // what the numbers leave room for

/// At the top rung, or at one that was it before: few have reached one that has been raised.
bool ends_at_a_top(const TrialFacts& trial, const SearchOptions& options) {
  if (trained_in_full(trial)) return true;
  const std::vector<int>& before = options.raised_from;
  return trial.result() != nullptr && std::ranges::find(before, trial.rungs.back().epochs) != before.end();
}

int epochs_of_finalist(const SearchOptions& options) { return final_epochs(options) + options.tuning_epochs; }

}  // namespace

int final_epochs(const SearchOptions& options) {
  return options.final_epochs > 0 ? options.final_epochs : options.epochs;
}

bool is_finalist(int number) { return number >= kFirstFinalist; }

int finalist_number(int trial, int repetition) { return kFirstFinalist + kMostSeeds * trial + repetition; }

int finalist_of(int number) { return (number - kFirstFinalist) / kMostSeeds; }

std::vector<Proposal> finalists(std::span<const TrialFacts> trials, const SearchOptions& options) {
  std::set<int> numbers;
  std::vector<const TrialFacts*> chosen;
  for (const Budget& budget : options.budgets()) {
    std::vector<const TrialFacts*> best;
    for (const TrialFacts& trial : trials) {
      const bool chosen_from = !is_finalist(trial.proposal.number) && ends_at_a_top(trial, options);
      if (chosen_from && fits(trial, budget.name)) best.push_back(&trial);
    }
    std::ranges::sort(best, [](const TrialFacts* a, const TrialFacts* b) {
      const int in_a = a->rungs.back().epochs, in_b = b->rungs.back().epochs;
      return in_a != in_b ? in_a > in_b : better(*a, *b);
    });
    best.resize(std::min(best.size(), static_cast<std::size_t>(options.finalists)));
    for (const TrialFacts* trial : best) {
      if (numbers.insert(trial->proposal.number).second) chosen.push_back(trial);
    }
  }
  std::vector<Proposal> list;
  for (int repetition = 1; repetition <= options.final_seeds; ++repetition) {
    for (const TrialFacts* trial : chosen) {
      Proposal proposal = trial->proposal;
      proposal.number = finalist_number(trial->proposal.number, repetition);
      proposal.training.epochs = final_epochs(options);
      proposal.training.restarts.clear();
      proposal.training.tuning_epochs = options.tuning_epochs;
      proposal.training.seed = training_seed(options.seed, proposal.number);
      list.push_back(std::move(proposal));
    }
  }
  return list;
}

int finalist_trainings(const SearchOptions& options) {
  const std::size_t budgets = options.budgets().size();
  const int all = static_cast<int>(budgets) * std::min(options.finalists, options.max_trials) * options.final_seeds;
  if (options.max_epochs == 0) return all;
  const ScheduleOptions schedule = options.schedule();
  if (expected_jobs(schedule, budgets).front() < options.max_trials) return 0;  // the limit ends it before
  return std::min(all, (options.max_epochs - expected_epochs(schedule, budgets)) / epochs_of_finalist(options));
}

int finalist_epochs(const SearchOptions& options) { return finalist_trainings(options) * epochs_of_finalist(options); }

}  // namespace kws
