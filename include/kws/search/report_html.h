#pragma once

#include <string>

#include "kws/search/view.h"

namespace kws {

/// A study as one page of HTML for people: what was searched, the best of each budget, pictures of accuracy against
/// memory, operations and epochs, tables of types and trials, failures. The page needs no other file and no network and
/// holds no times, so that equal studies give equal bytes for any number of workers.
std::string report_html(const StudyView& view);

}  // namespace kws
