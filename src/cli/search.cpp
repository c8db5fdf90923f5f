#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <thread>

#include "cli.h"
#include "data_source.h"
#include "kws/core/files.h"
#include "kws/core/table.h"
#include "kws/pipeline/train_bench.h"
#include "kws/pipeline/training_evaluator.h"
#include "kws/search/driver.h"
#include "kws/search/finalists.h"
#include "kws/search/plan.h"
#include "kws/search/proposals.h"
#include "kws/search/status.h"
#include "kws/search/study_config.h"
#include "log.h"
#include "rows.h"
#include "serving.h"
#include "target.h"

namespace kws::cli {
namespace {

constexpr double kDefaultSeconds = 1800.0;  ///< of a search that is asked for no other end

struct SearchVerb {
  DataSource source;
  std::string study, out, config, board, time;
  std::vector<std::string> budgets, types;
  bool dry_run = false, print_config = false, deterministic = false, serve = false;
  Serving serving;
  int workers = -1;
  double lease_seconds = SearchOptions().lease_seconds, max_time = 0.0;
  Output format;
  SearchOptions defaults;
  std::unique_ptr<Flags> flags;
};

/// What a user has asked for.
struct Request {
  SearchOptions options;
  Json given;                     ///< values of the object `search` that the file or flags name
  std::optional<double> seconds;  ///< for which the rest is planned; nothing: nothing is planned
};

/// "90s", "30m", "2h"
double parse_time(const std::string& text) {
  std::size_t end = 0;
  double value = 0.0;
  try {
    value = std::stod(text, &end);
  } catch (const std::exception&) {
    end = 0;
  }
  const std::string unit = text.substr(end);
  const double seconds = unit == "s" ? 1.0 : unit == "m" ? 60.0 : unit == "h" ? 3600.0 : 0.0;
  if (end == 0 || !(value * seconds >= 1.0 && value * seconds <= 1e9)) {
    throw Error("--time: \"" + text + "\" is no time; give one like 90s, 30m or 2h", Exit::usage);
  }
  return value * seconds;
}

/// A design cannot take memory that the board has not.
void refuse_more_than(const Board& board, const Limits& limits) {
  const Budget whole = budget_of(board);
  for (const Measure& measure : measures()) {
    const std::optional<double>& most = whole.limits[measure.id];
    if (measure.kind != Amount::bytes || !most || limits[measure.id].value_or(0.0) <= *most) continue;
    throw Error(flag_of(measure.option) + ": " + measure.text(*limits[measure.id]) + ", board \"" + board.name +
                    "\" has " + measure.amount(*most) + "; leave the limit out, or give a smaller one",
                Exit::usage);
  }
}

/// Defaults < config file < flags, all through the one strict reader.
Request resolve(const SearchVerb& verb, const Common& common) {
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
  if (!verb.board.empty()) refuse_more_than(board_by_name_or_file(verb.board), options.limits);
  Request request{.options = std::move(options), .given = config.value("search", Json::object()), .seconds = {}};
  const auto is_given = [&](const char* name) { return request.given.contains(name); };
  if (!verb.time.empty()) {
    request.seconds = parse_time(verb.time);
  } else if (!is_given("max_trials") && !is_given("epochs") && !is_given("max_epochs")) {
    request.seconds = kDefaultSeconds;
  }
  return request;
}

/// Plans the search for the time asked for; a study that exists keeps the plan it began with.
///   throws  Interrupted
SearchOptions plan_search(const Request& request, Evaluator& evaluator, const std::filesystem::path& config_file) {
  constexpr double kMeasuring = 0.03;  // of the time
  SearchOptions options = request.options;
  if (std::filesystem::exists(config_file)) {
    return as_planned_before(options, search_options_from_json(load_json(config_file), config_file));
  }
  const int at_once = options.threads > 0 ? std::min(options.threads, options.slots) : options.slots;
  log().info("measuring how long training takes here");
  const TrainingPace pace =
      measure_pace(options, evaluator, options.threads > 0 ? at_once : 1, kMeasuring * *request.seconds);
  options = planned(options, {pace.epoch_seconds, pace.rung_seconds, at_once}, *request.seconds);
  Json fixed = Json::object();
  for (const std::string& name : planned_options()) {
    if (request.given.contains(name)) fixed[name] = request.given.at(name);
  }
  read_options(fixed, options, "command line", "search");
  log().info("plan: {}", describe_plan(options, {pace.epoch_seconds, pace.rung_seconds, at_once}));
  return options;
}

/// What a search has come to, in a block on a terminal, else a line for each rung that a trial reaches.
class Display : public ProgressSink {
 public:
  /// Of a study that holds results already: where it stands.
  explicit Display(const StudyStatus& before) {
    for (const auto& [budget, trial] : before.best) {
      best_[budget] = {trial.result()->int8_validation,
                       leader_line(budget, trial.proposal.design.name, *trial.result(), trial.rungs.back().epochs)};
    }
  }

  void warn(const std::string& line) override { log().warn(line); }
  void progress(const SearchProgress& progress) override {
    progress_ = progress;
    draw();
  }
  void rung_ended(const Proposal& proposal, const Rung& rung) override {
    last_ = describe_end(proposal, rung);
    finals_ = finals_ || is_finalist(proposal.number);
    if (rung.result) {
      const double accuracy = rung.result->int8_validation;
      auto& [most, line] = best_[proposal.budget];
      if (line.empty() || accuracy > most) {
        most = accuracy;
        line = leader_line(proposal.budget, proposal.design.name, *rung.result, rung.epochs);
      }
    }
    if (block_.draws()) {
      draw();
    } else {
      log().info("epoch {} of {}: {}", done(), total(), last_);
    }
  }
  [[nodiscard]] const SearchProgress& last() const { return progress_; }

 private:
  [[nodiscard]] int done() const { return progress_.epochs_done + progress_.epochs_known; }
  /// What is expected is no promise.
  [[nodiscard]] int total() const { return std::max(done(), progress_.epochs); }

  void draw() {
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start_;
    std::string pace;
    if (progress_.epochs_done > 0) {
      const double rate = progress_.epochs_done / passed.count();
      pace = ", " + fixed(rate, rate < 10.0 ? 2 : 0) + " a second";
    }
    if (progress_.seconds_left) pace += ", about " + describe_time(*progress_.seconds_left) + " left";
    std::vector<std::string> lines = {
        bar(done(), total()) + " " + grouped(done()) + " of " + grouped(total()) + " epochs" + pace,
        (finals_ ? "finalists; trials: " : "exploring; trials: ") + std::to_string(progress_.trials_done) + " of " +
            std::to_string(progress_.trials)};
    for (const auto& [budget, best] : best_) lines.push_back(best.second);
    if (!last_.empty()) lines.push_back("last: " + last_);
    block_.draw(std::move(lines));
  }
  static std::string leader_line(const std::string& budget, const std::string& name, const TrialResult& result,
                                 int epochs) {
    return "best for " + budget + ": int8 " + percent(result.int8_validation, result.int8_validation_error) + ", " +
           name + " after " + std::to_string(epochs) + (epochs == 1 ? " epoch" : " epochs");
  }
  static std::string describe_end(const Proposal& proposal, const Rung& rung) {
    const std::string start = proposal.design.name + " for " + proposal.budget;
    if (!rung.result) return start + " failed: " + rung.failure;
    return start + " after " + std::to_string(rung.epochs) + (rung.epochs == 1 ? " epoch" : " epochs") + " (" +
           rung.decided + "): int8 " + percent(rung.result->int8_validation, rung.result->int8_validation_error) +
           ", float " + percent(rung.result->float_validation) + " in " + fixed(rung.result->seconds, 1) + " s";
  }

  LiveBlock block_{STDERR_FILENO};
  SearchProgress progress_;
  std::map<std::string, std::pair<double, std::string>> best_;  ///< budget -> accuracy, line
  std::string last_;
  bool finals_ = false;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// The report of a study, served as long as it lives, where that is wanted.
class BackgroundReport {
 public:
  BackgroundReport(const std::optional<Serving>& wanted, const std::string& study) : report_({study}) {
    if (!wanted) return;
    server_.emplace(wanted->port);
    report_.add_to(*server_);
    log().info("report, as it stands: {}", server_->url());
    wanted->show(*server_);
    thread_ =
        std::jthread([this](const std::stop_token& stop) { server_->run([&] { return stop.stop_requested(); }); });
  }

 private:
  ServedReport report_;
  std::optional<LocalServer> server_;
  std::jthread thread_;
};

Json winner_json(const Winner& winner) {
  const TrialFacts& trial = winner.trial;
  Json row = {{"budget", winner.budget},
              {"trial", trial.proposal.number},
              {"type", trial.proposal.design.type()},
              {"name", trial.proposal.design.name},
              {"float_validation", trial.result()->float_validation},
              {"int8_validation", trial.result()->int8_validation},
              {"int8_validation_error", trial.result()->int8_validation_error}};
  row.update(accuracies_to_json(winner));
  row.update(needs_to_json(trial.needs));
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
              {"peak_rate", proposal.training.optimizer.peak_rate}});
  return row;
}

/// The pace of a search, judged by the speed at which its first designs train on this machine.
TrainingPace expected_pace(const SearchOptions& options, Isa isa, const std::vector<Design>& first, std::size_t clips) {
  constexpr double kMeasured = 0.1;     // seconds of each
  constexpr double kRungSeconds = 0.5;  // of calibration and validation
  get_ready_to_train();
  double trained = 0.0;  // seconds of a clip
  for (const Design& design : first) trained += 1.0 / training_speed(design, isa, kMeasured).engine;
  return {.epoch_seconds = trained / static_cast<double>(first.size()) * static_cast<double>(clips),
          .rung_seconds = kRungSeconds,
          .at_once = std::clamp(options.threads, 1, options.slots)};
}

/// An integer where 64 bits hold it.
Json whole_number(double value) { return value < 0x1p63 ? Json(static_cast<std::int64_t>(value)) : Json(value); }

/// What a search would begin with, how large the space is, how much of it each budget leaves, and how many epochs and
/// how much time it would come to.
///   clips  of an epoch; nothing: no data is given, so nobody knows the time
///   seconds  that the search is to take; nothing: the options say how far it goes
void print_plan(SearchOptions options, Isa isa, std::optional<std::size_t> clips, std::optional<double> seconds,
                const Output& format) {
  constexpr int kDraws = 20000, kMostShown = 28;
  Proposer proposer(options);
  Json proposals = Json::array(), shares = Json::array();
  const std::size_t budgets = options.budgets().size();
  std::vector<Design> designs;
  // Later ones depend on what the first ones come to.
  const int first = std::min(
      {seconds ? kMostShown : options.max_trials, kMostShown, static_cast<int>(options.types.size() * budgets)});
  for (int number = 0; number < first; ++number) {
    const auto proposed = proposer.propose(static_cast<std::size_t>(number) % budgets, number, {});
    if (!proposed) continue;
    const Proposal& proposal = proposed->proposal;
    designs.push_back(proposal.design);
    Json row = proposal_row(proposal, options.target());
    if (format == Format::json) row["design"] = design_to_json(proposal.design);
    proposals.push_back(std::move(row));
  }
  for (const std::string& warning : proposer.warnings()) log().warn(warning);
  for (const FitShare& share : fit_shares(options, kDraws)) {
    shares.push_back({{"type", share.type},
                      {"designs", whole_number(space_designs(options.space, share.type))},
                      {"budget", share.budget},
                      {"share_of_draws_that_fits", share.share}});
  }
  const TrainingPace pace = clips ? expected_pace(options, isa, designs, *clips) : TrainingPace();
  if (clips && seconds) options = planned(options, pace, *seconds);
  const int epochs = expected_epochs(options.schedule(), budgets) + finalist_epochs(options);
  if (format == Format::json) {
    const Json json = {{"schema", "kwsmith.proposals/1"},
                       {"proposals", proposals},
                       {"fit_shares", shares},
                       {"expected_epochs", epochs},
                       {"expected_seconds", clips ? Json(planned_seconds(options, pace)) : Json()}};
    std::cout << text_of(json, 2) << "\n";
    return;
  }
  print_rows(proposals, format);
  if (format == Format::csv) return;  // one CSV holds one table
  std::cout << "\n";
  print_rows(shares, Output{format.format, format.wide, {}});
  std::cout << "\n";
  if (clips) {
    std::cout << describe_plan(options, pace) << " with " << pace.at_once << " trainings at once on this machine\n";
  } else if (seconds) {
    std::cout << "give --data to know the plan for " << describe_time(*seconds) << "\n";
  } else {
    std::cout << "about " << grouped(epochs)
              << " epochs, those of finalists among them; give --data to know the time\n";
  }
}

void print_winners(const SearchOutcome& outcome, const std::string& study, const Output& format) {
  Json rows = Json::array();
  for (const Winner& winner : outcome.winners) rows.push_back(winner_json(winner));
  if (format == Format::json) {
    std::cout << text_of(Json{{"schema", "kwsmith.winners/1"}, {"study", study}, {"winners", rows}}, 2) << "\n";
  } else {
    print_rows(rows, format);
  }
}

/// The whole config, which --config reads back to the same search: what the time plans is left for it to plan.
void print_config(const Request& request) {
  Json config = search_options_to_json(request.options);
  std::vector<std::string> open = planned_options();
  open.emplace_back("max_epochs");  // which, if given, ends a search in place of the time
  for (const std::string& name : open) {
    if (request.seconds && !request.given.contains(name)) config["search"].erase(name);
  }
  std::cout << text_of(config, 2) << "\n";
}

int run(const SearchVerb& verb, const Common& common) {
  const Request request = resolve(verb, common);
  if (verb.print_config) {
    print_config(request);
    return static_cast<int>(Exit::done);
  }
  SearchOptions options = request.options;
  const int clip_ms = options.space.features.clip_ms;
  // Where workers train, they look at their own CPUs.
  const Isa isa = options.threads == 0 ? best_isa() : isa_for(options.precision);
  if (verb.dry_run) {
    std::optional<std::size_t> clips;
    if (!verb.source.folder.empty())
      clips = verb.source.load(common.thread_count(), clip_ms).training_epoch(1, 0).size();
    print_plan(options, isa, clips, request.seconds, verb.format);
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
  const Dataset dataset = verb.source.load_to_train(common.thread_count(), clip_ms);
  const std::unique_ptr<Evaluator> evaluator = make_training_evaluator(dataset, isa);
  const std::filesystem::path folder = url ? verb.out : verb.study;
  if (request.seconds) {
    try {
      options = plan_search(request, *evaluator, folder / "config.json");
    } catch (const Interrupted&) {
      return static_cast<int>(Exit::interrupted);
    }
  }
  const StudyConfig config{.search = options, .keywords = dataset.labels().keywords, .data = dataset.fingerprint()};
  Study study(folder, to_json(config), url ? verb.study : "");
  write_file(study.folder() / "config.json", text_of(search_options_to_json(options), 2) + "\n");

  SearchOutcome outcome;
  {
    const StudyStatus before = status_of(view_study(verb.study));
    if (before.epochs > 0) {
      int trials = 0;
      for (const auto& [state, count] : before.trials) trials += count;
      log().info("continues a study: {} trials have begun, {} epochs are done", trials, grouped(before.epochs));
    }
    const BackgroundReport report(verb.serve ? std::optional(verb.serving) : std::nullopt, verb.study);
    Display display(before);
    outcome = run_search(options, *evaluator, study, display);
    if (outcome.interrupted) {
      display.warn("interrupted after " + std::to_string(display.last().trials_done) + " of " +
                   std::to_string(display.last().trials) + " trials; the same command continues");
    }
  }
  if (outcome.interrupted) return static_cast<int>(Exit::interrupted);
  print_winners(outcome, study.name(), verb.format);
  log().info("report, for a browser: {}", (folder / "report.html").string());
  for (const Winner& winner : outcome.winners) {
    log().info("next: kwsmith export {} --out firmware{}", (folder / "best" / winner.budget).string(),
               verb.board.empty() ? "" : " --board " + verb.board);
  }
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
  sub->add_option(
      "--time", verb->time,
      "how long the search may take, like 90s, 30m or 2h: trials, epochs and finalists that are not given are "
      "planned for this machine and data (default: 30m, unless --max-trials, --epochs or --max-epochs is given)");
  sub->add_flag("--deterministic", verb->deterministic,
                "no times in trials.json and trials.csv: equal searches give equal bytes, however many workers");
  sub->add_option("--budget", verb->budgets,
                  "small, medium or large, several separated by commas (default: small, unless other limits are given)")
      ->delimiter(',')
      ->allow_extra_args(false);
  sub->add_option("--board", verb->board, std::string(kBoardHelp) + "; sets --core and --clock-hz too");
  sub->add_option("--types", verb->types, "network types, separated by commas (default: all)")
      ->delimiter(',')
      ->allow_extra_args(false);
  sub->add_option("--config", verb->config, "JSON file with search, budgets, types and space; flags beat it");
  sub->add_flag("--serve", verb->serve,
                "show the report to browsers of this machine while the search runs; the URL stands on stderr");
  verb->serving.add_to(*sub);
  for (const char* name : {"--port", "--open"}) sub->get_option(name)->needs("--serve");
  sub->add_flag("--dry-run", verb->dry_run, "show the first proposals and how much of the space fits, train nothing");
  sub->add_flag("--print-config", verb->print_config,
                "print the whole config that these options come to, for --config to read back, and train nothing")
      ->excludes("--dry-run");
  verb->flags = std::make_unique<Flags>(*sub, "Search");
  describe(*verb->flags, verb->defaults);
  regroup(*sub, kLimits, {"--budget", "--board", "--core", "--clock-hz", "--hop-ms"});
  regroup(*sub, kAdvanced,
          {"--workers", "--lease", "--max-time", "--deterministic", "--stretch", "--no-cache", "--first-rung",
           "--reduction", "--slots", "--max-epochs", "--target-accuracy", "--evolution-share", "--model-share",
           "--no-prior", "--strategy", "--precision"});
  add_format(*sub, verb->format);
  sub->callback([verb, &common] { common.exit_code = run(*verb, common); });
}

}  // namespace kws::cli
