#include "kws/search/replay.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <span>

#include "kws/core/parallel.h"
#include "kws/core/rng.h"
#include "kws/cost/budget.h"
#include "kws/search/tpe.h"

namespace kws {
namespace {

// One stream of random numbers per purpose, so that none shifts another.
enum ReplayStream : std::uint64_t { kOrder = 1, kCandidates = 2, kResamples = 3 };

constexpr double kTargetShare = 0.99;

using Pool = std::vector<const Curve*>;

/// Trains designs of a pool on paper and counts the epochs until one shows the target.
class Meter {
 public:
  explicit Meter(const Pool& pool) : pool_(pool), done_(pool.size()) {
    for (const Curve* curve : pool) target_ = std::max(target_, kTargetShare * curve->accuracy.back());
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
  /// Trains everything in full, in the order given.
  void train_all(const std::vector<std::size_t>& order) {
    for (const std::size_t design : order) train(design, static_cast<int>(pool_[design]->accuracy.size()));
  }
  /// What was trained is trained on, the most accurate first.
  void train_rest() {
    std::vector<std::size_t> order(pool_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto shown = [&](std::size_t i) {
      return done_[i] == 0 ? 0.0 : pool_[i]->accuracy[static_cast<std::size_t>(done_[i]) - 1];
    };
    std::ranges::stable_sort(order, std::greater{}, shown);
    train_all(order);
  }
  [[nodiscard]] bool reached() const { return reached_; }
  [[nodiscard]] int spent() const { return spent_; }

 private:
  const Pool& pool_;
  std::vector<int> done_;
  double target_ = 0.0;
  bool reached_ = false;
  int spent_ = 0;
};

std::vector<std::size_t> shuffled(std::size_t count, std::uint64_t seed) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  Rng rng({seed, kOrder});
  shuffle(order, rng);
  return order;
}

/// The pool as the Parzen model sees it, the same for every seed.
struct Points {
  explicit Points(const Pool& pool) {
    for (const Curve* curve : pool) {
      points.push_back(vocabulary.point(curve->design, {.memory_bytes = curve->memory_bytes, .ops = curve->ops}));
    }
  }
  Vocabulary vocabulary;
  std::vector<Point> points;
};

/// Which design of a pool becomes the next trial: one per type at random, then the Parzen model's, with a random one
/// now and then in case it errs.
class ModelChooser {
 public:
  ModelChooser(const Pool& pool, const Points& points, std::uint64_t seed)
      : pool_(pool), points_(points), left_(shuffled(pool.size(), seed)), seed_(seed) {
    for (const std::size_t design : left_) {
      if (std::ranges::find(types_, type(design)) == types_.end()) types_.push_back(type(design));
    }
  }

  std::size_t operator()(std::span<const Outlook> known) {
    const std::size_t number = chosen_.size();
    const auto found = number < types_.size() || number % kRandomEvery == 0 ? spread() : promising(known);
    chosen_.push_back(*found);
    left_.erase(found);
    return chosen_.back();
  }

 private:
  using Place = std::vector<std::size_t>::iterator;
  [[nodiscard]] std::string type(std::size_t design) const { return pool_[design]->design.type(); }

  /// At random, types in turn.
  Place spread() {
    for (std::size_t i = 0; i < types_.size(); ++i) {
      const std::string& wanted = types_[turn_++ % types_.size()];
      const auto found = std::ranges::find(left_, wanted, [&](std::size_t design) { return type(design); });
      if (found != left_.end()) return found;
    }
    return left_.begin();
  }

  /// The model's best of a few drawn at random.
  Place promising(std::span<const Outlook> known) {
    std::vector<Point> seen;
    std::vector<double> worth;
    const std::vector<bool> proven = trials_to_learn_from(known, kLeastToModel);
    for (std::size_t i = 0; i < proven.size(); ++i) {
      if (!proven[i]) continue;
      seen.push_back(points_.points[chosen_[i]]);
      worth.push_back(known[i].accuracy);
    }
    if (seen.empty()) return spread();
    const ParzenModel model(points_.vocabulary, seen, worth);
    Rng rng({seed_, kCandidates, chosen_.size()});
    shuffle(left_, rng);
    const auto end = left_.begin() + static_cast<std::ptrdiff_t>(std::min(left_.size(), kCandidateCount));
    return std::ranges::max_element(left_.begin(), end, {},
                                    [&](std::size_t design) { return model.score(points_.points[design]); });
  }

  static constexpr std::size_t kRandomEvery = 5, kCandidateCount = 64;
  const Pool& pool_;
  const Points& points_;
  std::vector<std::size_t> left_;
  std::uint64_t seed_;
  std::vector<std::string> types_;
  std::size_t turn_ = 0;
  std::vector<std::size_t> chosen_;  ///< [trial]
};

using Choose = std::function<std::size_t(std::span<const Outlook> known)>;
using Visit = std::function<void(const Job&, const Curve&, double accuracy)>;

/// Runs the schedule on paper until the target is reached or nothing is left to decide.
void halve(const Pool& pool, const ReplayOptions& options, Ranking ranking, const Choose& choose, Meter& meter,
           const Visit& visit) {
  std::vector<std::size_t> designs;  // [trial]
  const ScheduleOptions schedule_options{.trials = static_cast<int>(pool.size()),
                                         .epochs = static_cast<int>(pool.front()->accuracy.size()),
                                         .reduction = options.reduction,
                                         .slots = options.slots,
                                         .ranking = ranking};
  Schedule schedule(schedule_options, 1, [&](std::size_t, int, std::span<const Outlook> known) {
    designs.push_back(choose(known));
    return std::optional(pool[designs.back()]->design.type());
  });
  while (!meter.reached()) {
    const auto job = schedule.next();
    if (!job) break;
    const std::size_t design = designs[static_cast<std::size_t>(job->trial)];
    const double accuracy = meter.train(design, job->to);
    schedule.report(job->number, accuracy);
    visit(*job, *pool[design], accuracy);
  }
}

int epochs_needed(const std::string& strategy, const Pool& pool, const Points& points, const ReplayOptions& options,
                  std::uint64_t seed) {
  Meter meter(pool);
  const Visit nobody = [](const Job&, const Curve&, double) {};
  if (strategy == "one_epoch") {
    for (const std::size_t design : shuffled(pool.size(), seed)) meter.train(design, 1);
  } else if (strategy == "asha") {
    const auto at_random = [order = shuffled(pool.size(), seed),
                            next = std::size_t{0}](std::span<const Outlook>) mutable { return order[next++]; };
    halve(pool, options, Ranking::shown, at_random, meter, nobody);
  } else if (strategy == "kwsmith") {
    halve(pool, options, Ranking::forecast, ModelChooser(pool, points, seed), meter, nobody);
  } else {
    meter.train_all(shuffled(pool.size(), seed));
  }
  meter.train_rest();
  return meter.spent();
}

/// The standard budgets with the designs that keep them.
std::vector<std::pair<std::string, Pool>> pools_of(const CurveTable& table) {
  std::vector<std::pair<std::string, Pool>> pools;
  for (const Budget& budget : standard_budgets()) {
    Pool pool;
    for (const Curve& curve : table.curves) {
      if (budget.fits({.memory_bytes = curve.memory_bytes, .ops = curve.ops})) pool.push_back(&curve);
    }
    if (!pool.empty()) pools.emplace_back(budget.name, std::move(pool));
  }
  return pools;
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

const std::vector<std::string>& replay_strategies() {
  static const std::vector<std::string> names = {"random", "one_epoch", "asha", "kwsmith"};
  return names;
}

double interquartile_mean(std::vector<double> values) {
  std::ranges::sort(values);
  const auto dropped = static_cast<std::ptrdiff_t>(values.size() / 4);
  const double sum = std::accumulate(values.begin() + dropped, values.end() - dropped, 0.0);
  const std::size_t kept = values.size() - 2 * (values.size() / 4);
  return sum / static_cast<double>(kept);
}

std::vector<ReplayRow> replay(const CurveTable& table, const ReplayOptions& options) {
  std::vector<ReplayRow> rows;
  for (const auto& [budget, pool] : pools_of(table)) {
    const Points points(pool);
    for (const std::string& strategy : replay_strategies()) {
      std::vector<double> epochs(static_cast<std::size_t>(options.seeds));
      parallel_for_each_index(epochs.size(), options.threads, [&, &one_pool = pool](std::size_t seed) {
        epochs[seed] = epochs_needed(strategy, one_pool, points, options, seed);
      });
      rows.push_back(summary(budget, strategy, epochs));
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
                    {"epochs_high", row.epochs_high}});
  }
  return {{"schema", "kwsmith.replay/1"}, {"rows", std::move(list)}};
}

std::vector<ReplayStep> replay_steps(const CurveTable& table, const ReplayOptions& options) {
  std::vector<ReplayStep> steps;
  for (const auto& [budget, pool] : pools_of(table)) {
    const Points points(pool);
    Meter meter(pool);
    const Visit note = [&, &name = budget](const Job& job, const Curve& curve, double accuracy) {
      steps.push_back({.budget = name, .job = job, .design = curve.design.name, .accuracy = accuracy});
    };
    halve(pool, options, Ranking::forecast, ModelChooser(pool, points, 0), meter, note);
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
