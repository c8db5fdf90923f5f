#pragma once

#include <string>

#include "kws/search/options.h"

namespace kws {

/// As a shell reads it as one word.
std::string shell_word(const std::string& word);

/// How the best design of a budget becomes C, a folder of firmware for each budget. The word BOARD stands where time is
/// counted for a part that no board was named for.
///   folder  of the study, whose best/BUDGET holds the model
std::string export_command(const std::string& folder, const std::string& budget, const SearchOptions& options,
                           const Design& design);

}  // namespace kws
