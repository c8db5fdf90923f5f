#include "kws/search/schedule.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <tuple>

namespace kws {
namespace {

/// Of the clock for a cost of 1: whole numbers add up to the same in any order.
constexpr double kTicks = 1000.0;

constexpr int kHold = 6;  ///< see Bracket: without it twice as many of the best tenth of recorded curves are lost

}  // namespace

std::vector<int> rungs_of(const ScheduleOptions& options) {
  std::vector<int> tops = options.raised_from;
  tops.push_back(options.epochs);
  std::vector<int> rungs = rung_epochs(tops.front(), options.reduction, options.first_rung);
  for (std::size_t i = 1; i < tops.size(); ++i) {
    const std::int64_t next = std::int64_t{rungs.back()} * options.reduction;
    const int below = rungs.back();
    for (const int rung :
         rung_epochs(tops[i], options.reduction, static_cast<int>(std::min<std::int64_t>(next, tops[i])))) {
      if (rung > below) rungs.push_back(rung);
    }
  }
  return rungs;
}

namespace {

int hold_of(const ScheduleOptions& options) { return options.fair && options.reduction > 1 ? kHold : 0; }

/// Trainings at each rung of so many trials, whatever epochs they come to.
std::vector<int> jobs_of(const ScheduleOptions& options, std::size_t budgets, std::size_t rungs, int trials) {
  std::vector<int> jobs;
  int count = trials;
  for (std::size_t i = 0; i < rungs; ++i) {
    jobs.push_back(count);
    // One trial of each budget reaches the top in any case, and its baseline beside it.
    const int share = std::max(count / options.reduction, static_cast<int>(budgets));
    count = std::min(count, share + options.baselines);
  }
  return jobs;
}

std::int64_t epochs_of(std::span<const int> jobs, std::span<const int> rungs) {
  std::int64_t sum = 0, before = 0;
  for (std::size_t i = 0; i < rungs.size(); ++i) {
    sum += jobs[i] * (rungs[i] - before);
    before = rungs[i];
  }
  return sum;
}

}  // namespace

std::vector<int> expected_jobs(const ScheduleOptions& options, std::size_t budgets) {
  const std::vector<int> rungs = rungs_of(options);
  const auto of_trials = [&](int trials) { return jobs_of(options, budgets, rungs.size(), trials); };
  if (options.max_epochs == 0) return of_trials(options.trials);
  // Rungs fill side by side, so a limit leaves about what a search of fewer trials comes to; but so many begin before
  // the first goes on.
  const auto first = static_cast<int>(budgets) * (hold_of(options) + options.reduction) - 1;
  int low = std::clamp(options.max_epochs / rungs.front(), 1, std::max(1, std::min(options.trials, first)));
  for (int high = options.trials; low < high;) {
    const int middle = low + (high - low + 1) / 2;
    if (epochs_of(of_trials(middle), rungs) <= options.max_epochs) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  std::vector<int> jobs = of_trials(low);
  for (std::size_t rung = rungs.size(); rung-- > 1;) {  // what there is no room for is at the top
    const int length = rungs[rung] - rungs[rung - 1];
    const std::int64_t over = std::max<std::int64_t>(0, epochs_of(jobs, rungs) - options.max_epochs);
    jobs[rung] = static_cast<int>(std::max<std::int64_t>(0, jobs[rung] - (over + length - 1) / length));
  }
  return jobs;
}

int expected_epochs(const ScheduleOptions& options, std::size_t budgets) {
  constexpr int kMost = std::numeric_limits<int>::max() / 2;  // finalists are still added to it
  const std::int64_t sum = epochs_of(expected_jobs(options, budgets), rungs_of(options));
  return static_cast<int>(std::min<std::int64_t>(sum, options.max_epochs > 0 ? options.max_epochs : kMost));
}

Schedule::Schedule(const ScheduleOptions& options, std::size_t budgets, Propose propose)
    : options_(options), rungs_(rungs_of(options)), propose_(std::move(propose)) {
  const int trials = hold_of(options) > 0 ? options.trials / static_cast<int>(budgets) : 0;
  for (std::size_t i = 0; i < budgets; ++i) {
    per_budget_.push_back({.bracket = Bracket(rungs_, options.reduction, hold_of(options), trials)});
  }
  raise();
}

/// Opens the rungs up to the next top; returns whether there is one.
bool Schedule::raise() {
  if (open_ == rungs_.size()) return false;
  const auto is_top = [this](int rung) {
    return std::ranges::find(options_.raised_from, rung) != options_.raised_from.end();
  };
  const auto next = std::find_if(rungs_.begin() + static_cast<std::ptrdiff_t>(open_), rungs_.end() - 1, is_top);
  open_ = static_cast<std::size_t>(next - rungs_.begin()) + 1;
  for (PerBudget& own : per_budget_) own.bracket.open_rungs(open_);
  return true;
}

std::optional<Job> Schedule::next() {
  while (!finished_) {
    if (static_cast<int>(running_.size()) < options_.slots) {
      if (auto job = decide()) return begin(*std::move(job));
    }
    if (running_.empty()) {
      finished_ = stopped_ || !raise();
      continue;
    }
    const auto first = std::ranges::min_element(
        running_, {}, [](const Running& running) { return std::tuple(running.end, running.job.number); });
    if (!first->reported) return std::nullopt;
    const Running ended = *first;
    running_.erase(first);
    take_notice(ended);
  }
  return std::nullopt;
}

void Schedule::report(int job, std::optional<double> accuracy) {
  const auto found = std::ranges::find(running_, job, [](const Running& running) { return running.job.number; });
  assert(found != running_.end() && !found->reported);
  found->reported = true;
  found->result = accuracy;
}

void Schedule::take_notice(const Running& ended) {
  const Job& job = ended.job;
  now_ = ended.end;
  measured_.push_back({.trial = job.trial, .epochs = job.to, .accuracy = ended.result});
  per_budget_[job.budget].bracket.report(job.trial, ended.result);
  if (options_.target_accuracy > 0.0 && ended.result.value_or(0.0) >= options_.target_accuracy) {
    per_budget_[job.budget].reached = true;
  }
  const std::vector<double> expected = forecast(measured_, types_, std::span(rungs_).first(open_));
  for (std::size_t i = 0; i < known_.size(); ++i) known_[i].accuracy = expected[i];
  const auto rung = static_cast<int>(std::ranges::find(rungs_, job.to) - rungs_.begin());
  const bool telling = open_ == 1 || rungs_.front() >= kTellingEpochs;
  known_[static_cast<std::size_t>(job.trial)].rung = telling ? rung + 1 : rung;
  if (!options_.fair) return;
  for (PerBudget& own : per_budget_) own.bracket.rank(expected);
}

std::optional<Job> Schedule::decide() {
  if (stopped_) return std::nullopt;
  std::vector<std::size_t> order(per_budget_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return per_budget_[i].epochs; });
  for (const std::size_t budget : order) {
    if (per_budget_[budget].reached) continue;
    auto job = decide(budget);
    if (!job) continue;
    if (options_.max_epochs > 0 && epochs_ + job->to - job->from > options_.max_epochs) {
      stop();  // no cheaper job takes its place: with a higher limit the search goes on as if this had never been
      return std::nullopt;
    }
    return job;
  }
  return std::nullopt;
}

std::optional<Job> Schedule::decide(std::size_t budget) {
  PerBudget& own = per_budget_[budget];
  const auto go_on = [&](const Promotion& promotion) {
    return Job{.trial = promotion.trial,
               .budget = budget,
               .from = rungs_[promotion.to - 1],
               .to = rungs_[promotion.to],
               .reason = promotion.reason};
  };
  if (const auto promotion = own.bracket.promote()) return go_on(*promotion);
  const int trial = static_cast<int>(types_.size());
  if (own.open && trial < options_.trials) {
    if (auto begun = propose_(budget, trial, known_)) {
      own.bracket.open(trial, options_.fair ? begun->type : "", begun->baseline);
      types_.push_back(std::move(begun->type));
      epoch_time_.push_back(options_.by_cost ? std::max<std::int64_t>(1, std::llround(kTicks * begun->cost)) : 1);
      known_.push_back({});
      return Job{.trial = trial, .budget = budget, .from = 0, .to = rungs_.front(), .reason = std::move(begun->reason)};
    }
    own.open = false;
  }
  if (const auto promotion = own.bracket.close()) return go_on(*promotion);
  return std::nullopt;
}

Job Schedule::begin(Job job) {
  job.number = jobs_++;
  per_budget_[job.budget].epochs += job.to - job.from;
  epochs_ += job.to - job.from;
  const std::int64_t each = epoch_time_[static_cast<std::size_t>(job.trial)];
  running_.push_back({.job = job, .end = now_ + each * (job.to - job.from)});
  return job;
}

}  // namespace kws
