#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>
#include <vector>

#include "cli.h"
#include "kws/core/files.h"
#include "kws/core/table.h"
#include "kws/core/text.h"
#include "kws/families/design.h"
#include "kws/pipeline/training_evaluator.h"
#include "kws/search/commands.h"
#include "kws/search/driver.h"
#include "kws/search/facts.h"
#include "kws/search/finalists.h"
#include "kws/search/plan.h"
#include "kws/search/proposals.h"
#include "kws/search/status.h"
#include "kws/search/study_config.h"
#include "log.h"
#include "rows.h"
#include "search_display.h"
#include "search_plan.h"
#include "search_request.h"
#include "target.h"

namespace kws::cli {
namespace {

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

/// Before a search begins: do its winners have the columns that are asked for?
void require_winners_columns(const SearchOptions& options, const Output& format) {
  Trial trial;
  trial.proposal.design = known_designs().front();
  trial.rungs.emplace_back().result.emplace();
  Winner winner;
  winner.trial = facts_of({&trial, 1}, options).front();
  require_columns(winner_json(winner), format);
}

/// In a narrow table first what decides: the mean over seeds, and what is limited.
void print_winners(const SearchOutcome& outcome, const std::string& study, bool of_part, const Output& format) {
  Json rows = Json::array();
  for (const Winner& winner : outcome.winners) {
    Json& row = rows.emplace_back(winner_json(winner));
    if (winner.against && format == Format::json) row["against_published"] = against_published_to_json(*winner.against);
  }
  if (format == Format::json) {
    std::cout << text_of(Json{{"schema", "kwsmith.winners/1"}, {"study", study}, {"winners", rows}}, 2) << "\n";
  } else {
    std::vector<std::string> first = {"budget", "name", "int8_test", "mean_of_seeds"};
    const std::vector<std::string> part = {"flash_bytes", "ram_bytes", "load"}, paper = {"memory_bytes", "ops"};
    const std::vector<std::string>& limited = of_part ? part : paper;
    first.insert(first.end(), limited.begin(), limited.end());
    print_rows(rows, format, first);
  }
}

/// Who reads the paper's budget as bytes of flash is told where the C takes more.
void tell_size_of_c(const Winner& winner, const SearchOptions& options) {
  const std::vector<Budget> budgets = options.budgets();
  const Limits& limits = std::ranges::find(budgets, winner.budget, &Budget::name)->limits;
  const auto memory = limits[MeasureId::memory];
  const auto& sizes = winner.trial.needs.firmware;
  if (!memory || limits[MeasureId::flash] || !sizes || static_cast<double>(sizes->flash_bytes) <= *memory) return;
  log().info(
      "{}: its {} bytes of memory are the paper's rule; as C the design takes {} bytes of flash and {} of RAM, which "
      "--max-flash and --max-ram limit",
      winner.budget, measure(MeasureId::memory).amount(*memory), grouped(sizes->flash_bytes),
      grouped(sizes->ram_bytes));
}

/// The plan of the study, if there is one.
std::optional<SearchOptions> plan_before(const std::string& study, const std::filesystem::path& folder) {
  const std::optional<Json> kept = Study::plan_of(study);
  if (!kept) return std::nullopt;
  if (!kept->is_null()) return plan_from_json(*kept, is_postgres_url(study) ? "--study" : study);
  const std::filesystem::path file = folder / "config.json";
  if (!std::filesystem::exists(file)) return std::nullopt;
  return plan_from_json(load_json(file), file);
}

/// Refuses a place for a study or its results that can only be a slip, before anything is read.
void require_folder_of_its_own(const std::filesystem::path& folder, const std::filesystem::path& recordings) {
  std::error_code ignored;
  if (std::filesystem::exists(folder, ignored) && !std::filesystem::is_directory(folder, ignored)) {
    throw Error(folder.string() + ": is a file, where a study takes a folder; name another one", Exit::usage);
  }
  if (std::filesystem::equivalent(folder, recordings, ignored)) {
    throw Error(folder.string() + ": holds the recordings; name a folder of its own for the study", Exit::usage);
  }
}

int run(const SearchVerb& verb, const Common& common) {
  const SearchRequest request = requested(verb, common);
  if (verb.print_config) {
    print_config(request);
    return static_cast<int>(Exit::done);
  }
  SearchOptions options = request.options;
  const int clip_ms = options.space.features.clip_ms;
  // Where workers train, they look at their own CPUs; what is trained here then is a winner that a study has lost.
  const auto isa_of = [](const SearchOptions& of) {
    return of.threads == 0 && !can_step_in(of.precision) ? best_isa() : isa_for(of.precision);
  };
  const auto plan_data = [&](const Dataset& dataset) {
    return PlanData{.clips = dataset.training_epoch(1, 0).size(),
                    .fingerprint = dataset.fingerprint(),
                    .cache = verb.source.reading.options(1, clip_ms).cache_folder};
  };
  if (verb.dry_run) {
    std::optional<PlanData> data;
    if (!verb.source.folder.empty()) data = plan_data(verb.source.load(common.thread_count(), clip_ms));
    try {
      print_plan(request, isa_of(options), data, verb.format);
    } catch (const Interrupted&) {
      return static_cast<int>(Exit::interrupted);
    }
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
  require_winners_columns(options, verb.format);
  const std::filesystem::path folder = url ? verb.out : verb.study;
  require_folder_of_its_own(folder, verb.source.folder);
  const std::optional<SearchOptions> before = plan_before(verb.study, folder);
  if (before) options = continued(request, *before);
  if (before && options.threads > 0 && !can_step_in(options.precision)) {
    throw Error((url ? "--study" : verb.study) + ": is trained in " + options.precision +
                    ", of which this CPU has no products; go on where it has, with --workers 0 and workers there, or "
                    "use another --study",
                Exit::usage);
  }
  const Isa isa = isa_of(options);
  const Proposer affordable(options);      // an impossible budget is known before any data is read
  std::optional<BackgroundReport> report;  // and a port that is taken
  if (verb.serve) report.emplace(verb.serving, verb.study);
  const Dataset dataset = verb.source.load_to_train(common.thread_count(), clip_ms);
  const std::unique_ptr<Evaluator> evaluator = make_training_evaluator(dataset, isa);
  try {
    if (!before) options = plan_search(request, *evaluator, isa, plan_data(dataset));
  } catch (const Interrupted&) {
    log().warn("interrupted while measuring, nothing is stored; run the same command again");
    return static_cast<int>(Exit::interrupted);
  }
  const StudyConfig config{.search = options, .keywords = dataset.labels().keywords, .data = dataset.fingerprint()};
  Study study(folder, to_json(config), url ? verb.study : "", search_options_to_json(options));
  options.raised_from = study_config_from_json(study.config(), study.name()).search.raised_from;
  require_no_fewer_trials(study, options);  // and what is refused changes nothing
  const Json plan = search_options_to_json(options);
  study.set_plan(plan);
  write_file(study.folder() / "config.json", text_of(plan, 2) + "\n");

  SearchOutcome outcome;
  {
    StudyView there = view_of(study, options);
    if (const int epochs = status_of(there).epochs; epochs > 0) {
      log().info("continues a study: {} have begun, {} are done", counted(begun_trials(there.trials), "trial"),
                 counted(epochs, "epoch"));
      if (!options.raised_from.empty()) {
        log().info("the top rung has been raised from {} epochs: the best trials there go on to {}",
                   grouped(options.raised_from.back()), grouped(options.epochs));
      }
    }
    if (report) report->start();
    SearchDisplay display(std::move(there));
    outcome = run_search(options, *evaluator, study, display);
    if (outcome.interrupted) {
      display.warn("interrupted after " + std::to_string(display.last().trials_done) + " of " +
                   counted(display.last().trials, "trial") + "; the same command continues");
    }
  }
  if (outcome.interrupted) return static_cast<int>(Exit::interrupted);
  print_winners(outcome, study.name(), options.part().has_value(), verb.format);
  for (const Winner& winner : outcome.winners) {
    if (winner.against) log().info("{}: {}", winner.budget, against_published_text(*winner.against));
    tell_size_of_c(winner, options);
  }
  log().info("report, for a browser: {}", (folder / "report.html").string());
  for (const Winner& winner : outcome.winners) {
    log().info("next: {}", export_command(folder.string(), winner.budget, options, winner.trial.proposal.design));
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
  regroup(*sub, kLimits, {"--budget", "--board", "--core", "--clock-hz", "--hop-ms", "--carry-state"});
  regroup(*sub, kAdvanced,
          {"--workers", "--lease", "--max-time", "--deterministic", "--stretch", "--no-cache", "--first-rung",
           "--reduction", "--slots", "--max-epochs", "--target-accuracy", "--evolution-share", "--model-share",
           "--no-prior", "--strategy", "--precision"});
  add_format(*sub, verb->format);
  sub->callback([verb, &common] { common.exit_code = run(*verb, common); });
}

}  // namespace kws::cli
