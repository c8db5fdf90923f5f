#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kws/cost/budget.h"
#include "kws/search/options.h"
#include "kws/search/space.h"
#include "kws/search/tpe.h"

namespace kws {

/// A design that may be proposed.
struct Candidate {
  Sample sample;
  std::string key;           ///< design_hash()
  std::string training_key;  ///< of the design and how it is trained; a table has one training of each
};

/// Whether a design, or a design trained in that way, has been proposed already, by its key.
using Seen = std::function<bool(const std::string& key)>;

/// What one budget leaves to choose from: the space of a search, or the designs of a recorded table. All that it gives
/// keep the budget and are not `seen`.
class Pool {
 public:
  virtual ~Pool() = default;
  /// Network types there are designs of; not empty.
  [[nodiscard]] virtual const std::vector<std::string>& types() const = 0;
  /// The published designs in it, by their names.
  [[nodiscard]] virtual std::vector<Candidate> published() const = 0;
  /// A design of a type at random, one that uses more than half of a limit of the budget where such a one is found, so
  /// that a medium trial is not a small design again; nothing: none is left.
  virtual std::optional<Candidate> draw(const std::string& type, Rng& rng, const Seen& seen) const = 0;
  /// The same at the first try and of any size: nothing may mean no more than that this try broke the budget.
  virtual std::optional<Candidate> draw_any(const std::string& type, Rng& rng, const Seen& seen) const = 0;
  /// A design one change away from another one, or the same trained in another way; nothing: this change leaves the
  /// space, the budget or what is unseen.
  virtual std::optional<Candidate> near(const Candidate& from, Rng& rng, const Seen& seen) const = 0;
  /// As a ParzenModel of this pool sees it.
  virtual Point point(const Candidate& candidate) = 0;
  [[nodiscard]] virtual const Vocabulary& vocabulary() const = 0;
};

/// The space of a search under one of its budgets, and under a budget before it (small first) no published design, as
/// that is the other's.
///   warnings  gets a line for each type that cannot be had
///   throws    Error (Exit::nothing_fits) where no type fits, telling the smallest need that was drawn
std::unique_ptr<Pool> space_pool(const SearchOptions& options, std::size_t budget, std::vector<std::string>& warnings);

/// How many of a type's random draws keep a budget, for `--dry-run`.
struct FitShare {
  std::string type, budget;
  double share = 0.0;
};
std::vector<FitShare> fit_shares(const SearchOptions& options, int draws);

}  // namespace kws
