#include "kws/search/proposals.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <utility>

#include "kws/core/rng.h"
#include "kws/cost/cost.h"
#include "proposal_sources.h"
#include "published.h"
#include "strategies.h"
#include "streams.h"

namespace kws {
namespace {

/// The largest of each type, which are mostly the most accurate, then the next ones, up to `most`; in their order.
///   baseline  the first counts as larger than all of its type
std::vector<Candidate> largest(std::vector<Candidate> published, std::size_t most, bool baseline) {
  std::map<std::string, std::vector<std::pair<std::int64_t, std::size_t>>> of_type;  // operations and place
  for (std::size_t i = 0; i < published.size(); ++i) {
    const Design& design = published[i].sample.design;
    const bool first = baseline && i == 0;
    const std::int64_t ops = hello_edge_totals(build_graph(design)).ops;
    of_type[design.type()].emplace_back(first ? std::numeric_limits<std::int64_t>::max() : ops, i);
  }
  std::vector<std::pair<std::size_t, std::size_t>> ranked;  // rank in its type and place
  for (auto& [type, designs] : of_type) {
    std::ranges::sort(designs, std::greater{});
    for (std::size_t rank = 0; rank < designs.size(); ++rank) ranked.emplace_back(rank, designs[rank].second);
  }
  std::ranges::sort(ranked);
  ranked.resize(std::min(ranked.size(), std::max(most, of_type.size())));
  std::ranges::sort(ranked, {}, &std::pair<std::size_t, std::size_t>::second);
  std::vector<Candidate> kept;
  kept.reserve(ranked.size());
  for (const auto& [rank, place] : ranked) kept.push_back(std::move(published[place]));
  return kept;
}

}  // namespace

struct Proposer::PerBudget {
  std::string budget;
  std::unique_ptr<Pool> pool;
  std::vector<Candidate> published;  ///< that are still to come, the first last
  bool baseline = false;             ///< the next of them is
  std::vector<std::string> untried;  ///< types no design of which has been proposed
  std::vector<PastProposal> past = {};
};

Proposer::Proposer(const SearchOptions& options) : options_(options) {
  const std::vector<Budget> budgets = options.budgets();
  std::vector<std::unique_ptr<Pool>> pools;
  std::vector<std::string> names, warnings;
  for (std::size_t budget = 0; budget < budgets.size(); ++budget) {
    names.push_back(budgets[budget].name);
    pools.push_back(space_pool(options, budget, warnings));
  }
  *this = Proposer(options, names, std::move(pools));
  warnings_ = std::move(warnings);
}

Proposer::Proposer(const SearchOptions& options, const std::vector<std::string>& budgets,
                   std::vector<std::unique_ptr<Pool>> pools)
    : options_(with_strategy(options)) {
  for (std::size_t i = 0; i < budgets.size(); ++i) {
    PerBudget& own = *per_budget_.emplace_back(std::make_unique<PerBudget>());
    own.budget = budgets[i];
    own.pool = std::move(pools[i]);
    if (!options_.no_prior) own.published = own.pool->published();
    own.baseline = bring_baseline_forward(own.published, [](const Candidate& one) { return one.sample.design.name; });
    if (options.max_published > 0) {
      own.published = largest(std::move(own.published), static_cast<std::size_t>(options.max_published), own.baseline);
    }
    std::ranges::reverse(own.published);
    own.untried = own.pool->types();
    Rng rng({options.seed, kOrder, i});
    shuffle(own.untried, rng);
  }
}

Proposer::Proposer(Proposer&&) noexcept = default;
Proposer& Proposer::operator=(Proposer&&) noexcept = default;
Proposer::~Proposer() = default;

bool Proposer::needs_results(std::size_t budget) const {
  return per_budget_[budget]->published.empty() && per_budget_[budget]->untried.empty();
}

namespace {

/// What a budget's next turn comes to.
struct Turn {
  std::optional<Suggestion> found;
  std::size_t source = proposal_sources().size();
  bool at_random = false, baseline = false;
};

/// A published design, then the first of a type that has had none, then what the source says whose turn it is; where
/// that has nothing, one at random.
///   budget  index
Turn next_turn(Proposer::PerBudget& own, const SearchOptions& options, std::size_t budget, int number,
               std::span<const Outlook> known, const Seen& seen) {
  const auto trial = static_cast<std::uint64_t>(number);
  Rng turns({options.seed, kStrategies, trial}), rng({options.seed, kProposals, budget, trial});
  Turn turn;
  while (!turn.found && !own.published.empty()) {
    Candidate next = std::move(own.published.back());
    own.published.pop_back();
    std::erase(own.untried, next.sample.design.type());
    turn.baseline = std::exchange(own.baseline, false);
    std::string reason = "published design " + next.sample.design.name + (turn.baseline ? ", the baseline" : "");
    if (!seen(next.key)) turn.found = Suggestion{std::move(next), std::move(reason)};
  }
  while (!turn.found && !own.untried.empty()) {
    const std::string type = own.untried.back();
    own.untried.pop_back();
    turn.at_random = true;
    if (auto drawn = own.pool->draw(type, rng, seen))
      turn.found = Suggestion{*std::move(drawn), "the first of its type"};
  }
  if (turn.found) return turn;
  const std::size_t last = proposal_sources().size() - 1;
  const SourceView view{.pool = *own.pool, .past = own.past, .known = known, .seen = seen};
  turn.source = source_of_turn(options, own.past, known, turns.uniform());
  turn.found = proposal_sources()[turn.source].suggest(view, rng);
  if (!turn.found) {
    turn.source = last;
    turn.found = proposal_sources()[last].suggest(view, rng);
  }
  turn.at_random = turn.source == last;
  return turn;
}

}  // namespace

std::optional<Proposer::Proposed> Proposer::propose(std::size_t budget, int number, std::span<const Outlook> known) {
  PerBudget& own = *per_budget_[budget];
  const Seen seen = [this](const std::string& key) { return seen_.contains(key); };
  Turn turn = next_turn(own, options_, budget, number, known, seen);
  if (!turn.found) {
    warnings_.push_back("budget \"" + own.budget + "\": no further design is found after " +
                        std::to_string(own.past.size()) +
                        (per_budget_.size() > 1 ? "; its trials go to the others" : "; the search ends with them"));
    return std::nullopt;
  }
  Candidate& candidate = turn.found->candidate;
  Proposed proposed{.proposal = {.number = number,
                                 .budget = own.budget,
                                 .design = candidate.sample.design,
                                 .training = candidate.sample.training},
                    .reason = std::move(turn.found->reason),
                    .key = candidate.key,
                    .baseline = turn.baseline};
  Proposal& proposal = proposed.proposal;
  if (proposal.design.name.empty()) proposal.design.name = proposal.design.type() + "_" + std::to_string(number);
  proposal.training.epochs = options_.epochs;
  proposal.training.restarts = options_.raised_from;
  proposal.training.seed = training_seed(options_.seed, number);
  // One for all trials, so that those with the same front end share their features; 0 would mean the trial's own.
  proposal.training.data_seed = (Rng({options_.seed, kData}).next() >> 11) | 1U;
  seen_.insert({candidate.key, candidate.training_key});
  Point point = own.pool->point(candidate);
  own.past.push_back({.number = number,
                      .candidate = std::move(candidate),
                      .point = std::move(point),
                      .source = turn.source,
                      .at_random = turn.at_random});
  return proposed;
}

std::uint64_t training_seed(std::uint64_t search_seed, int number) {
  return Rng({search_seed, kTraining, static_cast<std::uint64_t>(number)}).next() >> 11;
}

}  // namespace kws
