#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kws/datasets/corpus.h"

namespace kws {

/// The speaker that a file's name tells, SPEAKER_nohash_N, or nothing.
std::optional<std::string_view> speaker_of(std::string_view file_name);

/// Mends the splits of a corpus without lists, each clip having that of the SHA-1 rule: few speakers are spread over
/// the splits, one or two by clip. Tells what makes accuracies doubtful in `corpus.remarks`.
void split_by_speakers(Corpus& corpus, const SplitRule& rule);

}  // namespace kws
