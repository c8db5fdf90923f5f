#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace kws {

/// Epoch counts at which trials are compared: first, 3 first, 9 first ... (reduction 3) below `top`, and `top`; every
/// one from 1 on (reduction 1).
std::vector<int> rung_epochs(int top, int reduction, int first);

/// A trial that goes on from one rung to the next.
struct Promotion {
  int trial = 0;
  std::size_t to = 0;  ///< index of the rung it is trained to
  std::string reason;  ///< "rank 2 of 9 after 3 epochs (91.20 %, 93.15 % expected), among the best 3"
};

/// Share of accuracy; the standard error of a validation split of 3,000 clips is 0.004.
constexpr double kNearTheBest = 0.003;

/// Asynchronous successive halving of the promotion type for the trials of one budget: of n results at a rung
/// n / reduction go on, never more, the best that have not yet, the highest rung first. The last `hold` results at
/// the first rung earn no promotion before close(), so that the first to come are compared with more than each other.
/// There, where types that learn at different speeds are not comparable, the best of each type goes on before the
/// second of another one, once `reduction` of its trials stand there. A trial that does not go on may be promoted
/// later, when worse results have come in below it. Beyond the first rung one that is within kNearTheBest of the best
/// that has gone on follows at once, as long as no more go on than all `trials` will have earned: two that measurement
/// cannot tell apart need not wait for worse ones, and in the end as many have gone on. Ties go to the lower number. A
/// baseline, which others are to be held against, goes on in any case, at once and beside those that earn it; of its
/// type it is the one that goes on first.
/// Source: Li et al., "A System for Massively Parallel Hyperparameter Tuning", arXiv:1810.05934, algorithm 2.
class Bracket {
 public:
  ///   trials  that are to come in all; 0: nobody follows the best before it has earned it
  Bracket(std::vector<int> rungs, int reduction, int hold = 0, int trials = 0)
      : epochs_(std::move(rungs)),
        reduction_(static_cast<std::size_t>(reduction)),
        hold_(static_cast<std::size_t>(hold)),
        trials_(static_cast<std::size_t>(trials)) {
    rungs_.resize(epochs_.size());
    open_ = rungs_.size();
  }

  /// None goes on beyond the first `count` rungs, until more are opened.
  void open_rungs(std::size_t count) { open_ = count; }

  /// A new trial is being trained to the first rung.
  ///   type  "": not compared by types
  void open(int trial, const std::string& type = "", bool baseline = false) {
    running_.push_back({trial, 0});
    if (baseline) baselines_.insert(trial);
    if (types_.size() <= static_cast<std::size_t>(trial)) types_.resize(static_cast<std::size_t>(trial) + 1);
    types_[static_cast<std::size_t>(trial)] = type;
  }
  /// What a running trial reached at the rung it was trained to; nothing: it failed and never goes on.
  void report(int trial, std::optional<double> accuracy);

  /// Ranks by what the trials are expected to reach at the top rung instead of by what they have shown.
  ///   expected  [trial]
  void rank(std::span<const double> expected);

  /// The next trial to go on, which from now on runs; nothing: none has earned it.
  std::optional<Promotion> promote();
  /// To be asked once no trial comes any more: what the last results have earned, as soon as the first rung has all of
  /// its results; then, when nothing runs and nobody but the baseline has reached the top, the best of the highest rung
  /// that has one left goes on though it has not earned it, so that one trial reaches the top unless all fail.
  std::optional<Promotion> close();

  /// Where a trial stands and why it is not further.
  struct Position {
    int trial = 0;
    std::size_t rung = 0;  ///< index; of a running trial the one it is trained to
    bool running = false, failed = false;
    std::string reason;  ///< in words; "" of a running or failed trial
  };
  /// Of all trials, by number.
  [[nodiscard]] std::vector<Position> positions() const;

 private:
  struct Entry {
    int trial = 0;
    std::optional<double> accuracy;  ///< nothing: failed
    double worth = 0.0;              ///< ranks; below 0: failed
    bool promoted = false;
  };
  struct Running {
    int trial = 0;
    std::size_t rung = 0;
  };
  static void sort(std::vector<Entry>& rung);
  [[nodiscard]] bool is_baseline(const Entry& entry) const { return baselines_.contains(entry.trial); }
  /// Trials that have left a rung, without the baseline.
  [[nodiscard]] std::size_t others_gone_from(std::size_t rung) const;
  /// Whether one beside the baseline has reached it and not failed there.
  [[nodiscard]] bool another_stands_at(std::size_t rung) const;
  std::optional<Promotion> promote(std::size_t held);
  [[nodiscard]] std::optional<std::size_t> best_of_a_type() const;
  [[nodiscard]] std::optional<std::size_t> near_the_best(std::size_t rung) const;
  std::optional<Promotion> take(std::size_t rung, std::size_t rank, const std::string& reason);
  [[nodiscard]] std::string place(std::size_t rung, std::size_t rank) const;

  std::vector<int> epochs_;
  std::size_t reduction_, hold_, trials_, open_ = 0;
  std::vector<std::string> types_;  ///< [trial]
  std::set<int> baselines_;
  std::vector<std::vector<Entry>> rungs_;  ///< best first
  std::vector<Running> running_;
};

}  // namespace kws
