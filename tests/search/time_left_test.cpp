#include "../../search/time_left.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "fake_evaluator.h"
#include "kws/core/rng.h"
#include "kws/search/finalists.h"
#include "kws/search/plan.h"
#include "kws/search/schedule.h"

namespace kws {
namespace {

using testing::two_budgets;

constexpr double kRungSeconds = 0.7;

/// A search whose time is counted, not spent.
class CountedSearch {
 public:
  struct Said {
    double now, left;
  };

  CountedSearch(const SearchOptions& options, int workers, std::uint64_t seed)
      : options_(options),
        seed_(seed),
        schedule_(options.schedule(), options.budgets().size(),
                  [](std::size_t, int trial, std::span<const Outlook>) {
                    return Schedule::Begun{.type = trial % 3 == 0 ? "slow" : "quick", .reason = ""};
                  }),
        time_left_(options),
        workers_(static_cast<std::size_t>(workers)) {}

  /// What it has said of the time left, and when it ended.
  std::pair<std::vector<Said>, double> run() {
    while (hand_out()) {
      Worker* next = nullptr;
      for (Worker& worker : workers_) {
        if (worker.busy && (next == nullptr || worker.next < next->next)) next = &worker;
      }
      now_ = next->next;
      go_on(*next);
      constexpr int kEvery = 7;  // of the epochs
      if (++events_ % kEvery != 0) continue;
      if (const auto left = time_left_.seconds(now_)) said_.push_back({now_, *left});
    }
    return {said_, now_ + static_cast<double>(options_.budgets().size()) * kRungSeconds};
  }

 private:
  struct Worker {
    bool busy = false;
    Job job;
    int epochs = 0;
    double begun = 0.0, next = 0.0;
  };

  /// From 0.3 to 2 seconds an epoch, three times that of a slow type; rounding doubles it.
  [[nodiscard]] double epoch_seconds(int number, int epoch) const {
    const int trial = is_finalist(number) ? finalist_of(number) : number;
    const double size = Rng({seed_, static_cast<std::uint64_t>(trial)}).uniform(0.3, 2.0);
    const bool tuning = is_finalist(number) && epoch > final_epochs(options_);
    return size * (trial % 3 == 0 ? 3.0 : 1.0) * (tuning ? 2.0 : 1.0) + (epoch == 1 ? 0.4 : 0.0);
  }
  /// Larger networks are better.
  [[nodiscard]] double accuracy(int trial) const {
    const double luck = Rng({seed_, 1, static_cast<std::uint64_t>(trial)}).uniform(0.0, 0.06);
    return 0.8 + 0.02 * epoch_seconds(trial, 2) + luck;
  }

  /// Returns whether anything is under way.
  bool hand_out() {
    while (const auto job = schedule_.next()) offer(*job);
    if (schedule_.finished() && !finals_) offer_finalists();
    for (Worker& worker : workers_) {
      if (worker.busy || queue_.empty()) continue;
      worker = {.busy = true, .job = queue_.front(), .epochs = queue_.front().from, .begun = now_};
      worker.next = now_ + epoch_seconds(worker.job.trial, worker.epochs + 1);
      queue_.pop_front();
      time_left_.trained(worker.job.trial, worker.job.to, worker.epochs, now_);
    }
    return std::ranges::any_of(workers_, &Worker::busy);
  }
  void offer(const Job& job) {
    queue_.push_back(job);
    budgets_[job.trial] = job.budget;
    const int trial = is_finalist(job.trial) ? finalist_of(job.trial) : job.trial;
    constexpr double kCostError = 0.3;  // of the logarithm, as training_cost() has
    const double doubt = Rng({seed_, 2, static_cast<std::uint64_t>(trial)}).uniform(-1.7, 1.7) * kCostError;
    time_left_.offered({.trial = job.trial,
                        .from = job.from,
                        .to = job.to,
                        .budget = options_.budgets()[job.budget].name,
                        .cost = epoch_seconds(trial, 2) * std::exp(doubt)});
  }
  void offer_finalists() {
    finals_ = true;
    for (std::size_t budget = 0; budget < options_.budgets().size(); ++budget) {
      std::vector<int> best;
      for (const int trial : full_) {
        if (budgets_.at(trial) == budget) best.push_back(trial);
      }
      std::ranges::sort(best, {}, [&](int trial) { return -accuracy(trial); });
      best.resize(std::min(best.size(), static_cast<std::size_t>(options_.finalists)));
      for (const int trial : best) {
        for (int seed = 1; seed <= options_.final_seeds; ++seed) {
          offer({.trial = finalist_number(trial, seed),
                 .budget = budget,
                 .to = final_epochs(options_) + options_.tuning_epochs,
                 .reason = ""});
        }
      }
    }
    time_left_.finalists_offered();
  }

  /// An epoch of the worker's step has ended, or the step.
  void go_on(Worker& worker) {
    const Job& job = worker.job;
    if (worker.epochs == job.to) {
      worker.busy = false;
      time_left_.ended(job.trial, job.to, now_ - worker.begun, accuracy(job.trial));
      if (is_finalist(job.trial)) return;
      schedule_.report(job.number, accuracy(job.trial));
      if (job.to == schedule_.rungs().back()) full_.push_back(job.trial);
      return;
    }
    time_left_.trained(job.trial, job.to, ++worker.epochs, now_);
    worker.next = now_ + (worker.epochs == job.to ? kRungSeconds : epoch_seconds(job.trial, worker.epochs + 1));
  }

  SearchOptions options_;
  std::uint64_t seed_;
  Schedule schedule_;
  TimeLeft time_left_;
  std::vector<Worker> workers_;
  std::deque<Job> queue_;
  std::map<int, std::size_t> budgets_;  ///< of every trial
  std::vector<int> full_;               ///< trials at the top rung
  std::vector<Said> said_;
  double now_ = 0.0;
  bool finals_ = false;
  int events_ = 0;
};

SearchOptions planned_search(std::vector<std::string> budgets, int workers) {
  SearchOptions options = two_budgets();
  options.budget_names = std::move(budgets);
  options.max_trials = 90;
  options.epochs = 27;
  options.first_rung = 3;
  options.finalists = 3;
  options.final_seeds = 3;
  options.final_epochs = 40;
  options.tuning_epochs = 2;
  options.threads = workers;
  return options;
}

/// How far the end that was announced lies beside the true one, at most, in lengths of the search; and the time left
/// beside what was needed, in lengths of that, while there is much of it.
struct Errors {
  double end = 0.0, left = 0.0;
};
Errors errors_after(double share, const std::vector<CountedSearch::Said>& said, double end) {
  Errors worst;
  for (const auto& [now, left] : said) {
    if (now < share * end) continue;
    worst.end = std::max(worst.end, std::abs(now + left - end) / end);
    if (now < 0.9 * end) worst.left = std::max(worst.left, std::abs(left / (end - now) - 1.0));
  }
  return worst;
}

TEST(TimeLeft, IsRightToAQuarterAfterAThirdOfASearch) {
  for (const std::vector<std::string>& budgets : {std::vector<std::string>{"small"}, {"small", "large"}}) {
    for (const int workers : {1, 2, 8}) {
      constexpr int kSearches = 40;
      int right = 0;
      for (std::uint64_t seed = 1; seed <= kSearches; ++seed) {
        CountedSearch search(planned_search(budgets, workers), workers, seed);
        const auto& [said, end] = search.run();
        const Errors third = errors_after(1.0 / 3.0, said, end), tenth = errors_after(0.1, said, end);
        ASSERT_GT(said.size(), 30U);
        right += third.left < 0.25 ? 1 : 0;
        EXPECT_LT(tenth.end, workers <= 2 ? 0.3 : 0.5) << workers << " workers, seed " << seed;
      }
      // Of many workers' first trainings the quick ones are known first, and the last one may be a slow one.
      EXPECT_GE(right, workers <= 2 ? 39 : 30) << "of 40 searches with " << workers << " workers";
    }
  }
}

TEST(TimeLeft, TheEndIsKnownToFifteenPercentAfterATenthOfMostSearches) {
  constexpr int kSearches = 60;
  for (const int trials : {18, 90}) {
    int right = 0;
    for (std::uint64_t seed = 1; seed <= kSearches; ++seed) {
      SearchOptions options = planned_search({"small"}, 2);
      options.max_trials = trials;
      if (trials < 90) {  // as planned where training is slow
        options.finalists = 1;
        options.final_seeds = 2;
      }
      const auto& [said, end] = CountedSearch(options, 2, seed).run();
      const auto tenth =
          std::ranges::find_if(said, [&, end = end](const CountedSearch::Said& one) { return one.now >= 0.1 * end; });
      right += std::abs(tenth->now + tenth->left - end) < 0.15 * end ? 1 : 0;
    }
    EXPECT_GE(right, kSearches * 3 / 4) << trials << " trials";
  }
}

TEST(TimeLeft, BeginsWithWhatThePlanHasMeasured) {
  SearchOptions options = planned_search({"small"}, 2);
  options.pace = {.epoch_seconds = 2.0, .late_epoch_seconds = 4.0, .rung_seconds = 0.0, .at_once = 2};
  TimeLeft time_left(options);
  const double planned = planned_seconds(options, *options.pace);
  EXPECT_NEAR(*time_left.seconds(0.0), planned, 0.01 * planned);
  time_left.offered({.trial = 0, .from = 0, .to = 3, .budget = "small"});
  time_left.trained(0, 3, 0, 0.0);
  time_left.trained(0, 3, 1, 0.3);
  time_left.trained(0, 3, 2, 0.5);
  EXPECT_NEAR(*time_left.seconds(0.5), planned, 0.05 * planned) << "one quick design tells nothing of the others";
}

TEST(TimeLeft, TheFirstAtARungIsNotTakenForTheBest) {
  SearchOptions options = planned_search({"small"}, 1);
  options.max_trials = 9;
  options.epochs = 9;
  options.finalists = options.final_seeds = 1;
  TimeLeft time_left(options);
  for (int trial = 0; trial < options.max_trials; ++trial) {
    time_left.offered({.trial = trial, .from = 0, .to = 3, .budget = "small"});
    time_left.ended(trial, 3, trial == 0 ? 30.0 : 3.0, trial == 0 ? 0.93 : 0.90 - 0.01 * trial);
  }
  for (const int trial : {0, 1, 2}) time_left.offered({.trial = trial, .from = 3, .to = 9, .budget = "small"});
  const double before = *time_left.seconds(0.0);
  time_left.ended(1, 9, 6.0, 0.95);
  EXPECT_NEAR(*time_left.seconds(0.0), before - 6.0, 1e-9) << "the finalist is trial 0, ten times as slow";
}

TEST(TimeLeft, IsUnknownUntilAnEpochHasBeenTimed) {
  TimeLeft time_left(planned_search({"small"}, 1));
  EXPECT_FALSE(time_left.seconds(0.0));
  time_left.offered({.trial = 0, .from = 0, .to = 3, .budget = "small"});
  time_left.trained(0, 3, 0, 1.0);
  EXPECT_FALSE(time_left.seconds(2.0));
  time_left.trained(0, 3, 1, 3.0);  // which made features, too
  EXPECT_FALSE(time_left.seconds(3.0));
  time_left.trained(0, 3, 2, 4.0);
  EXPECT_TRUE(time_left.seconds(4.0));
}

TEST(TimeLeft, GuessesWhatHasNotBeenTimedByItsCost) {
  SearchOptions options = planned_search({"small"}, 1);
  options.max_trials = 2;
  options.epochs = options.first_rung;
  options.finalists = 0;
  TimeLeft time_left(options);
  time_left.offered({.trial = 0, .from = 0, .to = 3, .budget = "small", .cost = 2.0});
  time_left.offered({.trial = 1, .from = 0, .to = 3, .budget = "small", .cost = 10.0});
  time_left.ended(0, 3, 6.0, 0.9);  // 2 seconds an epoch
  EXPECT_NEAR(*time_left.seconds(6.0), 3 * 10.0, 1e-9);
}

TEST(TrainingCost, SeesTheManyNumbersOfASlowDesign) {
  std::map<std::string, double> costs;
  for (const Design& design : known_designs()) costs[design.name] = training_cost(design);
  const double ratio = costs.at("bc_resnet_1") / costs.at("tc_resnet8");
  EXPECT_NEAR(ratio, 7.3, 2.0) << "as measured, with about as many operations";
  EXPECT_LT(costs.at("dnn_s"), costs.at("tc_resnet8"));
}

TEST(TimeLeft, AStepThatGoesOnAmidItsEpochsTellsOfThoseItTrains) {
  SearchOptions options = planned_search({"small"}, 1);
  options.max_trials = 1;
  options.epochs = options.first_rung = 27;
  options.finalists = 0;
  for (const int checkpoint : {0, 24, 26}) {
    TimeLeft time_left(options);
    time_left.known(27, false, 27.0);
    time_left.offered({.trial = 0, .from = 0, .to = 27, .budget = "small"});
    double now = 100.0;
    time_left.trained(0, 27, 0, now);
    for (int epoch = checkpoint + 1; epoch <= 27; ++epoch) time_left.trained(0, 27, epoch, now += 2.0);
    time_left.ended(0, 27, 54.0, 0.9);
    time_left.offered({.trial = kFirstFinalist, .from = 0, .to = 10, .budget = "small"});
    EXPECT_GE(*time_left.seconds(now), checkpoint < 26 ? 19.0 : 9.0) << checkpoint;
  }
}

TEST(TimeLeft, CountsWhatWorkersElsewhereTrain) {
  SearchOptions options = planned_search({"small"}, 1);
  options.max_trials = 1;
  options.epochs = options.first_rung;
  options.finalists = 0;
  TimeLeft time_left(options);
  time_left.offered({.trial = 0, .from = 0, .to = 3, .budget = "small"});
  time_left.ended(0, 3, 30.0, 0.9);
  EXPECT_NEAR(*time_left.seconds(30.0), 0.0, 1e-9);
}

}  // namespace
}  // namespace kws
