#include "kws/search/ranking.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

#include "kws/search/finalists.h"
#include "pareto.h"

namespace kws {
namespace {

template <class Counts>
const TrialFacts* best_of(std::span<const TrialFacts> trials, const std::string& budget, Counts counts) {
  const TrialFacts* best = nullptr;
  for (const TrialFacts& trial : trials) {
    if (trial.result() == nullptr || !counts(trial) || !fits(trial, budget)) continue;
    if (best == nullptr || better(trial, *best)) best = &trial;
  }
  return best;
}

}  // namespace

bool fits(const TrialFacts& trial, const std::string& budget) {
  return std::ranges::find(trial.fits, budget) != trial.fits.end();
}

bool better(const TrialFacts& a, const TrialFacts& b) {
  const auto order = [](const TrialFacts& trial) {
    return std::tuple(-trial.result()->int8_validation, trial.needs.memory_bytes, trial.proposal.number);
  };
  return order(a) < order(b);
}

SeedMean seed_mean(std::span<const double> accuracies) {
  const auto count = static_cast<double>(accuracies.size());
  if (accuracies.empty()) return {};
  const double mean = std::accumulate(accuracies.begin(), accuracies.end(), 0.0) / count;
  double squares = 0.0;
  for (const double accuracy : accuracies) squares += (accuracy - mean) * (accuracy - mean);
  SeedMean result{.accuracy = mean, .error = {}, .seeds = static_cast<int>(accuracies.size())};
  if (result.seeds > 1) result.error = std::sqrt(squares / (count - 1.0) / count);
  return result;
}

std::vector<const TrialFacts*> trained_alike(std::span<const TrialFacts> trials, const TrialFacts& trial) {
  std::vector<const TrialFacts*> all;
  for (const TrialFacts& one : trials) {
    const bool itself = one.proposal.number == trial.proposal.number;
    const bool alike = is_finalist(trial.proposal.number) && is_finalist(one.proposal.number) &&
                       finalist_of(one.proposal.number) == finalist_of(trial.proposal.number);
    if (itself ? one.result() != nullptr : alike && trained_in_full(one)) all.push_back(&one);
  }
  return all;
}

SeedMean seed_mean(std::span<const TrialFacts> trials, const TrialFacts& trial) {
  std::vector<double> accuracies;
  for (const TrialFacts* one : trained_alike(trials, trial)) accuracies.push_back(one->result()->int8_validation);
  return seed_mean(accuracies);
}

const TrialFacts* best_trial(std::span<const TrialFacts> trials, const std::string& budget) {
  const TrialFacts* winner = nullptr;
  SeedMean most;
  for (const TrialFacts& trial : trials) {
    if (!is_finalist(trial.proposal.number) || !trained_in_full(trial) || !fits(trial, budget)) continue;
    const SeedMean mean = seed_mean(trials, trial);
    const auto order = std::tuple(mean.seeds, mean.accuracy), before = std::tuple(most.seeds, most.accuracy);
    if (winner == nullptr || order > before || (order == before && better(trial, *winner))) {
      winner = &trial;
      most = mean;
    }
  }
  if (winner != nullptr) return winner;
  if (const TrialFacts* best = best_of(trials, budget, trained_in_full)) return best;
  int furthest = 0;
  for (const TrialFacts& trial : trials) {
    if (trial.result() != nullptr && fits(trial, budget)) furthest = std::max(furthest, trial.rungs.back().epochs);
  }
  return best_of(trials, budget, [&](const TrialFacts& trial) { return trial.rungs.back().epochs == furthest; });
}

const TrialFacts* best_so_far(std::span<const TrialFacts> trials, const std::string& budget) {
  const TrialFacts* winner = best_trial(trials, budget);
  if (winner != nullptr && is_finalist(winner->proposal.number)) return winner;
  return best_of(trials, budget, [](const TrialFacts&) { return true; });
}

std::vector<const TrialFacts*> front(std::span<const TrialFacts> trials,
                                     const std::function<bool(const TrialFacts&)>& counts) {
  std::vector<const TrialFacts*> measured;
  for (const TrialFacts& trial : trials) {
    if (trial.result() != nullptr && counts(trial)) measured.push_back(&trial);
  }
  const auto in_full = [](const TrialFacts* trial) { return trained_in_full(*trial); };
  if (std::ranges::any_of(measured, in_full)) std::erase_if(measured, std::not_fn(in_full));
  std::vector<ParetoPoint> points;
  points.reserve(measured.size());
  for (const TrialFacts* trial : measured) {
    points.push_back({trial->needs.memory_bytes, trial->needs.ops, trial->result()->int8_validation});
  }
  std::vector<const TrialFacts*> unbeaten;
  for (const std::size_t i : pareto_front(points)) unbeaten.push_back(measured[i]);
  std::ranges::stable_sort(unbeaten, {}, [](const TrialFacts* trial) { return trial->needs.memory_bytes; });
  return unbeaten;
}

}  // namespace kws
