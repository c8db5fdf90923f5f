#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kws/search/epoch_times.h"
#include "kws/search/options.h"

namespace kws {

/// How long the rest of a search takes, from what its trainings have taken so far: an epoch of one design may take ten
/// times as long as one of another, and those that go on to the top and become finalists are seldom the cheap ones.
/// What has not been timed is guessed from its relative cost. Times are seconds since any one moment.
class TimeLeft {
 public:
  /// A training from one rung to the next, or of a finalist from the start to the end.
  struct Step {
    int trial = 0;
    int from = 0, to = 0;  ///< epochs
    std::string budget;
    double cost = 1.0;  ///< training_cost()
  };

  explicit TimeLeft(const SearchOptions& options);

  /// The step is to be trained.
  void offered(const Step& step);
  /// A worker of this process has trained the step as far as `epochs`; the first call says from where it begins.
  void trained(int trial, int to, int epochs, double now);
  /// The step is at its end.
  ///   seconds   that it took; nothing: an earlier run has trained it, or it failed
  ///   accuracy  that it came to; nothing: it failed
  void ended(int trial, int to, std::optional<double> seconds, std::optional<double> accuracy);
  /// An earlier run, on whichever machine, has taken so long for a step: the pace, until trainings of this one show it.
  ///   went_on  the step was not a trial's first
  void known(int epochs, bool went_on, double seconds);
  /// The steps of all finalists are on offer.
  void finalists_offered() { finalists_known_ = true; }

  /// Nothing: no epoch has been timed yet, and neither a plan nor an earlier run knows the pace.
  [[nodiscard]] std::optional<double> seconds(double now) const;

 private:
  struct UnderWay {
    Step step;
    int epochs = 0;                    ///< trained
    std::optional<double> last = {};   ///< when the last of them ended; nothing: no worker of this process has begun
    std::optional<double> first = {};  ///< seconds of the first epoch
    double since_begun = 0.0;          ///< seconds up to `last`
    bool resumed = false;              ///< goes on from a checkpoint amid the step
  };
  /// What one design has shown.
  struct Shown {
    std::string budget;
    double cost = 1.0;                    ///< training_cost()
    int level = 0;                        ///< epochs it was last trained to, or is on its way to
    std::map<int, double> accuracy = {};  ///< by epochs; below 0: failed
  };
  struct Mean {
    double sum = 0.0;
    int count = 0;
    void add(double value) {
      sum += value;
      ++count;
    }
    [[nodiscard]] double value() const { return count == 0 ? 0.0 : sum / count; }
  };

  [[nodiscard]] EpochSpan span(int trial, int from, int to) const;
  [[nodiscard]] double rest(const UnderWay& step, double now) const;
  [[nodiscard]] std::optional<double> pace(bool goes_on) const;
  [[nodiscard]] double epoch_seconds(int design) const;
  [[nodiscard]] double typical_epoch_seconds(const std::string& budget, bool goes_on) const;
  [[nodiscard]] double accuracy_at_level(const Shown& design) const;
  [[nodiscard]] double best_epoch_seconds(const std::string& budget, double share) const;
  [[nodiscard]] std::vector<double> finalist_seconds() const;

  SearchOptions options_;
  std::vector<int> rungs_, jobs_;                  ///< epochs and expected trainings of each rung
  std::vector<int> offered_;                       ///< of each rung, so far
  std::map<std::pair<int, int>, UnderWay> steps_;  ///< by trial and `to`, not at their end
  std::map<int, Shown> designs_;                   ///< by trial, a finalist's with its own
  Mean opening_;                                   ///< what a step's first epoch takes more: features are made
  Mean rung_seconds_;                              ///< of measuring a trial at a rung
  Mean known_first_, known_later_;                 ///< seconds of an epoch in earlier runs
  EpochTimes times_;                               ///< by trial, without a step's first epoch
  bool finalists_known_ = false;
};

}  // namespace kws
