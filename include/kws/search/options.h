#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kws/core/isa.h"
#include "kws/core/options.h"
#include "kws/cost/board.h"
#include "kws/search/epoch_times.h"
#include "kws/search/schedule.h"
#include "kws/search/space.h"

namespace kws {

/// What a search depends on, apart from the data.
struct SearchOptions {
  int max_trials = 28;
  int epochs = 8;
  int first_rung = 3;
  int reduction = 3;
  int slots = 8;
  int max_epochs = 0;
  double target_accuracy = 0.0;
  double max_training_cost = 0.0;  ///< training_cost(); 0: no limit
  double evolution_share = 0.3;
  double model_share = 0.5;
  bool no_prior = false;
  int max_published = 0;
  std::string strategy = "kwsmith";
  int finalists = 3;
  int final_seeds = 3;
  int final_epochs = 0;
  int tuning_epochs = 2;
  std::string precision = precision_of(best_isa());
  std::uint64_t seed = 1;
  Limits limits;
  std::string board;  ///< whose core, clock and limits these are; "": none
  std::string core = "m4";
  int clock_hz = 0;
  int hop_ms = 0;
  bool carry_state = false;
  std::vector<std::string> budget_names;  ///< standard budgets asked for
  std::vector<std::string> types = network_types();
  std::vector<int> raised_from;  ///< see ScheduleOptions; a study keeps it, nobody asks for it
  std::string clock = "cost";    ///< ScheduleOptions::by_cost, or "epochs", by which earlier searches went
  Space space;
  int classes = 12;  ///< of the data's labels
  bool fair = true;  ///< see ScheduleOptions; the strategy says
  // These change the time and nothing else, so that no config holds them.
  int threads = 1;                   ///< trainings in the search's own process; 0: all in workers elsewhere
  double lease_seconds = 60.0;       ///< see Worker
  std::optional<TrainingPace> pace;  ///< as a plan has measured it, to tell the time left by
  double max_seconds = 0.0;          ///< of this run, then no training is begun any more; 0: no limit
  bool deterministic = false;        ///< leaves times out of the reports, so that equal searches give equal bytes

  /// The budgets asked for, small first, limits of the design alone as "custom" last; none asked for: small. Limits of
  /// the part bind every budget; alone they are the budget "custom".
  [[nodiscard]] std::vector<Budget> budgets() const;
  /// Budget::part() of every budget.
  [[nodiscard]] std::optional<Part> part() const;
  /// What reports count flash, RAM and, with a clock, time for, limited or not.
  [[nodiscard]] Part target() const;
  [[nodiscard]] ScheduleOptions schedule() const;
};

/// Names of strategies(), the default first.
const std::vector<std::string>& strategy_names();

constexpr int kMostSlots = 1024;

/// The plain values; flags and the config file's object `search`.
template <class Field>
void describe(Field& field, SearchOptions& o) {
  constexpr std::int64_t kNone = 0, kMost = 9007199254740991;
  field("max_trials", o.max_trials, 1, 1000000, "designs to train; a later run may raise it");
  field("epochs", o.epochs, 1, 10000,
        "passes over the training split of a trial that reaches the top rung; a later run may raise it");
  field("first_rung", o.first_rung, 1, 10000, "epochs before trials are compared for the first time");
  field(
      "reduction", o.reduction, 1, 1000000,
      "one trial in so many goes on at a rung, ratio of neighbouring rungs; 1: all trials in full, a rung each epoch");
  field("slots", o.slots, 1, kMostSlots,
        "trainings the schedule keeps under way at once; more workers do not help, and fewer slots decide better; with "
        "--time as many as this process trains at once, so give more where workers of other machines are to help");
  field("max_epochs", o.max_epochs, 0, 1000000000,
        "epochs of all trials together; a later run may raise it; 0: no limit");
  field("target_accuracy", o.target_accuracy, 0.0, 1.0,
        "int8 validation accuracy, a share, that ends the search of a budget; 0: none");
  field.later("max_training_cost", o.max_training_cost, 0.0, 0.0, 1e6,
              "leave out what trains slower: million multiply-adds of a clip, 30 for each number between layers and "
              "0.6 a clip; 0: no limit; --time sets it");
  field("evolution_share", o.evolution_share, 0.0, 1.0,
        "share of proposals that are one change of a good design; shares follow success later on");
  field("model_share", o.model_share, 0.0, 1.0, "share that a model of good designs picks; the rest is random");
  field("no_prior", o.no_prior, "do not begin with the published designs that keep a budget");
  field.later("max_published", o.max_published, 0, 0, 1000000,
              "published designs of each budget to begin with, the baseline and of each type the largest first and at "
              "least those; 0: all; --time sets it");
  field.choice("strategy", o.strategy, strategy_names(), "of proposals and rungs, see `kwsmith replay`");
  field("finalists", o.finalists, 0, 100,
        "best trials of each budget that are trained anew at the end, unless a limit ended the search");
  field("final_seeds", o.final_seeds, 1, 99,
        "trainings of each finalist, with other seeds; the design with the best mean wins");
  field("final_epochs", o.final_epochs, 0, 10000, "epochs of such a training; 0: as many as the top rung");
  field("tuning_epochs", o.tuning_epochs, 0, 10000, "quantization-aware epochs after them");
  field.choice("precision", o.precision, precision_names(),
               "of training steps; bfloat16 is faster and needs AVX-512 BF16 or AMX on every machine of the study");
  field("seed", o.seed, kNone, kMost, "seed of proposals and of every trial's training");
  for (const Measure& measure : measures()) {
    field.limit(measure.option, o.limits[measure.id], measure.kind, measure.help);
  }
  field.later("board", o.board, kBoardHelp);
  field.choice("core", o.core, core_names(), "Cortex-M core that flash, RAM and time are counted for");
  field("clock_hz", o.clock_hz, 0, 2000000000, "clock of the core that times are counted with; 0: no times");
  field("hop_ms", o.hop_ms, 0, kLongestHopThatHears,
        "from decision to decision, for times; 0: as many frames as 100 ms hold, or somewhat fewer");
  field.later("carry_state", o.carry_state,
              "count networks with recurrent layers as streams that carry their state on");
}

/// Reads {"schema": "kwsmith.search/1", "search": {..}, "clock": .., "raised_from": [epochs, ..], "budgets": [name, ..],
/// "types": [name, ..], "space": {..}}; every part may be left out.
///   throws  Error (Exit::usage), one line `origin: path: fact; remedy`
SearchOptions search_options_from_json(const Json& json, const std::string& origin);

/// The resolved config: what search_options_from_json reads, with every default written out.
Json search_options_to_json(const SearchOptions& options);

}  // namespace kws
