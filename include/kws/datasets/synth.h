#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "kws/core/audio.h"

namespace kws {

struct SynthOptions {
  int speakers = 60;
  int clips = 1;
  int clip_ms = kClipMs;  ///< length of every recording
  std::uint64_t seed = 1;
  /// Folder names; a '_' is spoken as a gap ("hey_computer").
  std::vector<std::string> words = {"yes", "no",  "up",   "down", "left", "right", "on",   "off",   "stop",
                                    "go",  "bed", "bird", "cat",  "dog",  "house", "tree", "happy", "marvin"};
  /// Noted in the corpus' keywords.txt and spoken, too. Empty: the default ten where all are spoken, else all words.
  std::vector<std::string> keywords = {};
};
/// `words` and `keywords` are lists of the command line, not numbers in a range: they are not visited.
template <class Field>
void describe(Field& field, SynthOptions& o) {
  field("speakers", o.speakers, 3, 5000, "synthetic speakers; a tenth each validates and tests");
  field("clips", o.clips, 1, 100, "recordings of each word by each speaker");
  field("clip_ms", o.clip_ms, kShortestClipMs, kLongestClipMs, "length of each recording in milliseconds");
  field("seed", o.seed, std::int64_t{0}, std::int64_t{9007199254740991}, "seed of voices, timing and noise");
}

using SynthProgress = std::function<void(int clips_done, int clips)>;

/// Makes a corpus in Speech Commands layout with espeak-ng: WORD/SPEAKER_nohash_N.wav of clip_ms, 16 kHz mono, and
/// `_background_noise_/`. A speaker is an accent, a voice variant, pitch, rate and colour; its hash is chosen so that
/// the SHA-1 rule sends 80/10/10 per cent of the speakers to training, validation and testing, at least one each.
/// Same options, same bytes (with the same espeak-ng). Nothing is left behind when it fails.
///   throws  Error (Exit::usage): a bad word;  Error: `folder` exists and `replace` is off, espeak-ng's data missing,
///           folder not writable;  Error (Exit::interrupted): the user stopped it
///   returns  how many words are spoken, keywords among them
std::size_t synthesize(const SynthOptions& options, const std::filesystem::path& folder, bool replace,
                       const SynthProgress& progress = {});

}  // namespace kws
