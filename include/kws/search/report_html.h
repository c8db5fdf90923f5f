#pragma once

#include <span>
#include <string>

#include "kws/search/view.h"

namespace kws {

/// Studies as one page of HTML for people, which needs no other file and no network and holds no times, so that equal
/// studies give equal bytes for any number of workers. Without scripts it tells what was searched, the best of each
/// budget with the commands that go on from there, tables of types and trials, and failures; with them search/report/
/// draws pictures of report_data().
///   views  at least one
///   use    served: the page asks its server every few seconds whether there is a newer one (GET /api/version)
enum class ReportUse { file, served };
std::string report_html(std::span<const StudyView> views, ReportUse use = ReportUse::file);
std::string report_html(const StudyView& view);

}  // namespace kws
