#include <algorithm>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <new>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "cli.h"
#include "help.h"
#include "kws/core/error.h"
#include "kws/core/interrupt.h"
#include "kws/core/isa.h"
#include "kws/core/text.h"
#include "log.h"
#include "version.h"

namespace {

/// An empty variable of a script: no option means anything by it.
void refuse_empty_values(const CLI::App& verb) {
  for (const CLI::Option* option : verb.get_options()) {
    for (const std::string& value : option->results()) {
      if (value.empty()) throw kws::Error(option->get_name() + ": is empty; give a value", kws::Exit::usage);
    }
  }
  for (const CLI::App* sub : verb.get_subcommands()) refuse_empty_values(*sub);
}

std::string version() {
  const std::string commit = build_commit();
  return "kwsmith " KWS_VERSION + (commit.empty() ? "" : " (commit " + commit + ")") + "\nthis CPU trains by " +
         std::string(kws::isa_name(kws::best_isa())) + (kws::has_vnni() ? ", int8 by VNNI" : "") +
         "\nbuilt with " KWS_LIBRARIES;
}

/// `kwsmith help VERB` and `kwsmith version`, as other programs know them.
std::vector<const char*> as_flags(const CLI::App& app, std::vector<const char*> words) {
  if (words.size() < 2) return words;
  const std::string_view first = words[1];
  if (first == "version") words[1] = "--version";
  if (first == "help") {
    words.erase(words.begin() + 1);
    // An unknown verb is for the parser to name.
    const auto is_asked_for = [&](const CLI::App* verb) { return verb->get_name() == words[1]; };
    if (words.size() < 2 || std::ranges::any_of(kws::cli::verbs_of(app), is_asked_for)) words.push_back("--help");
  }
  return words;
}

int run(int argc, char** argv) {
  using namespace kws::cli;
  CLI::App app{"Kwsmith designs keyword spotters for microcontrollers: it searches, trains, quantizes and exports C."};
  app.formatter(std::make_shared<Help>());
  app.set_version_flag("-V,--version", version);
  app.require_subcommand(0, 1);  // an unknown verb is named by the parser, a missing one below
  app.fallthrough();
  app.footer(
      "Exit codes: 0 done, 1 failed, 2 wrong use or config, 3 nothing fits the budget, 4 data problem, "
      "5 a given design breaks the given budget, 6 store unreachable, 75 interrupted: run again to continue.");
  Common common;
  app.add_option("--threads", common.threads, "workers; 0 takes all cores. Results never depend on it")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  app.add_flag("-q,--quiet", common.quiet, "errors only");
  app.add_flag("-v,--verbose", common.verbose, "more detail on stderr");
  app.add_flag("--no-color", common.no_color, "plain text on stderr");
  app.parse_complete_callback([&] {
    set_up_log(common);
    refuse_empty_values(app);
  });
  for (const auto add :
       {add_data, add_cost, add_design, add_search, add_worker, add_status, add_trials, add_pareto, add_report,
        add_replay, add_train, add_quantize, add_eval, add_listen, add_export, add_bench, add_list, add_completions}) {
    add(app, common);
  }
  try {
    const std::vector<const char*> words = as_flags(app, {argv, argv + argc});
    app.parse(static_cast<int>(words.size()), words.data());
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);  // help and version
    throw kws::Error(usage_line(app, e), kws::Exit::usage);
  }
  if (app.get_subcommands().empty()) {
    std::cout << first_steps() << std::flush;
    throw kws::Error("no verb is given; see kwsmith --help", kws::Exit::usage);
  }
  return common.exit_code;
}

}  // namespace

/// One line, whatever names and texts of libraries it holds.
static void complain(const std::string& line) {
  constexpr std::size_t kLongest = 2000;
  std::cerr << "kwsmith: " << kws::printable(kws::shortened(line, kLongest)) << "\n";
}

int main(int argc, char** argv) {
  kws::catch_interrupts();
  int code = 1;
  try {
    code = run(argc, argv);
  } catch (const kws::Error& e) {
    complain(e.what());
    code = static_cast<int>(e.exit_code());
  } catch (const std::bad_alloc&) {
    complain("out of memory; use fewer --threads or a smaller dataset");
  } catch (const std::filesystem::filesystem_error& e) {
    const std::string place = e.path1().empty() ? "a folder that is not named" : e.path1().string();
    complain(place + ": " + e.code().message() + "; check the path and its permissions");
  } catch (const std::system_error& e) {  // of a thread, mostly
    complain("the system refuses: " + e.code().message() + "; use fewer --threads or raise its limits");
  } catch (const std::exception& e) {  // a text of a library, which a user should not have to read
    complain("has met a state it does not know (" + kws::shortened(e.what(), 200) + "); please report it");
  }
  std::cout.flush();
  if (!std::cout && code == 0) {
    complain("standard output cannot be written");
    code = 1;
  }
  return code;
}
