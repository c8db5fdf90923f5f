#include <cstdlib>
#include <iostream>

#include "cli.h"
#include "kws/core/error.h"
#include "kws/core/interrupt.h"
#include "log.h"

namespace {

int run(int argc, char** argv) {
  using namespace kws::cli;
  CLI::App app{"Kwsmith designs keyword spotters for microcontrollers: it searches, trains, quantizes and exports C."};
  app.set_version_flag("--version", "kwsmith " KWS_VERSION);
  app.require_subcommand(0, 1);  // an unknown verb is named by the parser, a missing one below
  app.fallthrough();
  app.footer(
      "Exit codes: 0 done, 1 failed, 2 wrong use or config, 3 nothing fits the budget, 4 data problem,\n"
      "5 a given design breaks the given budget, 6 store unreachable, 75 interrupted: run again to continue.");
  Common common;
  app.add_option("--threads", common.threads, "workers; 0 takes all cores. Results never depend on it")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  app.add_flag("-q,--quiet", common.quiet, "errors only");
  app.add_flag("-v,--verbose", common.verbose, "more detail on stderr");
  app.add_flag("--no-color", common.no_color, "plain text on stderr");
  app.parse_complete_callback([&common] { set_up_log(common); });
  for (const auto add : {add_data, add_cost, add_search, add_worker, add_status, add_trials, add_pareto, add_report,
                         add_replay, add_train, add_quantize, add_eval, add_listen, add_export, add_bench, add_list}) {
    add(app, common);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);  // help and version
    throw kws::Error(std::string(e.what()) + "; see kwsmith --help", kws::Exit::usage);
  }
  if (app.get_subcommands().empty()) throw kws::Error("no verb is given; see kwsmith --help", kws::Exit::usage);
  return common.exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  kws::catch_interrupts();
  int code = 1;
  try {
    code = run(argc, argv);
  } catch (const kws::Error& e) {
    std::cerr << "kwsmith: " << e.what() << "\n";
    code = static_cast<int>(e.exit_code());
  } catch (const std::bad_alloc&) {
    std::cerr << "kwsmith: out of memory; use fewer --threads or a smaller dataset\n";
  } catch (const std::exception& e) {
    std::cerr << "kwsmith: " << e.what() << "\n";
  }
  std::cout.flush();
  if (!std::cout && code == 0) {
    std::cerr << "kwsmith: standard output cannot be written\n";
    code = 1;
  }
  return code;
}
