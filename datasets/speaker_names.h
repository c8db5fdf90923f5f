#pragma once

#include <string>

#include "kws/datasets/corpus.h"

namespace kws {

/// Advice when the files' names seem to tell the speaker in another way than SPEAKER_nohash_N: where, and
/// what to do. "" when they do not.
std::string guessed_speakers(const Corpus& corpus);

}  // namespace kws
