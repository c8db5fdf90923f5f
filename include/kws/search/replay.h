#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kws/core/options.h"
#include "kws/search/curves.h"
#include "kws/search/schedule.h"

namespace kws {

struct ReplayOptions {
  int seeds = 200;
  int reduction = 3;
  int slots = 2;        ///< see ScheduleOptions; as a planned search has on two cores
  double within = 0.0;  ///< points below the best accuracy that still count as it; 0: 1 % of it
  int threads = 1;      ///< changes the time and nothing else
};
template <class Field>
void describe(Field& field, ReplayOptions& o) {
  field("seeds", o.seeds, 1, 100000, "runs of every strategy, each with another seed");
  field("reduction", o.reduction, 2, 10, "one trial in so many goes on at a rung");
  field("slots", o.slots, 1, 1024,
        "trainings that the schedule keeps under way at once; as many as a planned search has on two cores");
  field("within", o.within, 0.0, 100.0, "points below the best accuracy that still count as it; 0: 1 % of it");
}

/// How long a strategy takes on a table: epochs until some design under training shows 99 % of the best accuracy that
/// any design of the budget ends with, or what lies within so many points of it.
struct ReplayRow {
  std::string budget;
  std::string strategy;
  double epochs_iqm = 0.0;                     ///< interquartile mean over the seeds
  double epochs_low = 0.0, epochs_high = 0.0;  ///< 95 % bootstrap interval of that mean
  double wrongly_stopped = 0.0;  ///< share of the trials stopped at the first or second rung that end in the best tenth
};

/// One row for each standard budget that some design keeps, and row of strategies(). Each strategy takes a design once;
/// what it has left at its end is trained in the order of accuracy. Runs differ by seed 0, 1 .. seeds - 1.
std::vector<ReplayRow> replay(const CurveTable& table, const ReplayOptions& options);

/// {"schema": "kwsmith.replay/1", "rows": [{"budget", "strategy", "epochs_iqm", "epochs_low", "epochs_high",
///  "wrongly_stopped"}]}
Json replay_to_json(const std::vector<ReplayRow>& rows);

/// One decision of "kwsmith", in the order taken.
struct ReplayStep {
  std::string budget;
  Job job;
  std::string design;     ///< name
  double accuracy = 0.0;  ///< at job.to epochs
};
/// What "kwsmith" decides with seed 0 and why, until each budget's table is used up.
std::vector<ReplayStep> replay_steps(const CurveTable& table, const ReplayOptions& options);

/// {"schema": "kwsmith.replay_steps/1", "steps": [{"budget", "trial", "design", "from", "to", "accuracy", "reason"}]}
Json replay_steps_to_json(const std::vector<ReplayStep>& steps);

/// Mean of the middle half of `values`: a quarter of them, rounded down, is dropped at either end.
double interquartile_mean(std::vector<double> values);

}  // namespace kws
