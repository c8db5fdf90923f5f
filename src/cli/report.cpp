#include <filesystem>
#include <iostream>
#include <memory>
#include <vector>

#include "cli.h"
#include "kws/core/files.h"
#include "kws/search/report_html.h"
#include "serving.h"

namespace kws::cli {
namespace {

struct ReportVerb {
  std::vector<std::string> studies;
  std::string out;
  bool serve = false;
  Serving serving;
};

int serve(const ReportVerb& verb) {
  for (const std::string& study : verb.studies) view_study(study);  // what is wrong with one is said at once
  ServedReport report(verb.studies);
  LocalServer server(verb.serving.port);
  report.add_to(server);
  std::cout << server.url() << std::endl;  // at once, also into a file
  verb.serving.show(server);
  server.run();
  return static_cast<int>(Exit::done);
}

int run(const ReportVerb& verb) {
  if (verb.serve) return serve(verb);
  const std::string& first = verb.studies.front();
  if (verb.out.empty() && verb.studies.size() > 1) {
    throw Error("report: several studies have no folder in common; give --out FILE", Exit::usage);
  }
  if (verb.out.empty() && is_postgres_url(first)) {
    throw Error("report: a study in PostgreSQL has no folder to write to; give --out FILE", Exit::usage);
  }
  const std::filesystem::path file =
      verb.out.empty() ? std::filesystem::path(first) / "report.html" : std::filesystem::path(verb.out);
  std::vector<StudyView> views;
  views.reserve(verb.studies.size());
  for (const std::string& study : verb.studies) views.push_back(view_study(study));
  write_file(file, report_html(views));
  std::cout << file.string() << "\n";
  return static_cast<int>(Exit::done);
}

}  // namespace

void add_report(CLI::App& app, Common& common) {
  const auto verb = std::make_shared<ReportVerb>();
  CLI::App* sub = app.add_subcommand(
      "report",
      "Write a study as a page of HTML with pictures, which needs no server and no network, also while it runs");
  sub->add_option("STUDY", verb->studies, "the --study of a search, folder or URL; of several, one page with all")
      ->required();
  sub->add_option("--out", verb->out,
                  "the file to write (default: STUDY/report.html; needed with a URL or several studies)");
  sub->add_flag("--serve", verb->serve,
                "write no file, but show the page to browsers of this machine, where it follows a search that runs")
      ->excludes("--out");
  verb->serving.add_to(*sub);
  for (const char* name : {"--port", "--open"}) sub->get_option(name)->needs("--serve");
  sub->callback([verb, &common] { common.exit_code = run(*verb); });
}

}  // namespace kws::cli
