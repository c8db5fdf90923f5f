#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kws/search/evaluator.h"
#include "kws/search/options.h"

namespace kws {

/// Draws designs that keep their budget before anything is trained; in each budget turns go round the types. A design
/// uses more than half of one of the budget's limits where draws find such a one, so that a medium trial is not a small
/// design again. No design comes twice. The sequence depends on the options' seed, space, types and budgets and on the
/// calls, and on nothing else.
class Proposer {
 public:
  /// Finds out by drawing which types fit which budget.
  ///   throws  Error (Exit::nothing_fits) for a budget that no type fits, telling the smallest need that was drawn
  explicit Proposer(const SearchOptions& options);

  /// The next proposal for a budget (index), as trial `number`; nothing once the space holds no further design for it.
  std::optional<Proposal> propose(std::size_t budget, int number);

  /// Types that cannot be had for a budget, one line each; grows while drawing. Their turns go to the others.
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  struct Slot {
    std::string type;
    bool open = true;
  };
  struct Line {
    Budget budget;
    std::vector<Slot> slots;  ///< one round over the types
    std::uint64_t turn = 0;
  };
  std::optional<Sample> draw(std::size_t budget, const std::string& type) const;

  SearchOptions options_;
  std::vector<Line> lines_;     ///< [budget]
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
