#pragma once

#include <string>
#include <vector>

#include "kws/datasets/corpus_audio.h"

namespace kws {

/// How recordings became 16 kHz mono seconds, and what became of the cache; the first `clips` are clips.
std::vector<std::string> reading_remarks(const CorpusAudio& audio, std::size_t clips);

}  // namespace kws
