#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>

#include "cli.h"
#include "data_source.h"
#include "kws/core/files.h"
#include "kws/core/table.h"
#include "kws/pipeline/train_bench.h"
#include "kws/pipeline/training_evaluator.h"
#include "kws/search/driver.h"
#include "kws/search/finalists.h"
#include "kws/search/proposals.h"
#include "kws/train/trainer.h"
#include "log.h"
#include "rows.h"
#include "target.h"

namespace kws::cli {
namespace {

struct SearchVerb {
  DataSource source;
  std::string study, out, config, board;
  std::vector<std::string> budgets, types;
  bool dry_run = false, deterministic = false;
  int workers = -1;
  double lease_seconds = SearchOptions().lease_seconds, max_time = 0.0;
  Format format = Format::table;
  SearchOptions defaults;
  std::unique_ptr<Flags> flags;
};

/// Defaults < config file < flags, all through the one strict reader.
SearchOptions resolve(const SearchVerb& verb, const Common& common) {
  Json config = verb.config.empty() ? Json::object() : load_json(verb.config);
  const std::string origin = verb.config.empty() ? "command line" : verb.config;
  search_options_from_json(config, origin);  // the file must be right by itself, so that its errors name it
  if (!verb.board.empty()) {
    const Board board = board_by_name_or_file(verb.board);
    config["search"]["core"] = core_name(board.core);
    config["search"]["clock_hz"] = board.clock_hz;
    const Budget whole = budget_of(board);
    for (const Measure& measure : measures()) {
      // What the file says may be tighter, or leave room for the application.
      if (whole.limits[measure.id]) config["search"].emplace(measure.option, measure.json(*whole.limits[measure.id]));
    }
    // Float features would take most of such a core's time.
    if (!board.fpu) config["space"]["features"].emplace("arithmetic", "integer");
  }
  for (const auto& [name, value] : verb.flags->given().items()) config["search"][name] = value;
  if (!verb.budgets.empty()) config["budgets"] = verb.budgets;
  if (!verb.types.empty()) config["types"] = verb.types;
  SearchOptions options = search_options_from_json(config, "command line");
  options.classes = verb.source.labels().classes();
  options.threads = verb.workers < 0 ? common.thread_count() : verb.workers;
  options.lease_seconds = verb.lease_seconds;
  options.deterministic = verb.deterministic;
  options.max_seconds = verb.max_time;
  return options;
}

/// What a study must not mix: everything but where it ends, which may move, and the part where no limit asks for it.
Json study_config(const SearchOptions& options, const LabelSet& labels, const std::string& fingerprint) {
  Json config = search_options_to_json(options);
  for (const char* limit : {"max_trials", "max_epochs", "target_accuracy", "finalists", "final_seeds"})
    config["search"].erase(limit);
  if (!options.part()) {
    for (const char* name : {"core", "clock_hz", "hop_ms"}) config["search"].erase(name);
  }
  config["keywords"] = labels.keywords;
  config["data"] = fingerprint;
  return config;
}

/// A bar over epochs on a terminal, else a line for each rung that a trial reaches.
class Display : public ProgressSink {
 public:
  explicit Display(const Common& common) : terminal_(::isatty(STDERR_FILENO) != 0), bar_(common, "epoch") {}
  ~Display() override { bar_.done(); }

  void warn(const std::string& line) override {
    bar_.done();
    log().warn(line);
  }
  void progress(const SearchProgress& progress) override {
    progress_ = progress;
    if (terminal_ && progress.epochs_done > 0) {
      const std::string trials = std::to_string(progress.trials_done) + " of " + std::to_string(progress.trials);
      show(trials + " trials" + last_);
    }
  }
  void rung_ended(const Proposal& proposal, const Rung& rung) override {
    const std::string note = describe_end(proposal, rung);
    last_ = "; " + note;
    if (!terminal_) show(note);
  }
  [[nodiscard]] const SearchProgress& last() const { return progress_; }

 private:
  void show(const std::string& note) {
    const int done = progress_.epochs_done + progress_.epochs_known;
    bar_.show(done, std::max(done, progress_.epochs), note);  // what is expected is no promise
  }
  static std::string describe_end(const Proposal& proposal, const Rung& rung) {
    const std::string start = proposal.design.name + " for " + proposal.budget;
    if (!rung.result) return start + " failed: " + rung.failure;
    return start + " after " + std::to_string(rung.epochs) + (rung.epochs == 1 ? " epoch" : " epochs") + " (" +
           rung.decided + "): int8 " + percent(rung.result->int8_validation) + ", float " +
           percent(rung.result->float_validation) + " in " + fixed(rung.result->seconds, 1) + " s";
  }

  bool terminal_;
  Progress bar_;
  SearchProgress progress_;
  std::string last_;
};

Json winner_json(const Winner& winner, const Part& part) {
  const Design& design = winner.trial.proposal.design;
  Json row = {{"budget", winner.budget},
              {"trial", winner.trial.proposal.number},
              {"type", design.type()},
              {"name", design.name},
              {"float_validation", winner.trial.result()->float_validation},
              {"int8_validation", winner.trial.result()->int8_validation},
              {"float_test", winner.test.float_accuracy},
              {"int8_test", winner.test.int8_accuracy}};
  row.update(needs_to_json(needs_of(design, part)));
  row["model"] = winner.folder.string();
  return row;
}

Json proposal_row(const Proposal& proposal, const Part& part) {
  const FeatureOptions& features = proposal.design.features;
  Json row = {{"trial", proposal.number},
              {"budget", proposal.budget},
              {"type", proposal.design.type()},
              {"name", proposal.design.name}};
  row.update(needs_to_json(needs_of(proposal.design, part)));
  row.update({{"parameters", hello_edge_cost(build_graph(proposal.design)).parameters},
              {"kind", features.kind},
              {"coefficients", features.coefficients},
              {"window_ms", features.window_ms},
              {"stride_ms", features.stride_ms},
              {"peak_rate", proposal.training.peak_rate}});
  return row;
}

/// Seconds that the epochs of a search take, judged by the speed at which its first designs train on this machine.
double expected_seconds(const SearchOptions& options, Isa isa, const std::vector<Design>& first, int epochs,
                        std::size_t clips) {
  constexpr double kMeasured = 0.1;  // seconds of each
  if (const std::string warning = prepare_training(); !warning.empty()) log().warn(warning);
  double trained = 0.0, tuned = 0.0;  // seconds of a clip
  for (const Design& design : first) {
    const TrainingSpeed speed = training_speed(design, isa, kMeasured);
    trained += 1.0 / speed.engine;
    tuned += 1.0 / speed.tuning;
  }
  const double tuning = finalist_tuning_epochs(options);
  const double clip_seconds = (epochs - tuning) * trained + tuning * tuned;
  const int at_once = std::clamp(options.threads, 1, options.slots);
  return clip_seconds / static_cast<double>(first.size()) * static_cast<double>(clips) / at_once;
}

std::string describe_time(double seconds) {
  if (seconds < 120.0) return fixed(seconds, 0) + " s";
  if (seconds < 7200.0) return fixed(seconds / 60.0, 0) + " minutes";
  return fixed(seconds / 3600.0, 1) + " hours";
}

/// An integer where 64 bits hold it.
Json whole_number(double value) { return value < 0x1p63 ? Json(static_cast<std::int64_t>(value)) : Json(value); }

/// What a search would begin with, how large the space is, how much of it each budget leaves, and how many epochs and
/// how much time it would come to.
///   clips  of an epoch; nothing: no data is given, so nobody knows the time
void print_plan(const SearchOptions& options, Isa isa, std::optional<std::size_t> clips, Format format) {
  constexpr int kDraws = 20000, kMostShown = 28;
  Proposer proposer(options);
  Json proposals = Json::array(), shares = Json::array();
  const std::size_t budgets = options.budgets().size();
  const int epochs = expected_epochs(options.schedule(), budgets) + finalist_epochs(options);
  std::vector<Design> designs;
  // Later ones depend on what the first ones come to.
  const int first = std::min({options.max_trials, kMostShown, static_cast<int>(options.types.size() * budgets)});
  for (int number = 0; number < first; ++number) {
    const std::optional<Proposal> proposal = proposer.propose(static_cast<std::size_t>(number) % budgets, number, {});
    if (!proposal) continue;
    designs.push_back(proposal->design);
    Json row = proposal_row(*proposal, options.target());
    if (format == Format::json) row["design"] = design_to_json(proposal->design);
    proposals.push_back(std::move(row));
  }
  for (const std::string& warning : proposer.warnings()) log().warn(warning);
  for (const FitShare& share : fit_shares(options, kDraws)) {
    shares.push_back({{"type", share.type},
                      {"designs", whole_number(space_designs(options.space, share.type))},
                      {"budget", share.budget},
                      {"share_of_draws_that_fits", share.share}});
  }
  const double seconds = clips ? expected_seconds(options, isa, designs, epochs, *clips) : 0.0;
  if (format == Format::json) {
    const Json json = {{"schema", "kwsmith.proposals/1"},
                       {"proposals", proposals},
                       {"fit_shares", shares},
                       {"expected_epochs", epochs},
                       {"expected_seconds", clips ? Json(seconds) : Json()}};
    std::cout << text_of(json, 2) << "\n";
    return;
  }
  print_rows(proposals, format);
  if (format == Format::csv) return;  // one CSV holds one table
  std::cout << "\n";
  print_rows(shares, format);
  std::cout << "\nabout " << grouped(epochs - finalist_epochs(options)) << " epochs, "
            << grouped(static_cast<long long>(options.max_trials) * options.epochs)
            << " if every trial were trained in full; then " << finalist_epochs(options) << " of finalists\n"
            << (clips ? "about " + describe_time(seconds) + " with " + std::to_string(std::max(1, options.threads)) +
                            " trainings at once on this machine\n"
                      : "give --data to know the time\n");
}

void print_winners(const SearchOutcome& outcome, const Part& part, const std::string& study, Format format) {
  Json rows = Json::array();
  for (const Winner& winner : outcome.winners) rows.push_back(winner_json(winner, part));
  if (format == Format::json) {
    std::cout << text_of(Json{{"schema", "kwsmith.winners/1"}, {"study", study}, {"winners", rows}}, 2) << "\n";
  } else {
    print_rows(rows, format);
  }
}

int run(const SearchVerb& verb, const Common& common) {
  const SearchOptions options = resolve(verb, common);
  // Where workers train, they look at their own CPUs.
  const Isa isa = options.threads == 0 ? best_isa() : isa_for(options.precision);
  if (verb.dry_run) {
    std::optional<std::size_t> clips;
    if (!verb.source.folder.empty()) clips = verb.source.load(common.thread_count()).training_epoch(1, 0).size();
    print_plan(options, isa, clips, verb.format);
    return static_cast<int>(Exit::done);
  }
  for (const auto& [flag, value] : {std::pair{"--data", verb.source.folder}, std::pair{"--study", verb.study}}) {
    if (value.empty()) throw Error(std::string(flag) + ": is needed unless --dry-run is given", Exit::usage);
  }
  const bool url = is_postgres_url(verb.study);
  if (url == verb.out.empty()) {
    throw Error(url ? "--out: is needed, the folder of the results, when --study is a URL"
                    : "--out: goes with a --study that is a URL; the folder of --study holds the results",
                Exit::usage);
  }
  const Proposer affordable(options);  // an impossible budget is known before any data is read
  if (const std::string warning = prepare_training(); !warning.empty()) log().warn(warning);
  const Dataset dataset = verb.source.load(common.thread_count());
  const std::unique_ptr<Evaluator> evaluator = make_training_evaluator(dataset, isa);
  Study study(url ? verb.out : verb.study, study_config(options, dataset.labels(), dataset.fingerprint()),
              url ? verb.study : "");
  write_file(study.folder() / "config.json", text_of(search_options_to_json(options), 2) + "\n");

  SearchOutcome outcome;
  {
    Display display(common);
    outcome = run_search(options, *evaluator, study, display);
    if (outcome.interrupted) {
      display.warn("interrupted after " + std::to_string(display.last().trials_done) + " of " +
                   std::to_string(display.last().trials) + " trials; the same command continues");
    }
  }
  if (outcome.interrupted) return static_cast<int>(Exit::interrupted);
  print_winners(outcome, options.target(), study.name(), verb.format);
  return static_cast<int>(Exit::done);
}

}  // namespace

void add_search(CLI::App& app, Common& common) {
  const auto verb = std::make_shared<SearchVerb>();
  CLI::App* sub = app.add_subcommand("search", "Find the most accurate designs that keep the budgets");
  verb->source.add_to(*sub);
  sub->get_option("--data")->required(false);
  sub->add_option("--study", verb->study,
                  "folder of this search: store, tables and the winners' models; or postgresql://USER@HOST/DATABASE "
                  "for the store");
  sub->add_option("--out", verb->out, "folder of the results when --study is a URL");
  sub->add_option("--workers", verb->workers,
                  "trainings in this process at once, by default --threads; 0: `kwsmith worker` trains all")
      ->check(CLI::Range(0, 1024));
  sub->add_option("--lease", verb->lease_seconds, "seconds after which a silent worker's training is another's")
      ->check(in_range(0.1, 86400.0))
      ->capture_default_str();
  sub->add_option("--max-time", verb->max_time,
                  "seconds after which this run begins no further training; its result then depends on the machine")
      ->check(in_range(0.0, 1e9));
  sub->add_flag("--deterministic", verb->deterministic,
                "no times in trials.json and trials.csv: equal searches give equal bytes, however many workers");
  sub->add_option("--budget", verb->budgets,
                  "small, medium or large; may be given several times (default: small, unless other limits are given)");
  sub->add_option("--board", verb->board, std::string(kBoardHelp) + "; sets --core and --clock-hz too");
  sub->add_option("--types", verb->types, "network types, separated by commas (default: all)")->delimiter(',');
  sub->add_option("--config", verb->config, "JSON file with search, budgets, types and space; flags beat it");
  sub->add_flag("--dry-run", verb->dry_run, "show the first proposals and how much of the space fits, train nothing");
  verb->flags = std::make_unique<Flags>(*sub, "Search");
  describe(*verb->flags, verb->defaults);
  add_format(*sub, verb->format);
  sub->callback([verb, &common] { common.exit_code = run(*verb, common); });
}

}  // namespace kws::cli
