#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "kws/core/audio.h"
#include "kws/datasets/corpus.h"

namespace kws {

/// Which of a recording's folders names its word: the last one or the first below the source.
enum class WordFolder { guess, last, first };

struct ImportOptions {
  /// Finds the speaker in a path below the source: a regular expression (ECMAScript) with a group (?<speaker>...), or
  /// its only group. Empty: guessed.
  std::string speaker = {};
  WordFolder word = WordFolder::guess;
  int clip_ms = kClipMs;                   ///< longest that is kept of a recording
  std::vector<std::string> keywords = {};  ///< empty: the default ten where all are there, else all words
};

struct PlannedClip {
  std::string from;  ///< relative to the source
  std::string word, speaker;
  std::string to;  ///< WORD/SPEAKER_nohash_N.wav
};

/// Files with one reason why they are left out: how many, and which is the first.
struct LeftOutFiles {
  std::size_t count = 0;
  std::string first;
  void add(const std::string& path) {
    if (count++ == 0) first = path;
  }
};
using LeftOutReasons = std::map<std::string, LeftOutFiles>;

/// What becomes of the files of a folder, before any is opened.
struct ImportPlan {
  std::vector<PlannedClip> clips;   ///< sorted by `from`
  std::vector<std::string> noises;  ///< background noise, relative to the source
  std::vector<std::string> notes;   ///< what was chosen and what was guessed, a line each
  LeftOutReasons left_out;
};

/// Folders that hold everything else are passed over, so an archive's top folder is no word.
///   paths   of all files below the source, '/' as separator
///   throws  Error (Exit::usage): the pattern is none;  Error (Exit::data): no recording in a word's folder, or none
///           that the pattern fits
ImportPlan plan_import(std::vector<std::string> paths, const ImportOptions& options);

struct ImportReport {
  ImportPlan plan;  ///< with what was left out after it was opened
  LabelSet labels;
  CorpusReport check;  ///< data check of what was written
};
using ImportProgress = std::function<void(std::size_t done, std::size_t files)>;

/// Makes `folder` a corpus of WAV files, 16 kHz mono, from a folder or an archive of recordings in any order and
/// format. Of a recording longer than clip_ms the loudest stretch is kept, shifted so that what is loud lies in its
/// middle. Recordings that `data check` would object to, and copies, are left out.
///   threads  0: all cores;  progress is called by one thread at a time
///   throws   Error as plan_import(), unpack(), write_folder();  Error (Exit::data): no source, no recording is left;
///            Error (Exit::interrupted)
ImportReport import_corpus(const std::filesystem::path& source, const std::filesystem::path& folder, bool replace,
                           const ImportOptions& options, int threads, const ImportProgress& progress = {});

/// What `data check` tells of the new folder, and "notes", "left_out" with their reasons.
nlohmann::ordered_json import_to_json(const ImportReport& report);

}  // namespace kws
