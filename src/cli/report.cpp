#include <filesystem>
#include <iostream>
#include <memory>

#include "cli.h"
#include "kws/core/files.h"
#include "kws/search/report_html.h"

namespace kws::cli {
namespace {

struct ReportVerb {
  std::string study, out;
};

int run(const ReportVerb& verb) {
  if (verb.out.empty() && is_postgres_url(verb.study)) {
    throw Error("report: a study in PostgreSQL has no folder to write to; give --out FILE", Exit::usage);
  }
  const std::filesystem::path file =
      verb.out.empty() ? std::filesystem::path(verb.study) / "report.html" : std::filesystem::path(verb.out);
  write_file(file, report_html(view_study(verb.study)));
  std::cout << file.string() << "\n";
  return static_cast<int>(Exit::done);
}

}  // namespace

void add_report(CLI::App& app, Common& common) {
  const auto verb = std::make_shared<ReportVerb>();
  CLI::App* sub = app.add_subcommand(
      "report",
      "Write a study as a page of HTML with pictures, which needs no server and no network, also while it runs");
  sub->add_option("STUDY", verb->study, "the --study of a search, folder or URL")->required();
  sub->add_option("--out", verb->out, "the file to write (default: STUDY/report.html; needed with a URL)");
  sub->callback([verb, &common] { common.exit_code = run(*verb); });
}

}  // namespace kws::cli
