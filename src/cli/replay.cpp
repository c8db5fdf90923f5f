#include "kws/search/replay.h"

#include <iostream>
#include <memory>

#include "cli.h"
#include "kws/core/table.h"

namespace kws::cli {
namespace {

struct ReplayVerb {
  std::string table;
  bool steps = false;
  Output format;
  ReplayOptions defaults;
  std::unique_ptr<Flags> flags;
};

void print_rows(const std::vector<ReplayRow>& rows, const Output& format) {
  Table table({"budget", "strategy", "epochs_iqm", "epochs_low", "epochs_high", "wrongly_stopped"});
  for (const ReplayRow& row : rows) {
    table.add({row.budget, row.strategy, fixed(row.epochs_iqm, 1), fixed(row.epochs_low, 1), fixed(row.epochs_high, 1),
               share_cell(row.wrongly_stopped, format)});
  }
  print_table(table, format);
}

void print_steps(const std::vector<ReplayStep>& steps, const Output& format) {
  if (format == Format::json) {
    std::cout << text_of(replay_steps_to_json(steps), 2) << "\n";
    return;
  }
  Table table({"budget", "trial", "design", "from", "to", "accuracy", "reason"});
  for (const ReplayStep& step : steps) {
    table.add({step.budget, std::to_string(step.job.trial), step.design, std::to_string(step.job.from),
               std::to_string(step.job.to), share_cell(step.accuracy, format), step.job.reason});
  }
  print_table(table, format);
}

int run(const ReplayVerb& verb, const Common& common) {
  ReplayOptions options;
  read_options(verb.flags->given(), options, "command line", "");
  options.threads = common.thread_count();
  const CurveTable table = load_curves(verb.table);
  if (verb.steps) {
    print_steps(replay_steps(table, options), verb.format);
    return static_cast<int>(Exit::done);
  }
  const std::vector<ReplayRow> rows = replay(table, options);
  if (verb.format == Format::json) {
    std::cout << text_of(replay_to_json(rows), 2) << "\n";
  } else {
    print_rows(rows, verb.format);
  }
  return static_cast<int>(Exit::done);
}

}  // namespace

void add_replay(CLI::App& app, Common& common) {
  const auto verb = std::make_shared<ReplayVerb>();
  CLI::App* sub = app.add_subcommand("replay", "Compare strategies of search on recorded learning curves");
  sub->add_option("--table", verb->table, "learning curves, kwsmith.curves/1 as JSON or packed by gzip")->required();
  sub->add_flag("--steps", verb->steps, "what the search decides with the first seed, and why");
  verb->flags = std::make_unique<Flags>(*sub, "Replay");
  describe(*verb->flags, verb->defaults);
  add_format(*sub, verb->format);
  sub->callback([verb, &common] { common.exit_code = run(*verb, common); });
}

}  // namespace kws::cli
