#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bounds.h"
#include "kws/search/pool.h"
#include "moves.h"
#include "published.h"
#include "streams.h"

namespace kws {
namespace {

constexpr int kProbeDraws = 20000;    ///< before a type counts as too large for a budget that some design fits
constexpr int kRoundDraws = 200;      ///< before the least design is looked for once more,
constexpr double kFarAbove = 1.5;     ///< which ends the draws where it needs so many times the budget
constexpr int kRareDraws = 2000;      ///< without one that fits, where the least does: draws are no way to designs
constexpr int kProposalDraws = 5000;  ///< before a design below half of the budget is taken
constexpr double kWantedShare = 0.5;
constexpr int kWalkSteps = 12, kWalkTries = 400;  ///< changes on the way from the least design to another

/// What designs of one type need at least, seen against their bounds.
struct Probe {
  bool fits = false;
  std::optional<Sample> least = {};  ///< that fits although no draw has
  Bounds::Share closest;
};

Probe probe(const SearchOptions& options, std::size_t type, const Bounds& bounds) {
  Rng rng({options.seed, kProbes, type});
  Probe probe;
  const auto need = [&](const Sample& sample) {
    const Bounds::Share taken = bounds.of(sample.design);
    if (taken.share < probe.closest.share) probe.closest = taken;
    return taken;
  };
  Sample closest;
  double share = std::numeric_limits<double>::infinity(), smallest = share;  // of the round, of the least so far
  for (int drawn = 1; drawn <= (probe.least ? kRareDraws : kProbeDraws); ++drawn) {
    Sample one = sample(options.space, options.types[type], options.classes, rng);
    const Bounds::Share drawn_share = need(one);
    if (drawn_share.fits) return {.fits = true, .closest = drawn_share};
    if (drawn_share.share < share) {
      share = drawn_share.share;
      closest = std::move(one);
    }
    if (drawn % kRoundDraws != 0 || probe.least) continue;
    Sample least_one = least(options.space, closest, [&](const Sample& sample) { return need(sample).share; });
    const Bounds::Share taken = need(least_one);
    if (taken.fits) {
      probe.least = std::move(least_one);
    } else if (taken.share > kFarAbove || taken.share >= smallest) {
      break;  // another way down has come no further
    }
    smallest = std::min(smallest, taken.share);
    share = std::numeric_limits<double>::infinity();
  }
  probe.fits = probe.least.has_value();
  return probe;
}

class SpacePool : public Pool {
 public:
  SpacePool(const SearchOptions& options, std::size_t budget, std::vector<std::string>& warnings)
      : options_(options), budget_(budget), bounds_(options, options.budgets()[budget]) {
    Probe best;
    for (std::size_t type = 0; type < options_.types.size(); ++type) {
      const Probe found = probe(options_, type, bounds_);
      if (found.closest.share < best.closest.share) best = found;
      if (found.fits) {
        types_.push_back(options_.types[type]);
        if (found.least) least_.emplace(options_.types[type], *found.least);
        continue;
      }
      warnings.push_back("type " + options_.types[type] + ": no design that was tried " +
                         bounds_.why_no_type_fits(found.closest) + "; its turns go to the other types");
    }
    if (!types_.empty()) return;
    throw Error(bounds_.why_nothing_fits(best.closest) + "; raise the limit or widen the space", Exit::nothing_fits);
  }

  [[nodiscard]] const std::vector<std::string>& types() const override { return types_; }

  [[nodiscard]] std::vector<Candidate> published() const override {
    std::vector<Candidate> all;
    for (Sample& sample : published_of(options_, budget_, known_designs())) {
      const bool there = std::ranges::find(types_, sample.design.type()) != types_.end();
      if (there) all.push_back(candidate(std::move(sample)));
    }
    return all;
  }

  std::optional<Candidate> draw(const std::string& type, Rng& rng, const Seen& seen) const override {
    if (const auto found = least_.find(type); found != least_.end()) return walk(found->second, rng, seen);
    std::optional<Candidate> largest;
    double largest_share = -1.0;
    for (int i = 0; i < kProposalDraws; ++i) {
      Sample drawn = sample(options_.space, type, options_.classes, rng);
      const Bounds::Share taken = bounds_.of(drawn.design);
      if (!taken.fits || taken.share <= largest_share) continue;
      Candidate one = candidate(std::move(drawn));
      if (seen(one.key)) continue;
      if (taken.share > kWantedShare) return one;
      largest = std::move(one);
      largest_share = taken.share;
    }
    return largest;
  }

  std::optional<Candidate> draw_any(const std::string& type, Rng& rng, const Seen& seen) const override {
    Sample drawn = sample(options_.space, type, options_.classes, rng);
    if (!bounds_.fit(drawn.design)) return std::nullopt;
    Candidate one = candidate(std::move(drawn));
    if (seen(one.key)) return std::nullopt;
    return one;
  }

  std::optional<Candidate> near(const Candidate& from, Rng& rng, const Seen& seen) const override {
    std::optional<Sample> child = neighbour(options_.space, from.sample, rng);
    if (!child) return std::nullopt;
    child->design.name.clear();  // it is not the published one any more
    Candidate one = candidate(*std::move(child));
    const bool trained_otherwise = one.key == from.key;
    if (seen(trained_otherwise ? one.training_key : one.key) || !bounds_.fit(one.sample.design)) return std::nullopt;
    return one;
  }

  Point point(const Candidate& one) override {
    const TrainOptions& training = one.sample.training;
    std::vector<std::pair<std::string, double>> numbers = {{"peak_rate", training.optimizer.peak_rate}};
    for (const TrainingDial& dial : training_dials()) {
      const bool free = (options_.space.training.*dial.values).size() > 1;
      if (free) numbers.emplace_back(dial.name, dial.get(training));
    }
    return vocabulary_.point(one.sample.design, needs_of(one.sample.design, std::nullopt), numbers);
  }
  [[nodiscard]] const Vocabulary& vocabulary() const override { return vocabulary_; }

 private:
  static Candidate candidate(Sample sample) {
    std::string key = design_hash(sample.design);
    Json training = {sample.training.optimizer.peak_rate};
    for (const TrainingDial& dial : training_dials()) training.push_back(dial.get(sample.training));
    std::string training_key = key + text_of(training);
    return {.sample = std::move(sample), .key = std::move(key), .training_key = std::move(training_key)};
  }
  /// A design some random changes away, each of which keeps the budget; the last one that is not seen.
  [[nodiscard]] std::optional<Candidate> walk(const Sample& from, Rng& rng, const Seen& seen) const {
    std::optional<Candidate> found;
    Sample at = from;
    int steps = 0;
    for (int i = 0; i < kWalkTries && (steps < kWalkSteps || !found); ++i) {
      if (i > 0) {
        std::optional<Sample> next = neighbour(options_.space, at, rng);
        if (!next || !bounds_.fit(next->design)) continue;
        at = *std::move(next);
        ++steps;
      }
      if (Candidate one = candidate(at); !seen(one.key)) found = std::move(one);
    }
    return found;
  }

  SearchOptions options_;
  std::size_t budget_;
  Bounds bounds_;
  std::vector<std::string> types_;
  std::map<std::string, Sample> least_;  ///< by type, of which draws find none
  Vocabulary vocabulary_;
};

}  // namespace

std::unique_ptr<Pool> space_pool(const SearchOptions& options, std::size_t budget, std::vector<std::string>& warnings) {
  return std::make_unique<SpacePool>(options, budget, warnings);
}

std::vector<FitShare> fit_shares(const SearchOptions& options, int draws) {
  std::vector<FitShare> shares;
  const std::vector<Budget> budgets = options.budgets();
  for (const std::string& type : options.types) {
    Rng rng({options.seed, kShares});
    std::vector<int> fitting(budgets.size());
    for (int i = 0; i < draws; ++i) {
      const Design design = sample(options.space, type, options.classes, rng).design;
      const Needs needs = needs_of(design, options.part());
      for (std::size_t b = 0; b < budgets.size(); ++b) fitting[b] += budgets[b].fits(needs) ? 1 : 0;
    }
    for (std::size_t b = 0; b < budgets.size(); ++b) {
      shares.push_back({.type = type, .budget = budgets[b].name, .share = static_cast<double>(fitting[b]) / draws});
    }
  }
  return shares;
}

}  // namespace kws
