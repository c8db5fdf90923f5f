#include "kws/search/replay.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <numeric>
#include <span>

#include "kws/core/interrupt.h"
#include "kws/core/parallel.h"
#include "kws/core/rng.h"
#include "kws/cost/budget.h"
#include "kws/search/epoch_times.h"
#include "kws/search/proposals.h"
#include "strategies.h"
#include "table_pool.h"

namespace kws {
namespace {

enum ReplayStream : std::uint64_t { kResamples = 3 };

constexpr double kTargetShare = 0.99;

/// Trains designs of a pool on paper and counts the epochs until one shows the target.
class Meter {
 public:
  Meter(const RecordedDesigns& designs, double within) : pool_(designs.curves), done_(pool_.size()) {
    double best = 0.0;
    for (const Curve* curve : pool_) best = std::max(best, curve->accuracy.back());
    target_ = within > 0.0 ? best - within / 100.0 : kTargetShare * best;
  }
  /// Accuracy of a design after `epochs`, trained from where it stands.
  double train(std::size_t design, int epochs) {
    const std::vector<double>& accuracy = pool_[design]->accuracy;
    for (int& done = done_[design]; done < epochs && !reached_; ++done) {
      ++spent_;
      reached_ = accuracy[static_cast<std::size_t>(done)] >= target_;
    }
    return accuracy[static_cast<std::size_t>(epochs) - 1];
  }
  /// What was trained is trained on, the most accurate first.
  void train_rest() {
    std::vector<std::size_t> order(pool_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto shown = [&](std::size_t i) {
      return done_[i] == 0 ? 0.0 : pool_[i]->accuracy[static_cast<std::size_t>(done_[i]) - 1];
    };
    std::ranges::stable_sort(order, std::greater{}, shown);
    for (const std::size_t design : order) train(design, static_cast<int>(pool_[design]->accuracy.size()));
  }
  [[nodiscard]] bool reached() const { return reached_; }
  [[nodiscard]] int spent() const { return spent_; }

 private:
  const std::vector<const Curve*>& pool_;
  std::vector<int> done_;
  double target_ = 0.0;
  bool reached_ = false;
  int spent_ = 0;
};

using Visit = std::function<void(const Job&, std::size_t design, double accuracy)>;

/// What a search of the recorded designs would be asked for.
SearchOptions options_of(const Strategy& strategy, const RecordedDesigns& designs, const ReplayOptions& options,
                         std::uint64_t seed) {
  SearchOptions search;
  search.max_trials = static_cast<int>(designs.curves.size());
  search.epochs = static_cast<int>(designs.curves.front()->accuracy.size());
  search.reduction = options.reduction;
  search.slots = options.slots;
  search.seed = seed;
  search.strategy = strategy.name;
  return search;
}

/// Runs a strategy on paper until nothing is left to decide.
void run_strategy(const Strategy& strategy, const RecordedDesigns& designs, const ReplayOptions& options,
                  std::uint64_t seed, Meter& meter, const Visit& visit) {
  const SearchOptions search = options_of(strategy, designs, options, seed);
  std::vector<std::unique_ptr<Pool>> pools;
  pools.push_back(table_pool(designs));
  Proposer proposer(search, {"the table"}, std::move(pools));
  std::vector<std::size_t> trials;  // [trial] design
  Schedule schedule(search.schedule(), 1, [&](std::size_t, int trial, std::span<const Outlook> known) {
    std::optional<Schedule::Begun> begun;
    if (auto proposed = proposer.propose(0, trial, known)) {
      trials.push_back(designs.at.at(proposed->key));
      begun = {.type = proposed->proposal.design.type(),
               .reason = std::move(proposed->reason),
               .baseline = proposed->baseline,
               .cost = training_cost(proposed->proposal.design)};
    }
    return begun;
  });
  while (const auto job = schedule.next()) {
    const std::size_t design = trials[static_cast<std::size_t>(job->trial)];
    const double accuracy = meter.train(design, job->to);
    schedule.report(job->number, accuracy);
    visit(*job, design, accuracy);
  }
}

/// Of the designs that were stopped at the first or second rung, the share that would have been among the best tenth.
double wrongly_stopped(const RecordedDesigns& designs, const std::vector<int>& reached, std::span<const int> rungs) {
  std::vector<double> ends;
  for (const Curve* curve : designs.curves) ends.push_back(curve->accuracy.back());
  std::ranges::sort(ends, std::greater{});
  const double good = ends[ends.size() / 10];
  int stopped = 0, wrongly = 0;
  for (std::size_t i = 0; i < reached.size(); ++i) {
    if (reached[i] == 0 || reached[i] > rungs[std::min<std::size_t>(1, rungs.size() - 1)]) continue;
    if (reached[i] == rungs.back()) continue;
    ++stopped;
    wrongly += designs.curves[i]->accuracy.back() > good ? 1 : 0;
  }
  return stopped == 0 ? 0.0 : static_cast<double>(wrongly) / stopped;
}

/// What one run of a strategy comes to.
struct Outcome {
  double epochs = 0.0;  ///< until the target is shown
  double wrong = 0.0;   ///< wrongly_stopped()
};

Outcome outcome_of(const Strategy& strategy, const RecordedDesigns& designs, const ReplayOptions& options,
                   std::uint64_t seed) {
  Meter meter(designs, options.within);
  std::vector<int> reached(designs.curves.size());
  run_strategy(strategy, designs, options, seed, meter,
               [&](const Job& job, std::size_t design, double) { reached[design] = job.to; });
  meter.train_rest();
  const std::vector<int> rungs = rungs_of(options_of(strategy, designs, options, seed).schedule());
  return {.epochs = static_cast<double>(meter.spent()), .wrong = wrongly_stopped(designs, reached, rungs)};
}

/// The standard budgets with the designs that keep them; throws Error (Exit::usage) where there are none.
std::vector<std::pair<std::string, RecordedDesigns>> designs_of(const CurveTable& table) {
  std::vector<std::pair<std::string, RecordedDesigns>> all;
  for (const Budget& budget : standard_budgets()) {
    std::vector<const Curve*> kept;
    for (const Curve& curve : table.curves) {
      if (budget.fits({.memory_bytes = curve.memory_bytes, .ops = curve.ops})) kept.push_back(&curve);
    }
    if (!kept.empty()) all.emplace_back(budget.name, RecordedDesigns(std::move(kept)));
  }
  if (all.empty()) {
    throw Error("table: none of its designs keeps the small, medium or large budget; record smaller ones", Exit::usage);
  }
  return all;
}

ReplayRow summary(const std::string& budget, const std::string& strategy, const std::vector<double>& epochs) {
  constexpr int kResampleCount = 2000;
  Rng rng({kResamples});
  std::vector<double> means(kResampleCount);
  for (double& mean : means) {
    std::vector<double> drawn(epochs.size());
    for (double& value : drawn) value = epochs[static_cast<std::size_t>(rng.below(epochs.size()))];
    mean = interquartile_mean(std::move(drawn));
  }
  std::ranges::sort(means);
  return {.budget = budget,
          .strategy = strategy,
          .epochs_iqm = interquartile_mean(epochs),
          .epochs_low = means[kResampleCount / 40],
          .epochs_high = means[kResampleCount - 1 - kResampleCount / 40]};
}

}  // namespace

double interquartile_mean(std::vector<double> values) {
  std::ranges::sort(values);
  const auto dropped = static_cast<std::ptrdiff_t>(values.size() / 4);
  const double sum = std::accumulate(values.begin() + dropped, values.end() - dropped, 0.0);
  const std::size_t kept = values.size() - 2 * (values.size() / 4);
  return sum / static_cast<double>(kept);
}

std::vector<ReplayRow> replay(const CurveTable& table, const ReplayOptions& options) {
  std::vector<ReplayRow> rows;
  for (const auto& [budget, designs] : designs_of(table)) {
    for (const Strategy& strategy : strategies()) {
      std::vector<Outcome> outcomes(static_cast<std::size_t>(options.seeds));
      parallel_for_each_index(outcomes.size(), options.threads, [&, &kept = designs](std::size_t seed) {
        throw_if_interrupted();
        outcomes[seed] = outcome_of(strategy, kept, options, seed);
      });
      std::vector<double> epochs;
      double wrong = 0.0;
      for (const Outcome& one : outcomes) {
        epochs.push_back(one.epochs);
        wrong += one.wrong / static_cast<double>(outcomes.size());
      }
      rows.push_back(summary(budget, strategy.name, epochs));
      rows.back().wrongly_stopped = wrong;
    }
  }
  return rows;
}

Json replay_to_json(const std::vector<ReplayRow>& rows) {
  Json list = Json::array();
  for (const ReplayRow& row : rows) {
    list.push_back({{"budget", row.budget},
                    {"strategy", row.strategy},
                    {"epochs_iqm", row.epochs_iqm},
                    {"epochs_low", row.epochs_low},
                    {"epochs_high", row.epochs_high},
                    {"wrongly_stopped", row.wrongly_stopped}});
  }
  return {{"schema", "kwsmith.replay/1"}, {"rows", std::move(list)}};
}

std::vector<ReplayStep> replay_steps(const CurveTable& table, const ReplayOptions& options) {
  std::vector<ReplayStep> steps;
  for (const auto& [budget, designs] : designs_of(table)) {
    Meter meter(designs, options.within);
    run_strategy(strategies().front(), designs, options, 0, meter,
                 [&, &name = budget, &kept = designs](const Job& job, std::size_t design, double accuracy) {
                   const std::string& of = kept.candidates[design].sample.design.name;
                   steps.push_back({.budget = name, .job = job, .design = of, .accuracy = accuracy});
                 });
  }
  return steps;
}

Json replay_steps_to_json(const std::vector<ReplayStep>& steps) {
  Json list = Json::array();
  for (const ReplayStep& step : steps) {
    list.push_back({{"budget", step.budget},
                    {"trial", step.job.trial},
                    {"design", step.design},
                    {"from", step.job.from},
                    {"to", step.job.to},
                    {"accuracy", step.accuracy},
                    {"reason", step.job.reason}});
  }
  return {{"schema", "kwsmith.replay_steps/1"}, {"steps", std::move(list)}};
}

}  // namespace kws
