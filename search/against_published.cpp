#include "kws/search/against_published.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "kws/core/table.h"
#include "kws/core/text.h"
#include "kws/families/design.h"
#include "kws/search/finalists.h"
#include "kws/search/ranking.h"

namespace kws {
namespace {

/// Designs that a search finds may be called like a published one ("bc_resnet_1"), so the network counts, too.
class PublishedNetworks {
 public:
  PublishedNetworks() {
    for (const Design& design : known_designs()) networks_[design.name] = network_of(design);
  }
  [[nodiscard]] bool hold(const Design& design) const {
    const auto found = networks_.find(design.name);
    return found != networks_.end() && found->second == network_of(design);
  }

 private:
  static Json network_of(const Design& design) { return design_to_json(design).at("network"); }
  std::map<std::string, Json> networks_;
};

/// An accuracy after so many epochs.
struct Score {
  const TrialFacts* trial = nullptr;
  double accuracy = 0.0, error = 0.0;
  int seeds = 1;
};

AgainstPublished compared(const Score& winner, const Score& published, int epochs) {
  return {.winner = winner.trial->proposal.design.name,
          .published = published.trial->proposal.design.name,
          .itself = winner.trial == published.trial,
          .trial = published.trial->proposal.number,
          .epochs = epochs,
          .seeds = std::min(winner.seeds, published.seeds),
          .gain = winner.accuracy - published.accuracy,
          .error = winner.trial == published.trial ? 0.0 : std::hypot(winner.error, published.error),
          .winner_needs = winner.trial->needs,
          .published_needs = published.trial->needs};
}

/// The mean over its seeds of a finalist.
Score finalist_score(std::span<const TrialFacts> trials, const TrialFacts& trial) {
  const SeedMean mean = seed_mean(trials, trial);
  return {.trial = &trial,
          .accuracy = mean.accuracy,
          .error = mean.error.value_or(trial.result()->int8_validation_error),
          .seeds = mean.seeds};
}

std::optional<Score> score_after(const TrialFacts& trial, int epochs) {
  const auto rung = std::ranges::find(trial.rungs, epochs, &Rung::epochs);
  if (rung == trial.rungs.end() || !rung->result) return std::nullopt;
  return Score{
      .trial = &trial, .accuracy = rung->result->int8_validation, .error = rung->result->int8_validation_error};
}

void keep_the_better(std::optional<Score>& best, const std::optional<Score>& other) {
  if (other && (!best || other->accuracy > best->accuracy)) best = other;
}

/// "75 % of its memory", "27 times its operations"
std::string share_text(double share, const std::string& name) {
  if (share < 2.0) return fixed(100.0 * share, 0) + " % of its " + name;
  return fixed(share, share < 10.0 ? 1 : 0) + " times its " + name;
}

}  // namespace

std::optional<AgainstPublished> against_published(std::span<const TrialFacts> trials, const TrialFacts& winner,
                                                  const std::string& budget) {
  const PublishedNetworks networks;
  std::vector<const TrialFacts*> published;
  for (const TrialFacts& trial : trials) {
    if (fits(trial, budget) && networks.hold(trial.proposal.design)) published.push_back(&trial);
  }
  const TrialFacts* own = &winner;
  if (is_finalist(winner.proposal.number) && winner.result() != nullptr) {
    const int epochs = winner.rungs.back().epochs;
    const Score score = finalist_score(trials, winner);
    if (networks.hold(winner.proposal.design)) return compared(score, score, epochs);
    std::optional<Score> best;
    for (const TrialFacts* one : published) {
      const bool alike =
          is_finalist(one->proposal.number) && trained_in_full(*one) && one->rungs.back().epochs == epochs;
      if (alike) keep_the_better(best, finalist_score(trials, *one));
    }
    if (best) return compared(score, *best, epochs);
    const auto first = std::ranges::find(trials, finalist_of(winner.proposal.number),
                                         [](const TrialFacts& trial) { return trial.proposal.number; });
    if (first == trials.end()) return std::nullopt;
    own = &*first;
  }
  for (auto rung = own->rungs.rbegin(); rung != own->rungs.rend(); ++rung) {
    const std::optional<Score> score = score_after(*own, rung->epochs);
    if (!score) continue;
    if (networks.hold(own->proposal.design)) return compared(*score, *score, rung->epochs);
    std::optional<Score> best;
    for (const TrialFacts* one : published) {
      if (!is_finalist(one->proposal.number)) keep_the_better(best, score_after(*one, rung->epochs));
    }
    if (best) return compared(*score, *best, rung->epochs);
  }
  return std::nullopt;
}

std::string against_published_text(const AgainstPublished& one) {
  if (one.itself) return one.winner + " is a published network itself";
  const double points = 100.0 * std::abs(one.gain);
  const std::string error = one.error > 0.0 ? " ± " + fixed(100.0 * one.error, 1) : "";
  std::vector<std::string> shares;
  for (const auto& [id, name] :
       {std::pair{MeasureId::memory, "memory"}, {MeasureId::ops, "operations"}, {MeasureId::load, "time"}}) {
    const std::optional<double> ours = measure(id).need(one.winner_needs),
                                theirs = measure(id).need(one.published_needs);
    if (ours && theirs) shares.push_back(share_text(*ours / *theirs, name));
  }
  return one.winner + " is " + fixed(points, 1) + error + (one.gain < 0.0 ? " points below " : " points above ") +
         one.published + ", the best published network trained as long (" +
         (one.seeds > 1 ? grouped(one.seeds) + " seeds of " : "") + counted(one.epochs, "epoch") + "), with " +
         word_list(shares, " and ");
}

Json against_published_to_json(const AgainstPublished& one) {
  Json shares = Json::object();
  for (const Measure& row : measures()) {
    const std::optional<double> ours = row.need(one.winner_needs), theirs = row.need(one.published_needs);
    if (ours && theirs) shares[row.column] = *ours / *theirs;
  }
  return {{"name", one.published},      {"trial", one.trial},        {"epochs", one.epochs},
          {"seeds", one.seeds},         {"accuracy_gain", one.gain}, {"accuracy_gain_error", one.error},
          {"shares", std::move(shares)}};
}

}  // namespace kws
