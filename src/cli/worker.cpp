#include "kws/search/worker.h"

#include <chrono>
#include <memory>
#include <optional>
#include <thread>

#include "cli.h"
#include "data_source.h"
#include "kws/core/interrupt.h"
#include "kws/pipeline/training_evaluator.h"
#include "kws/search/study_config.h"
#include "log.h"

namespace kws::cli {
namespace {

struct WorkerVerb {
  std::string study;
  DataSource source;
  WorkOptions options;
};

/// The search may start after its workers. Nothing: the patience or the user ended the wait.
std::optional<Study> wait_for_study(const WorkerVerb& verb) {
  constexpr std::chrono::seconds kPause{1};
  const auto start = std::chrono::steady_clock::now();
  for (bool told = false;; told = true) {
    try {
      return Study::join(verb.study, true);
    } catch (const Error& error) {
      if (error.exit_code() != Exit::usage) throw;
      if (!told) log().info("waiting for the search: {}", error.what());
    }
    const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - start;
    const bool too_long = verb.options.idle_seconds > 0.0 && waited.count() > verb.options.idle_seconds;
    if (interrupted() || too_long) return std::nullopt;
    std::this_thread::sleep_for(kPause);
  }
}

int run(WorkerVerb& verb, const Common& common) {
  std::optional<Study> study = wait_for_study(verb);
  if (!study) return static_cast<int>(interrupted() ? Exit::interrupted : Exit::done);
  const StudyConfig config = study_config_from_json(study->config(), study->name());
  verb.source.keywords = config.keywords;
  const Isa isa = isa_for(config.search.precision);
  verb.options.threads = common.thread_count();
  const Dataset dataset = verb.source.load_to_train(common.thread_count(), config.search.space.features.clip_ms);
  if (dataset.fingerprint() != config.data) {
    throw Error(verb.source.folder + ": is not the data that the search reads; give the same recordings and lists",
                Exit::data);
  }
  const std::unique_ptr<Evaluator> evaluator = make_training_evaluator(dataset, isa);
  switch (work_on(*study, *evaluator, verb.options, [](const std::string& line) { log().info(line); })) {
    case WorkEnd::study_finished:
      log().info("the search is over");
      break;
    case WorkEnd::idle:
      log().info("nothing to do for {} s", verb.options.idle_seconds);
      break;
    case WorkEnd::interrupted:
      log().warn("interrupted; what was trained is in the study, the same command continues");
      return static_cast<int>(Exit::interrupted);
  }
  return static_cast<int>(Exit::done);
}

}  // namespace

void add_worker(CLI::App& app, Common& common) {
  const auto verb = std::make_shared<WorkerVerb>();
  CLI::App* sub = app.add_subcommand("worker", "Train for a search that runs elsewhere, until it is over");
  sub->add_option("--study", verb->study, "the search's --study: postgresql://USER@HOST/DATABASE, or its folder")
      ->required();
  verb->source.add_to(*sub, false);
  sub->add_option("--lease", verb->options.lease_seconds,
                  "seconds after which others may take over what this worker trains, should it fall silent")
      ->check(in_range(0.1, 86400.0))
      ->capture_default_str();
  sub->add_option("--max-idle", verb->options.idle_seconds, "leave after so many seconds without work; 0: never")
      ->check(in_range(0.0, 1e9))
      ->capture_default_str();
  sub->callback([verb, &common] { common.exit_code = run(*verb, common); });
}

}  // namespace kws::cli
