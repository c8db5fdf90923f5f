#include "kws/search/forecast.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace kws {
namespace {

constexpr double kLeastError = 1e-3;  ///< keeps the logarithm of a perfect trial finite
constexpr double kTrust = 2.0;        ///< trials of a type that weigh as much as all other types together

double log_error(double accuracy) { return std::log(std::max(kLeastError, 1.0 - accuracy)); }

struct Mean {
  double sum = 0.0;
  double count = 0.0;
  void add(double value) {
    sum += value;
    count += 1.0;
  }
  [[nodiscard]] double drawn_to(double centre, double weight) const {
    return count + weight > 0.0 ? (sum + weight * centre) / (count + weight) : 0.0;
  }
};

}  // namespace

std::vector<double> forecast(std::span<const Measured> measured, std::span<const std::string> types,
                             std::span<const int> rungs) {
  const auto rung_of = [&](int epochs) {
    return static_cast<std::size_t>(std::ranges::find(rungs, epochs) - rungs.begin());
  };
  std::vector<std::vector<std::optional<double>>> curves(types.size(),
                                                         std::vector<std::optional<double>>(rungs.size()));
  std::vector<bool> failed(types.size());
  for (const Measured& one : measured) {
    const auto trial = static_cast<std::size_t>(one.trial);
    curves[trial][rung_of(one.epochs)] = one.accuracy;
    if (!one.accuracy) failed[trial] = true;
  }

  // Logarithm of what is left of the error from rung k to k + 1, over all and by type.
  std::vector<Mean> all(rungs.size());
  std::map<std::string, std::vector<Mean>> by_type;
  for (std::size_t trial = 0; trial < types.size(); ++trial) {
    std::vector<Mean>& own = by_type.try_emplace(types[trial], rungs.size()).first->second;
    for (std::size_t k = 0; k + 1 < rungs.size(); ++k) {
      if (!curves[trial][k] || !curves[trial][k + 1]) continue;
      const double change = log_error(*curves[trial][k + 1]) - log_error(*curves[trial][k]);
      all[k].add(change);
      own[k].add(change);
    }
  }
  std::vector<double> expected(types.size());
  for (std::size_t trial = 0; trial < types.size(); ++trial) {
    if (failed[trial]) continue;
    double change = 0.0;
    for (std::size_t k = 0; k < rungs.size(); ++k) {
      if (curves[trial][k]) {
        expected[trial] = *curves[trial][k];
        change = 0.0;
      } else if (k > 0) {
        change += by_type.at(types[trial])[k - 1].drawn_to(all[k - 1].drawn_to(0.0, 0.0), kTrust);
      }
    }
    // Without a change the figure stays as it is, to the last bit.
    if (expected[trial] > 0.0 && change != 0.0) expected[trial] = 1.0 - std::exp(log_error(expected[trial]) + change);
  }
  return expected;
}

std::vector<bool> trials_to_learn_from(std::span<const Outlook> known, std::size_t least) {
  int rung = 0;
  for (const Outlook& one : known) rung = std::max(rung, one.rung);
  std::vector<bool> chosen(known.size());
  for (; rung > 0; --rung) {
    const auto high_enough = [&](const Outlook& one) { return one.rung >= rung; };
    if (static_cast<std::size_t>(std::ranges::count_if(known, high_enough)) < least) continue;
    for (std::size_t i = 0; i < known.size(); ++i) chosen[i] = high_enough(known[i]);
    break;
  }
  return chosen;
}

}  // namespace kws
