#pragma once

#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "kws/cost/budget.h"
#include "kws/search/options.h"

namespace kws {

/// What a design may take of a budget and of the time to train it.
class Bounds {
 public:
  Bounds(const SearchOptions& options, Budget budget)
      : budget_(std::move(budget)), part_(options.part()), most_cost_(options.max_training_cost) {}

  struct Share {
    double share = std::numeric_limits<double>::infinity();  ///< the largest of all limits, 1 = all of it
    bool fits = false;
    Needs needs = {};
    double cost = 0.0;  ///< share of the training cost
  };
  [[nodiscard]] Share of(const Design& design) const;
  [[nodiscard]] bool fit(const Design& design) const { return of(design).fits; }

  /// Of the closest design of a type, and of all.
  [[nodiscard]] std::string why_no_type_fits(const Share& closest) const;
  [[nodiscard]] std::string why_nothing_fits(const Share& closest) const;

 private:
  Budget budget_;
  std::optional<Part> part_;
  double most_cost_;
};

}  // namespace kws
