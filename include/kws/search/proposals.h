#pragma once

#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "kws/search/evaluator.h"
#include "kws/search/forecast.h"
#include "kws/search/options.h"
#include "kws/search/pool.h"

namespace kws {

/// Proposes designs that keep their budget before anything is trained. In each budget the first are the published ones
/// that keep it, as many of them as the options want, beginning with the baseline, which is known as the most accurate;
/// then one of every type at random that had none. The others come from the rows of proposal_sources(), whose shares
/// follow their success: how often a proposal of theirs was among the best quarter. No design comes twice, unless a
/// change of a good one is how it is trained. The sequence depends on options, pools and calls, and on nothing else.
class Proposer {
 public:
  /// Of a search: its space under its budgets.
  ///   throws  Error (Exit::nothing_fits) for a budget that no type fits, telling the smallest need that was drawn
  explicit Proposer(const SearchOptions& options);
  /// The same from other pools, one for each name of a budget.
  Proposer(const SearchOptions& options, const std::vector<std::string>& budgets,
           std::vector<std::unique_ptr<Pool>> pools);
  Proposer(Proposer&&) noexcept;
  Proposer& operator=(Proposer&&) noexcept;
  ~Proposer();

  struct Proposed {
    Proposal proposal;
    std::string reason;     ///< why this design, in words: "one change of trial 3"
    std::string key;        ///< of its candidate in the pool
    bool baseline = false;  ///< the most accurate published network known, of those that keep the budget
  };
  /// The next proposal for a budget (index), as trial `number`; nothing once no further design is found for it.
  ///   known  [trial] what has come of earlier proposals
  std::optional<Proposed> propose(std::size_t budget, int number, std::span<const Outlook> known);

  /// Whether the next proposal for a budget depends on what has come of earlier ones.
  [[nodiscard]] bool needs_results(std::size_t budget) const;

  /// Types that cannot be had for a budget, one line each; grows while drawing. Their turns go to the others.
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

  struct PerBudget;  ///< what has been proposed for one

 private:
  SearchOptions options_;
  std::vector<std::unique_ptr<PerBudget>> per_budget_;
  std::set<std::string> seen_;  ///< keys of candidates
  std::vector<std::string> warnings_;
};

/// Seed of a trial's training; JSON holds its 53 bits exactly.
std::uint64_t training_seed(std::uint64_t search_seed, int number);

}  // namespace kws
