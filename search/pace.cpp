#include "kws/search/pace.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <limits>
#include <map>
#include <mutex>
#include <numeric>
#include <set>
#include <thread>
#include <utility>

#include "kws/core/interrupt.h"
#include "kws/core/median.h"
#include "kws/core/table.h"
#include "kws/search/options.h"
#include "published.h"

namespace kws {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kMeasuredEpochs = 2;    ///< the first makes what all trials share, so that the second counts
constexpr double kOneFinalist = 0.5;  ///< of the time, that the slowest design worth a search takes at kShortLength

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// Seconds of an epoch of each type's quickest design.
std::map<std::string, double> quickest_of_types(const std::vector<FirstDesign>& first) {
  std::map<std::string, double> quickest;
  for (const FirstDesign& design : first) {
    double& least = quickest.try_emplace(design.proposal.design.type(), design.step_seconds).first->second;
    least = std::min(least, design.step_seconds);
  }
  return quickest;
}

double middle_of(const std::map<std::string, double>& of_types) {
  std::vector<double> all;
  all.reserve(of_types.size());
  for (const auto& [type, value] : of_types) all.push_back(value);
  return median(std::move(all));
}

/// Seconds of an epoch of what goes on in a budget: of its baseline, or where it has none of the slowest quarter.
double late_epoch_seconds(std::vector<const FirstDesign*> of_budget) {
  const auto name_of = [](const FirstDesign* design) { return design->proposal.design.name; };
  if (bring_baseline_forward(of_budget, name_of)) return of_budget.front()->step_seconds;
  std::vector<double> all;
  all.reserve(of_budget.size());
  for (const FirstDesign* design : of_budget) all.push_back(design->step_seconds);
  std::ranges::sort(all);
  const std::size_t slower = (all.size() + 3) / 4;
  return std::accumulate(all.end() - static_cast<std::ptrdiff_t>(slower), all.end(), 0.0) / static_cast<double>(slower);
}

}  // namespace

std::vector<Proposal> first_proposals(Proposer& proposer, std::size_t budgets, int count) {
  std::vector<Proposal> first;
  const std::vector<Outlook> nothing_known(static_cast<std::size_t>(std::max(0, count)));
  for (int number = 0; number < count; ++number) {
    const std::size_t budget = static_cast<std::size_t>(number) % budgets;
    if (proposer.needs_results(budget)) continue;
    auto proposed = proposer.propose(budget, number, nothing_known);
    if (proposed) first.push_back(std::move(proposed->proposal));
  }
  return first;
}

std::vector<Proposal> few_of_each_type(const std::vector<Proposal>& proposals, std::size_t of_each) {
  std::map<std::string, std::vector<std::size_t>> of_type;
  for (std::size_t i = 0; i < proposals.size(); ++i) of_type[proposals[i].design.type()].push_back(i);
  std::set<std::size_t> kept;
  for (const auto& [type, places] : of_type) {
    const std::size_t gaps = std::max<std::size_t>(1, of_each - 1);
    for (std::size_t i = 0; i < of_each; ++i) kept.insert(places[i * (places.size() - 1) / gaps]);
    for (const std::size_t place : places) {
      if (is_baseline_name(proposals[place].design.name)) kept.insert(place);
    }
  }
  std::vector<Proposal> few;
  few.reserve(kept.size());
  for (const std::size_t place : kept) few.push_back(proposals[place]);
  return few;
}

TrainingPace pace_of_steps(const std::vector<FirstDesign>& first) {
  std::map<std::string, int> of_type;
  for (const FirstDesign& design : first) ++of_type[design.proposal.design.type()];
  TrainingPace pace;
  std::map<std::string, std::vector<const FirstDesign*>> of_budget;
  for (const FirstDesign& design : first) {
    pace.epoch_seconds += design.step_seconds / of_type.at(design.proposal.design.type());
    of_budget[design.proposal.budget].push_back(&design);
  }
  pace.epoch_seconds /= static_cast<double>(of_type.size());
  for (const auto& [budget, designs] : of_budget) {
    pace.late_epoch_seconds += late_epoch_seconds(designs) / static_cast<double>(of_budget.size());
  }
  pace.late_epoch_seconds = std::max(pace.late_epoch_seconds, pace.epoch_seconds);
  return pace;
}

std::vector<std::string> slow_types(const std::vector<FirstDesign>& first, double seconds) {
  constexpr double kOneTraining = 0.2;  // of the time, at most
  constexpr double kMostTimes = 4.0;    // as slow as most types
  const std::map<std::string, double> quickest = quickest_of_types(first);
  const double most = kMostTimes * middle_of(quickest);
  std::vector<std::string> slow;
  for (const auto& [type, epoch] : quickest) {
    if (kFullLength * epoch > kOneTraining * seconds && epoch > most) slow.push_back(type);
  }
  return slow;
}

double most_training_cost(const std::vector<FirstDesign>& first, double seconds) {
  const double epochs = kShortLength + kQuantAwareCost * SearchOptions().tuning_epochs;
  const double epoch_seconds = kOneFinalist * seconds / epochs;
  if (first.empty() || epoch_seconds < middle_of(quickest_of_types(first))) return 0.0;
  std::vector<double> each;  // seconds of a unit of cost
  each.reserve(first.size());
  double least = std::numeric_limits<double>::infinity();
  for (const FirstDesign& one : first) {
    const double cost = training_cost(one.proposal.design);
    each.push_back(one.step_seconds / cost);
    least = std::min(least, cost);
  }
  std::ranges::sort(each);
  // The cost tells times to a third: in doubt a design stays, and one does in any case.
  const double most = std::max(least, epoch_seconds / each[each.size() / 4]);
  constexpr double kAny = 1e6;  // the largest limit there is
  return most < kAny ? most : 0.0;
}

Overhead measure_overhead(const std::vector<FirstDesign>& first, Evaluator& evaluator, int at_once, double patience) {
  const auto start = Clock::now();
  std::vector<const FirstDesign*> quickest_first;
  quickest_first.reserve(first.size());
  for (const FirstDesign& design : first) quickest_first.push_back(&design);
  std::ranges::stable_sort(quickest_first, {}, &FirstDesign::step_seconds);
  std::mutex mutex;
  std::exception_ptr error;
  std::size_t next = 0;
  int measured = 0;
  double beside = 0.0, rungs = 0.0;
  const auto measure = [&] {
    try {
      for (bool begins = true; begins || seconds_since(start) < patience; begins = false) {
        const FirstDesign* design = nullptr;
        {
          const std::scoped_lock lock(mutex);
          if (next >= quickest_first.size() || interrupted()) return;
          design = quickest_first[next++];
        }
        Clock::time_point before = Clock::now(), last = before;
        const int epochs = std::min(kMeasuredEpochs, design->proposal.training.all_epochs());
        evaluator.run(design->proposal, epochs, "",
                      [&](int, const std::function<std::string()>&) { before = std::exchange(last, Clock::now()); });
        const double rung = seconds_since(last);
        const std::scoped_lock lock(mutex);
        beside += std::chrono::duration<double>(last - before).count() - design->step_seconds;
        rungs += rung;
        ++measured;
      }
    } catch (...) {
      const std::scoped_lock lock(mutex);
      if (!error) error = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> threads;
    threads.reserve(static_cast<std::size_t>(at_once));
    for (int i = 0; i < at_once; ++i) threads.emplace_back(measure);
  }
  if (error) std::rethrow_exception(error);
  if (measured == 0) throw Interrupted{};
  return {.epoch_seconds = std::max(0.0, beside / measured), .rung_seconds = rungs / measured};
}

TrainingPace pace_of(const std::vector<FirstDesign>& first, const Overhead& overhead, int at_once) {
  TrainingPace pace = pace_of_steps(first);
  pace.epoch_seconds += overhead.epoch_seconds;
  pace.late_epoch_seconds += overhead.epoch_seconds;
  pace.rung_seconds = overhead.rung_seconds;
  pace.at_once = at_once;
  return pace;
}

std::string describe_time(double seconds) {
  if (seconds < 120.0) return fixed(seconds, 0) + " s";
  if (seconds < 7200.0) return fixed(seconds / 60.0, 0) + " minutes";
  return fixed(seconds / 3600.0, 1) + " hours";
}

}  // namespace kws
