#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace kws {

/// Epoch counts at which trials are compared: 1, 3, 9 ... (reduction 3) below `top`, and `top`; every one (reduction
/// 1).
std::vector<int> rung_epochs(int top, int reduction);

/// A trial that goes on from one rung to the next.
struct Promotion {
  int trial = 0;
  std::size_t to = 0;  ///< index of the rung it is trained to
  std::string reason;  ///< "rank 2 of 9 after 3 epochs (91.20 %, 93.15 % expected), among the best 3"
};

/// Asynchronous successive halving of the promotion type for the trials of one budget: of the n results at a rung the
/// best n / reduction may go on, the highest rung first. A trial that does not go on keeps its checkpoint and may be
/// promoted later, when worse results have come in below it. Ties go to the lower number.
/// Source: Li et al., "A System for Massively Parallel Hyperparameter Tuning", arXiv:1810.05934, algorithm 2.
class Bracket {
 public:
  Bracket(std::vector<int> rungs, int reduction) : epochs_(std::move(rungs)), reduction_(reduction) {
    rungs_.resize(epochs_.size());
  }

  /// A new trial is being trained to the first rung.
  void open(int trial) { running_.push_back({trial, 0}); }
  /// What a running trial reached at the rung it was trained to; nothing: it failed and never goes on.
  void report(int trial, std::optional<double> accuracy);

  /// Ranks by what the trials are expected to reach at the top rung instead of by what they have shown.
  ///   expected  [trial]
  void rank(std::span<const double> expected);

  /// The next trial to go on, which from now on runs; nothing: none has earned it.
  std::optional<Promotion> promote();
  /// To be asked once no trial comes any more: the best of the lowest rung that nobody has left goes on though fewer
  /// than `reduction` results stand there, so that one trial reaches the top. Nothing while a trial runs.
  std::optional<Promotion> close();

  /// Where a trial stands and why it is not further.
  struct Standing {
    int trial = 0;
    std::size_t rung = 0;  ///< index; of a running trial the one it is trained to
    bool running = false, failed = false;
    std::string reason;  ///< in words; "" of a running or failed trial
  };
  /// Of all trials, by number.
  [[nodiscard]] std::vector<Standing> standings() const;

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
  std::optional<Promotion> take(std::size_t rung, std::size_t quota, const std::string& why);
  [[nodiscard]] std::string place(std::size_t rung, std::size_t rank) const;

  std::vector<int> epochs_;
  int reduction_;
  std::vector<std::vector<Entry>> rungs_;  ///< best first
  std::vector<Running> running_;
};

}  // namespace kws
