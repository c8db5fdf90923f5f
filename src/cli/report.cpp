#include <filesystem>
#include <iostream>
#include <memory>
#include <vector>

#include "cli.h"
#include "kws/core/files.h"
#include "kws/search/report_html.h"

namespace kws::cli {
namespace {

struct ReportVerb {
  std::vector<std::string> studies;
  std::string out;
};

int run(const ReportVerb& verb) {
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
  sub->callback([verb, &common] { common.exit_code = run(*verb); });
}

}  // namespace kws::cli
