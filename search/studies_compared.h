#pragma once

#include <span>
#include <string>

#include "kws/search/view.h"

namespace kws {

/// A table of the budgets, with equal limits, that several studies hold: best accuracy, size and hypervolume of each
/// study's front. "": there is none.
std::string studies_compared(std::span<const StudyView> views);

}  // namespace kws
