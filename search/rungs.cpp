#include "kws/search/rungs.h"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <map>
#include <set>
#include <tuple>

#include "kws/core/table.h"

namespace kws {

std::vector<int> rung_epochs(int top, int reduction, int first) {
  std::vector<int> epochs;
  for (std::int64_t rung = reduction == 1 ? 1 : first; rung < top;
       rung = reduction == 1 ? rung + 1 : rung * reduction) {
    epochs.push_back(static_cast<int>(rung));
  }
  epochs.push_back(top);
  return epochs;
}

void Bracket::report(int trial, std::optional<double> accuracy) {
  const auto running = std::ranges::find(running_, trial, &Running::trial);
  assert(running != running_.end());
  std::vector<Entry>& rung = rungs_[running->rung];
  running_.erase(running);
  rung.push_back({.trial = trial, .accuracy = accuracy, .worth = accuracy.value_or(-1.0)});
  sort(rung);
}

void Bracket::rank(std::span<const double> expected) {
  for (std::vector<Entry>& rung : rungs_) {
    for (Entry& entry : rung) {
      if (entry.accuracy) entry.worth = expected[static_cast<std::size_t>(entry.trial)];
    }
    sort(rung);
  }
}

void Bracket::sort(std::vector<Entry>& rung) {
  std::ranges::sort(rung, {}, [](const Entry& entry) { return std::tuple(-entry.worth, entry.trial); });
}

std::optional<Promotion> Bracket::promote() { return promote(hold_); }

std::optional<Promotion> Bracket::promote(std::size_t held) {
  for (std::size_t rung = open_ - 1; rung-- > 0;) {
    const std::vector<Entry>& entries = rungs_[rung];
    const auto baseline = std::ranges::find_if(
        entries, [this](const Entry& entry) { return is_baseline(entry) && !entry.promoted && entry.accuracy; });
    if (baseline != entries.end()) {
      return take(rung, static_cast<std::size_t>(baseline - entries.begin()), "the baseline");
    }
    const std::size_t quota = (entries.size() - (rung == 0 ? std::min(entries.size(), held) : 0)) / reduction_;
    if (others_gone_from(rung) >= quota) {
      if (const auto rank = near_the_best(rung)) return take(rung, *rank, "near the best that went on");
      continue;
    }
    if (rung == 0) {
      if (const auto rank = best_of_a_type()) return take(rung, *rank, "the best of its type");
    }
    const auto next = std::ranges::find_if(entries, [](const Entry& e) { return !e.promoted && e.accuracy; });
    if (next == entries.end()) continue;
    return take(rung, static_cast<std::size_t>(next - entries.begin()), std::to_string(quota) + " may go on");
  }
  return std::nullopt;
}

/// Rank of the best trial at the first rung whose type has sent none on; nothing: all have that are there often enough.
std::optional<std::size_t> Bracket::best_of_a_type() const {
  const std::vector<Entry>& entries = rungs_.front();
  const auto type = [&](const Entry& entry) -> const std::string& {
    return types_[static_cast<std::size_t>(entry.trial)];
  };
  std::map<std::string, std::size_t> there;
  std::set<std::string> gone = {""};  // of trials without one nobody is the best of a type
  for (const Entry& entry : entries) {
    ++there[type(entry)];
    if (entry.promoted) gone.insert(type(entry));
  }
  for (std::size_t rank = 0; rank < entries.size(); ++rank) {
    const std::string& of = type(entries[rank]);
    if (entries[rank].accuracy && !gone.contains(of) && there[of] >= reduction_) return rank;
  }
  return std::nullopt;
}

/// Rank of the next trial that follows the best before it has earned it; nothing: none is near, or all have.
std::optional<std::size_t> Bracket::near_the_best(std::size_t rung) const {
  std::size_t earned = trials_;  // by all trials, once they stand there
  for (std::size_t i = 0; i <= rung; ++i) earned /= reduction_;
  if (rung == 0 || others_gone_from(rung) >= earned) return std::nullopt;
  const std::vector<Entry>& entries = rungs_[rung];
  std::optional<double> best;
  for (const Entry& entry : entries) {
    if (entry.promoted && (!best || *entry.accuracy > *best)) best = entry.accuracy;
  }
  if (!best) return std::nullopt;
  const auto next = std::ranges::find_if(entries, [&](const Entry& entry) {
    return !entry.promoted && entry.accuracy && *entry.accuracy >= *best - kNearTheBest;
  });
  return next == entries.end() ? std::nullopt : std::optional(static_cast<std::size_t>(next - entries.begin()));
}

std::optional<Promotion> Bracket::close() {
  if (std::ranges::any_of(running_, [](const Running& running) { return running.rung == 0; })) return std::nullopt;
  if (auto promotion = promote(0)) return promotion;
  if (!running_.empty() || another_stands_at(open_ - 1)) return std::nullopt;
  for (std::size_t rung = open_ - 1; rung-- > 0;) {
    const std::vector<Entry>& entries = rungs_[rung];
    const auto best =
        std::ranges::find_if(entries, [](const Entry& entry) { return !entry.promoted && entry.accuracy; });
    if (best == entries.end()) continue;
    return take(rung, static_cast<std::size_t>(best - entries.begin()), "goes on because no further trial comes");
  }
  return std::nullopt;
}

std::size_t Bracket::others_gone_from(std::size_t rung) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      rungs_[rung], [this](const Entry& entry) { return entry.promoted && !is_baseline(entry); }));
}

bool Bracket::another_stands_at(std::size_t rung) const {
  return std::ranges::any_of(rungs_[rung],
                             [this](const Entry& entry) { return entry.accuracy && !is_baseline(entry); });
}

std::optional<Promotion> Bracket::take(std::size_t rung, std::size_t rank, const std::string& reason) {
  Entry& entry = rungs_[rung][rank];
  entry.promoted = true;
  running_.push_back({entry.trial, rung + 1});
  return Promotion{.trial = entry.trial, .to = rung + 1, .reason = place(rung, rank) + ", " + reason};
}

std::string Bracket::place(std::size_t rung, std::size_t rank) const {
  const Entry& entry = rungs_[rung][rank];
  std::string text = "rank " + std::to_string(rank + 1) + " of " + std::to_string(rungs_[rung].size()) + " after " +
                     counted(epochs_[rung], "epoch") + " (" + percent(*entry.accuracy);
  if (entry.worth != *entry.accuracy) text += ", " + percent(entry.worth) + " expected";
  return text + ")";
}

std::vector<Bracket::Position> Bracket::positions() const {
  std::vector<Position> all;
  for (std::size_t rung = 0; rung < rungs_.size(); ++rung) {
    const std::vector<Entry>& entries = rungs_[rung];
    const bool top = rung + 1 == rungs_.size();
    const bool baseline =
        std::ranges::any_of(entries, [this](const Entry& entry) { return is_baseline(entry) && entry.promoted; });
    const std::string gone =
        std::to_string(others_gone_from(rung)) + " went on" + (baseline ? " beside the baseline" : "");
    for (std::size_t rank = 0; rank < entries.size(); ++rank) {
      const Entry& entry = entries[rank];
      if (entry.promoted) continue;
      Position& position = all.emplace_back(Position{.trial = entry.trial, .rung = rung, .reason = ""});
      position.failed = !entry.accuracy;
      if (position.failed) continue;
      position.reason = place(rung, rank) + ", " + (top ? "trained in full" : gone);
    }
  }
  for (const Running& running : running_) {
    all.push_back({.trial = running.trial, .rung = running.rung, .running = true, .reason = ""});
  }
  std::ranges::sort(all, {}, &Position::trial);
  return all;
}

}  // namespace kws
