#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "kws/datasets/corpus.h"

namespace kws {

/// Which part of the names between '_', '-', '.' and blanks seems to tell the speaker, where SPEAKER_nohash_N does not.
std::optional<std::size_t> guessed_speaker_part(const Corpus& corpus);

/// Advice when the files' names seem to tell the speaker in another way than SPEAKER_nohash_N: where, and
/// what to do. "" when they do not.
std::string guessed_speakers(const Corpus& corpus);

}  // namespace kws
