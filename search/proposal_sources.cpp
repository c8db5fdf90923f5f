#include "proposal_sources.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>

namespace kws {
namespace {

constexpr std::size_t kLeastParents = 3;
constexpr int kTournament = 4;        ///< parents to choose from
constexpr int kChanges = 50;          ///< of one parent before a random design is taken
constexpr int kModelCandidates = 64;  ///< that the model chooses from
constexpr int kModelDraws = 2000;     ///< to find so many
constexpr double kGoodQuarter = 0.25;
constexpr double kDoubt = 4.0;  ///< trials that a source's success is drawn to a quarter by

double worth_of(const PastProposal& one, std::span<const Outlook> known) {
  return known[static_cast<std::size_t>(one.number)].accuracy;
}

/// Proposals that others may be learnt from, see trials_to_learn_from().
std::vector<const PastProposal*> proven(const SourceView& view, std::size_t least) {
  std::vector<Outlook> own;  // trials of other budgets do not count
  for (const PastProposal& one : view.past) own.push_back(view.known[static_cast<std::size_t>(one.number)]);
  const std::vector<bool> chosen = trials_to_learn_from(own, least);
  std::vector<const PastProposal*> list;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    if (chosen[i]) list.push_back(&view.past[i]);
  }
  return list;
}

std::optional<Suggestion> change_a_good_one(const SourceView& view, Rng& rng) {
  const std::vector<const PastProposal*> parents = proven(view, kLeastParents);
  if (parents.empty()) return std::nullopt;
  // The best of a few parents: mostly a good one, not always the same.
  const PastProposal* parent = nullptr;
  for (int i = 0; i < kTournament; ++i) {
    const PastProposal& one = *parents[rng.below(parents.size())];
    if (parent == nullptr || worth_of(one, view.known) > worth_of(*parent, view.known)) parent = &one;
  }
  for (int i = 0; i < kChanges; ++i) {
    if (auto child = view.pool.near(parent->candidate, rng, view.seen)) {
      return Suggestion{*std::move(child), "one change of trial " + std::to_string(parent->number)};
    }
  }
  return std::nullopt;
}

/// A type at random, the likelier the better the best of its designs is expected to end: those at ranks 1, 2, 3 .. in
/// proportion to 1, 1/2, 1/3 ..
class TypesBySuccess {
 public:
  explicit TypesBySuccess(const SourceView& view) : types_(view.pool.types()) {
    std::map<std::string, double> best;
    for (const PastProposal& one : view.past) {
      double& worth = best[one.candidate.sample.design.type()];
      worth = std::max(worth, worth_of(one, view.known));
    }
    std::ranges::stable_sort(types_, std::greater{}, [&](const std::string& type) { return best[type]; });
    for (std::size_t i = 0; i < types_.size(); ++i) all_ += weight(i);
  }
  const std::string& draw(Rng& rng) const {
    double left = rng.uniform() * all_;
    std::size_t rank = 0;
    while (rank + 1 < types_.size() && (left -= weight(rank)) >= 0.0) ++rank;
    return types_[rank];
  }

 private:
  static double weight(std::size_t rank) { return 1.0 / static_cast<double>(rank + 1); }

  std::vector<std::string> types_;
  double all_ = 0.0;
};

std::optional<Suggestion> ask_the_model(const SourceView& view, Rng& rng) {
  std::vector<Point> points;
  std::vector<double> worth;
  for (const PastProposal* one : proven(view, kLeastToModel)) {
    points.push_back(one->point);
    worth.push_back(worth_of(*one, view.known));
  }
  if (points.empty()) return std::nullopt;
  const ParzenModel model(view.pool.vocabulary(), points, worth);
  const TypesBySuccess types(view);
  std::optional<Candidate> best;
  double best_score = 0.0;
  int candidates = 0;
  for (int i = 0; i < kModelDraws && candidates < kModelCandidates; ++i) {
    std::optional<Candidate> drawn = view.pool.draw_any(types.draw(rng), rng, view.seen);
    if (!drawn) continue;
    ++candidates;
    const double score = model.score(view.pool.point(*drawn));
    if (best && score <= best_score) continue;
    best = std::move(drawn);
    best_score = score;
  }
  if (!best) return std::nullopt;
  return Suggestion{*std::move(best), "picked by a model of " + counted(std::ssize(points), "trial")};
}

/// Types in turn.
std::optional<Suggestion> draw_at_random(const SourceView& view, Rng& rng) {
  std::vector<std::pair<int, std::string>> types;  // how often a type has had its turn
  for (const std::string& type : view.pool.types()) types.emplace_back(0, type);
  for (const PastProposal& one : view.past) {
    if (!one.at_random) continue;
    ++std::ranges::find(types, one.candidate.sample.design.type(), &std::pair<int, std::string>::second)->first;
  }
  shuffle(types, rng);
  std::ranges::stable_sort(types, {}, &std::pair<int, std::string>::first);
  for (const auto& [turns, type] : types) {
    if (auto drawn = view.pool.draw(type, rng, view.seen)) return Suggestion{*std::move(drawn), "drawn at random"};
  }
  return std::nullopt;
}

constexpr std::array kSources = {
    ProposalSource{"change", &SearchOptions::evolution_share, change_a_good_one},
    ProposalSource{"model", &SearchOptions::model_share, ask_the_model},
    ProposalSource{"random", nullptr, draw_at_random},
};

}  // namespace

std::span<const ProposalSource> proposal_sources() { return kSources; }

std::size_t source_of_turn(const SearchOptions& options, std::span<const PastProposal> past,
                           std::span<const Outlook> known, double turn) {
  std::vector<double> seen;
  for (const PastProposal& one : past) {
    if (worth_of(one, known) > 0.0) seen.push_back(worth_of(one, known));
  }
  std::ranges::sort(seen, std::greater{});
  const double good =
      seen.empty() ? 0.0 : seen[static_cast<std::size_t>(kGoodQuarter * static_cast<double>(seen.size()))];
  std::array<double, kSources.size()> weight{};
  double rest = 1.0, sum = 0.0;
  for (std::size_t source = 0; source < kSources.size(); ++source) {
    double tried = 0.0, succeeded = 0.0;
    for (const PastProposal& one : past) {
      if (one.source != source || worth_of(one, known) <= 0.0) continue;
      tried += 1.0;
      succeeded += worth_of(one, known) >= good ? 1.0 : 0.0;
    }
    const double share = kSources[source].share != nullptr ? std::min(rest, options.*kSources[source].share) : rest;
    rest -= share;
    weight[source] = share * (succeeded + kDoubt * kGoodQuarter) / (tried + kDoubt);
    sum += weight[source];
  }
  for (std::size_t source = 0; source + 1 < kSources.size(); ++source) {
    turn -= weight[source] / sum;
    if (turn < 0.0) return source;
  }
  return kSources.size() - 1;
}

}  // namespace kws
