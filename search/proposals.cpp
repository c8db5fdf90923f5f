#include "kws/search/proposals.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kws/core/table.h"
#include "kws/search/moves.h"

namespace kws {
namespace {

// One stream of random numbers per purpose, so that none shifts another.
enum Stream : std::uint64_t { kProposals = 1, kTraining = 2, kProbes = 3, kShares = 4, kData = 5, kStrategies = 6 };

constexpr int kProbeDraws = 20000;    ///< before a type counts as too large for a budget
constexpr int kProposalDraws = 5000;  ///< before a design below half of the budget is taken
constexpr double kWantedShare = 0.5;
constexpr std::size_t kLeastParents = 3;
constexpr int kTournament = 4;        ///< parents to choose from
constexpr int kChanges = 50;          ///< of one parent before a random design is taken
constexpr int kModelCandidates = 64;  ///< that the model chooses from
constexpr int kModelDraws = 2000;     ///< to find so many

/// What a design takes of all that a budget limits.
std::string describe_need(const Budget& budget, const Needs& needs) {
  std::string text;
  for (const LimitUse& use : budget.uses(needs)) text += (text.empty() ? "" : ", ") + use.measure->text(use.need);
  return text;
}

/// What draws of one type need at least, seen against a budget.
struct Probe {
  bool fits = false;
  double share = std::numeric_limits<double>::infinity();
  Needs closest;
};

Probe probe(const SearchOptions& options, std::size_t type, const Budget& budget) {
  Rng rng({options.seed, kProbes, type});
  Probe probe;
  for (int i = 0; i < kProbeDraws && !probe.fits; ++i) {
    const Design design = sample(options.space, options.types[type], options.classes, rng).design;
    const Needs needs = needs_of(design, options.part());
    probe.fits = budget.fits(needs);
    const double share = budget_share(budget, needs);
    if (share >= probe.share) continue;
    probe.share = share;
    probe.closest = needs;
  }
  return probe;
}

}  // namespace

double budget_share(const Budget& budget, const Needs& needs) {
  double share = 0.0;
  for (const LimitUse& use : budget.uses(needs)) share = std::max(share, use.share());
  return share;
}

Proposer::Proposer(const SearchOptions& options) : options_(options) {
  if (options_.types.empty()) options_.types = network_types();
  for (const Budget& budget : options_.budgets()) {
    Line& line = lines_.emplace_back(Line{.budget = budget, .slots = {}});
    Probe best;
    for (std::size_t type = 0; type < options_.types.size(); ++type) {
      const Probe found = probe(options_, type, budget);
      line.slots.push_back({.type = options_.types[type], .open = found.fits});
      if (found.share < best.share) best = found;
      if (found.fits) continue;
      warnings_.push_back("type " + options_.types[type] + ": no draw of " + grouped(kProbeDraws) + " fits budget \"" +
                          budget.name + "\" (the closest needs " + describe_need(budget, found.closest) +
                          "); its turns go to the other types");
    }
    if (std::ranges::any_of(line.slots, &Slot::open)) continue;
    throw Error("budget \"" + budget.name + "\": nothing fits " + budget.limits_text() +
                    "; the smallest design drawn needs " + describe_need(budget, best.closest) +
                    "; raise the limit or widen the space",
                Exit::nothing_fits);
  }
}

std::optional<Proposal> Proposer::propose(std::size_t budget, int number, std::span<const Outlook> known) {
  Line& line = lines_[budget];
  Rng rng({options_.seed, kStrategies, static_cast<std::uint64_t>(number)});
  const double choice = rng.uniform();
  std::optional<Sample> found = next_published(line);
  if (found) {
    // Its turn is nobody else's.
  } else if (line.spread < line.slots.size()) {  // every type is tried once
    ++line.spread;
  } else {
    if (choice < options_.evolution_share) {
      found = evolved(line, known, rng);
    } else if (choice < options_.evolution_share + options_.model_share) {
      found = promising(line, known, rng);
    }
  }
  if (!found) found = at_random(line, budget);
  if (!found) return std::nullopt;
  seen_.insert(design_hash(found->design));
  line.proposed.push_back({.number = number, .sample = *found, .point = point_of(*found)});
  Proposal proposal{.number = number, .budget = line.budget.name, .design = found->design, .training = found->training};
  proposal.design.name = proposal.design.type() + "_" + std::to_string(number);
  proposal.training.epochs = options_.epochs;
  proposal.training.seed = training_seed(options_.seed, number);
  // One for all trials, so that those with the same front end share their features; 0 would mean the trial's own.
  proposal.training.data_seed = (Rng({options_.seed, kData}).next() >> 11) | 1U;
  return proposal;
}

std::uint64_t training_seed(std::uint64_t search_seed, int number) {
  return Rng({search_seed, kTraining, static_cast<std::uint64_t>(number)}).next() >> 11;
}

std::optional<Sample> Proposer::next_published(Line& line) const {
  static const std::vector<Design> known = published_designs();
  while (options_.published && line.published < known.size()) {
    Sample sample{.design = known[line.published++], .training = {}};
    sample.design.name.clear();
    sample.design.classes = options_.classes;
    sample.design.features.arithmetic = options_.space.features.arithmetic;  // what the board asks for
    const bool wanted = std::ranges::find(options_.types, sample.design.type()) != options_.types.end();
    if (wanted && fresh_and_fitting(line, sample)) return sample;
  }
  return std::nullopt;
}

std::optional<Sample> Proposer::at_random(Line& line, std::size_t budget) {
  while (std::ranges::any_of(line.slots, &Slot::open)) {
    Slot& slot = line.slots[static_cast<std::size_t>(line.turn++ % line.slots.size())];
    if (!slot.open) continue;
    if (std::optional<Sample> drawn = draw(budget, slot.type)) return drawn;
    slot.open = false;
    warnings_.push_back("type " + slot.type + ": no further design for budget \"" + line.budget.name + "\" in " +
                        grouped(kProposalDraws) + " draws; its turns go to the others");
  }
  return std::nullopt;
}

bool Proposer::fresh_and_fitting(const Line& line, const Sample& sample) const {
  return line.budget.fits(needs_of(sample.design, options_.part())) && !seen_.contains(design_hash(sample.design));
}

Point Proposer::point_of(const Sample& sample) {
  return vocabulary_.point(sample.design, needs_of(sample.design, std::nullopt), sample.training.peak_rate);
}

std::vector<const Proposer::Proposed*> Proposer::proven(const Line& line, std::span<const Outlook> known,
                                                        std::size_t least) {
  std::vector<Outlook> own;  // trials of other budgets do not count
  for (const Proposed& one : line.proposed) own.push_back(known[static_cast<std::size_t>(one.number)]);
  const std::vector<bool> chosen = trials_to_learn_from(own, least);
  std::vector<const Proposed*> list;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    if (chosen[i]) list.push_back(&line.proposed[i]);
  }
  return list;
}

std::optional<Sample> Proposer::evolved(const Line& line, std::span<const Outlook> known, Rng& rng) const {
  const auto worth = [&](const Proposed& one) { return known[static_cast<std::size_t>(one.number)].accuracy; };
  const std::vector<const Proposed*> parents = proven(line, known, kLeastParents);
  if (parents.empty()) return std::nullopt;
  // The best of a few parents: mostly a good one, not always the same.
  const Proposed* parent = nullptr;
  for (int i = 0; i < kTournament; ++i) {
    const Proposed& one = *parents[rng.below(parents.size())];
    if (parent == nullptr || worth(one) > worth(*parent)) parent = &one;
  }
  for (int i = 0; i < kChanges; ++i) {
    std::optional<Sample> child = neighbour(options_.space, parent->sample, rng);
    if (child && fresh_and_fitting(line, *child)) return child;
  }
  return std::nullopt;
}

std::optional<Sample> Proposer::promising(const Line& line, std::span<const Outlook> known, Rng& rng) {
  std::vector<std::string> types;
  for (const Slot& slot : line.slots) {
    if (slot.open) types.push_back(slot.type);
  }
  if (types.empty()) return std::nullopt;
  std::vector<Point> points;
  std::vector<double> worth;
  for (const Proposed* one : proven(line, known, kLeastToModel)) {
    points.push_back(one->point);
    worth.push_back(known[static_cast<std::size_t>(one->number)].accuracy);
  }
  if (points.empty()) return std::nullopt;
  const ParzenModel model(vocabulary_, points, worth);
  std::optional<Sample> best;
  double best_score = 0.0;
  int candidates = 0;
  for (int i = 0; i < kModelDraws && candidates < kModelCandidates; ++i) {
    Sample drawn = sample(options_.space, types[rng.below(types.size())], options_.classes, rng);
    if (!fresh_and_fitting(line, drawn)) continue;
    ++candidates;
    const double score = model.score(point_of(drawn));
    if (best && score <= best_score) continue;
    best = std::move(drawn);
    best_score = score;
  }
  return best;
}

std::optional<Sample> Proposer::draw(std::size_t budget, const std::string& type) const {
  const Line& line = lines_[budget];
  Rng rng({options_.seed, kProposals, budget, line.turn});
  std::optional<Sample> largest;
  double largest_share = -1.0;
  for (int i = 0; i < kProposalDraws; ++i) {
    const Sample drawn = sample(options_.space, type, options_.classes, rng);
    const Needs needs = needs_of(drawn.design, options_.part());
    const double share = budget_share(line.budget, needs);
    if (!line.budget.fits(needs) || share <= largest_share) continue;
    if (seen_.contains(design_hash(drawn.design))) continue;
    if (share > kWantedShare) return drawn;
    largest = drawn;
    largest_share = share;
  }
  return largest;
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
