#include "kws/search/rungs.h"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <tuple>

#include "kws/core/table.h"

namespace kws {

std::vector<int> rung_epochs(int top, int reduction) {
  std::vector<int> epochs;
  for (std::int64_t rung = 1; rung < top; rung = reduction == 1 ? rung + 1 : rung * reduction) {
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

std::optional<Promotion> Bracket::promote() {
  for (std::size_t rung = rungs_.size() - 1; rung-- > 0;) {
    const std::size_t quota = rungs_[rung].size() / static_cast<std::size_t>(reduction_);
    if (auto promotion = take(rung, quota, "among the best " + std::to_string(quota))) return promotion;
  }
  return std::nullopt;
}

std::optional<Promotion> Bracket::close() {
  if (!running_.empty()) return std::nullopt;
  for (std::size_t rung = 0; rung + 1 < rungs_.size(); ++rung) {
    if (std::ranges::any_of(rungs_[rung], &Entry::promoted)) continue;
    if (auto promotion = take(rung, 1, "goes on because no further trial comes")) return promotion;
  }
  return std::nullopt;
}

std::optional<Promotion> Bracket::take(std::size_t rung, std::size_t quota, const std::string& why) {
  std::vector<Entry>& entries = rungs_[rung];
  for (std::size_t rank = 0; rank < std::min(quota, entries.size()); ++rank) {
    Entry& entry = entries[rank];
    if (entry.promoted || !entry.accuracy) continue;
    entry.promoted = true;
    running_.push_back({entry.trial, rung + 1});
    return Promotion{.trial = entry.trial, .to = rung + 1, .reason = place(rung, rank) + ", " + why};
  }
  return std::nullopt;
}

std::string Bracket::place(std::size_t rung, std::size_t rank) const {
  const Entry& entry = rungs_[rung][rank];
  std::string text = "rank " + std::to_string(rank + 1) + " of " + std::to_string(rungs_[rung].size()) + " after " +
                     std::to_string(epochs_[rung]) + (epochs_[rung] == 1 ? " epoch (" : " epochs (") +
                     percent(*entry.accuracy);
  if (entry.worth != *entry.accuracy) text += ", " + percent(entry.worth) + " expected";
  return text + ")";
}

std::vector<Bracket::Standing> Bracket::standings() const {
  std::vector<Standing> all;
  for (std::size_t rung = 0; rung < rungs_.size(); ++rung) {
    const std::vector<Entry>& entries = rungs_[rung];
    const bool top = rung + 1 == rungs_.size();
    const auto gone = std::ranges::count_if(entries, &Entry::promoted);
    for (std::size_t rank = 0; rank < entries.size(); ++rank) {
      const Entry& entry = entries[rank];
      if (entry.promoted) continue;
      Standing& standing = all.emplace_back(Standing{.trial = entry.trial, .rung = rung, .reason = ""});
      standing.failed = !entry.accuracy;
      if (standing.failed) continue;
      standing.reason = place(rung, rank) + (top ? ", trained in full" : ", " + std::to_string(gone) + " went on");
    }
  }
  for (const Running& running : running_) {
    all.push_back({.trial = running.trial, .rung = running.rung, .running = true, .reason = ""});
  }
  std::ranges::sort(all, {}, &Standing::trial);
  return all;
}

}  // namespace kws
