#pragma once

#include <string>

#include "kws/datasets/corpus.h"
#include "kws/datasets/corpus_audio.h"

namespace kws {

/// What forbids a recording's use though it can be decoded, or "".
///   silence  of noise and _silence_: it may be digital
std::string flaw(const AudioFacts& facts, bool silence);
/// Why a keyword has no clip, with what may be meant instead.
std::string missing_keyword(const std::string& keyword, const Corpus& corpus);
/// Why a keyword has none in one split.
std::string missing_split(const std::string& keyword, Split split, const Corpus& corpus);

/// Adds to the problems and remarks of scanning (Corpus) those of samples and classes.
void add_findings(const CorpusAudio& audio, const LabelSet& labels, Corpus& corpus);

}  // namespace kws
