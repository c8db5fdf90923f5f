#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "kws/search/evaluator.h"
#include "kws/search/forecast.h"
#include "kws/search/options.h"
#include "kws/search/tpe.h"

namespace kws {

/// Proposes designs that keep their budget before anything is trained. In each budget the first are, where the options
/// ask for them, the published ones of its types that keep it; then one of every type at random; then shares of the
/// options go to one-step changes of good designs, to the best of a few by a ParzenModel of the budget's trials, and to
/// further random ones, types in turn. A random design uses more than half of one of the budget's limits where draws
/// find such a one, so that a medium trial is not a small design again. No design comes twice. The sequence depends on
/// the options and on the calls, and on nothing else.
class Proposer {
 public:
  /// Finds out by drawing which types fit which budget.
  ///   throws  Error (Exit::nothing_fits) for a budget that no type fits, telling the smallest need that was drawn
  explicit Proposer(const SearchOptions& options);

  /// The next proposal for a budget (index), as trial `number`; nothing once the space holds no further design for it.
  ///   known  [trial] what has come of earlier proposals
  std::optional<Proposal> propose(std::size_t budget, int number, std::span<const Outlook> known);

  /// Types that cannot be had for a budget, one line each; grows while drawing. Their turns go to the others.
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  struct Slot {
    std::string type;
    bool open = true;
  };
  struct Proposed {
    int number = 0;
    Sample sample;
    Point point;
  };
  struct Line {
    Budget budget;
    std::vector<Slot> slots;  ///< one round over the types
    std::uint64_t turn = 0;
    std::vector<Proposed> proposed = {};
    std::size_t published = 0;  ///< of the published designs, how many have been looked at
    std::size_t spread = 0;     ///< random designs so far that gave every type its turn
  };
  std::optional<Sample> next_published(Line& line) const;
  std::optional<Sample> at_random(Line& line, std::size_t budget);
  std::optional<Sample> draw(std::size_t budget, const std::string& type) const;
  std::optional<Sample> evolved(const Line& line, std::span<const Outlook> known, Rng& rng) const;
  std::optional<Sample> promising(const Line& line, std::span<const Outlook> known, Rng& rng);
  /// Proposals that others may be learnt from, see trials_to_learn_from().
  static std::vector<const Proposed*> proven(const Line& line, std::span<const Outlook> known, std::size_t least);
  [[nodiscard]] bool fresh_and_fitting(const Line& line, const Sample& sample) const;
  Point point_of(const Sample& sample);

  SearchOptions options_;
  std::vector<Line> lines_;  ///< [budget]
  Vocabulary vocabulary_;
  std::set<std::string> seen_;  ///< design hashes
  std::vector<std::string> warnings_;
};

/// Seed of a trial's training; JSON holds its 53 bits exactly.
std::uint64_t training_seed(std::uint64_t search_seed, int number);

/// Share of a budget that a design takes: the largest of its limits', 1 = all of it; 0 without limits.
double budget_share(const Budget& budget, const Needs& needs);

/// How many of a type's random draws keep a budget, for `--dry-run`.
struct FitShare {
  std::string type, budget;
  double share = 0.0;
};
std::vector<FitShare> fit_shares(const SearchOptions& options, int draws);

}  // namespace kws
