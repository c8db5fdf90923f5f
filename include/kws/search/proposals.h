#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kws/search/evaluator.h"
#include "kws/search/options.h"

namespace kws {

/// Draws designs that keep their budget before anything is trained. Turns go round the types; after each round of
/// types comes the next budget. A design uses more than half of one of the budget's limits where draws find such a
/// one, so that a medium trial is not a small design again. No design comes twice. The sequence depends on the
/// options' seed, space, types and budgets and on nothing else.
class Proposer {
 public:
  /// Finds out by drawing which types fit which budget.
  ///   throws  Error (Exit::nothing_fits) for a budget that no type fits, telling the smallest need that was drawn
  explicit Proposer(const SearchOptions& options);

  /// The next proposal, numbered from 0; nothing once the space holds no further design.
  std::optional<Proposal> next();

  /// Types that cannot be had for a budget, one line each; grows while drawing. Their turns go to the others.
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  struct Slot {
    std::string type;
    Budget budget;
    bool open = true;
  };
  std::optional<Sample> draw(const Slot& slot, std::uint64_t turn) const;

  SearchOptions options_;
  std::vector<Slot> slots_;  ///< one round over budgets and types, in the order of turns
  std::uint64_t turn_ = 0;
  int number_ = 0;
  std::set<std::string> seen_;  ///< design hashes
  std::vector<std::string> warnings_;
};

/// Share of a budget that a design takes: the largest of its limits', 1 = all of it; 0 without limits.
double budget_share(const Budget& budget, const Needs& needs);

/// "81,920 bytes of memory, 6,000,000 operations, 65,536 bytes of flash"
std::string describe_limits(const Budget& budget);

/// How many of a type's random draws keep a budget, for `--dry-run`.
struct FitShare {
  std::string type, budget;
  double share = 0.0;
};
std::vector<FitShare> fit_shares(const SearchOptions& options, int draws);

}  // namespace kws
