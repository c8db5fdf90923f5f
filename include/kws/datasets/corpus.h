#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "kws/core/audio.h"

namespace kws {

enum class Split { training, validation, testing };
std::string_view split_name(Split split);  ///< "training", "validation", "testing"
/// "train"/"training", "valid"/"validation", "test"/"testing".
///   choices  that the error names
///   throws   Error (Exit::usage)
Split split_from_name(std::string_view name, std::string_view choices = "train, validation or test");

/// One recording of a word.
struct Clip {
  std::string path;     ///< relative to the corpus, WORD/FILE, '/' as separator
  std::string word;     ///< its folder's name in Unicode's composed form
  std::string speaker;  ///< file name up to "_nohash_", or the whole stem
  Split split = Split::training;
  bool names_speaker = false;  ///< whether the name tells the speaker
};

/// Something to know about a file, a folder or, with the path ".", the whole corpus.
struct Problem {
  std::string path;
  std::string fact;  ///< "all samples are 0: a dead microphone ...", with the way out
};

/// What a recording was before it became 16 kHz mono samples of 16 bit, and what these look like.
struct AudioFacts {
  std::int32_t rate_hz = 0, channels = 0;  ///< of the file
  std::int64_t samples = 0;                ///< at 16 kHz, of the whole file
  std::int32_t low = 0, high = 0;          ///< least and greatest sample
  std::int64_t clipped = 0;                ///< samples at either end of 16 bit
  std::int64_t not_finite = 0;             ///< of a file of floats: NaN and infinity
  std::int64_t beyond = 0;                 ///< of a file of floats: beyond -1..1
};

/// What decided the splits of a corpus; nothing: scan_whole_corpus().
enum class SplitBy { lists, speakers, clips, nothing };

/// A folder in Speech Commands layout: WORD/FILE, optional _background_noise_/ and list files.
struct Corpus {
  std::filesystem::path root;
  std::vector<Clip> clips;                 ///< sorted by path, so the order is the same on every machine
  std::vector<std::string> noises;         ///< relative paths of _background_noise_, sorted
  std::vector<std::string> words;          ///< sorted
  std::vector<std::string> keywords = {};  ///< those its keywords.txt names
  SplitBy split_by = SplitBy::speakers;
  std::vector<Problem> problems = {};  ///< what should be mended
  std::vector<Problem> remarks = {};   ///< what is worth knowing
};

constexpr std::string_view kUnknownFolder = "_unknown_";  ///< its clips are unknown words
constexpr std::string_view kSilenceFolder = "_silence_";  ///< its clips are silence
constexpr const char* kNoiseFolder = "_background_noise_";
constexpr const char* kKeywordsFile = "keywords.txt";  ///< a keyword a line

/// What the keywords.txt of a corpus says; none: there is no such file.
std::vector<std::string> named_keywords(const std::filesystem::path& root);

/// Share of each held-out split when the SHA-1 rule decides.
struct SplitRule {
  double validation_percent = 10.0;
  double testing_percent = 10.0;
};

/// Split by the SHA-1 rule of the published code (facts 2.4): the part of the base name before "_nohash_" is hashed, so
/// one speaker is in one split across words.
Split sha1_split(const std::string& file_name, const SplitRule& rule);

/// Lists the folder without opening the recordings. validation_list.txt and testing_list.txt, when present, decide the
/// split (clips in neither are training); else the SHA-1 rule, and fewer than ten speakers are spread evenly. Fewer than
/// three, or one with more than nine tenths of the clips, are split clip by clip.
///   throws  Error (Exit::data): folder missing, no word folders with recordings, a clip in both lists
Corpus scan_corpus(const std::filesystem::path& root, const SplitRule& rule = {});
/// The same for recordings that had no part in training: every clip is a testing clip, whatever lists say, and a Dataset
/// of them needs no others.
Corpus scan_whole_corpus(const std::filesystem::path& root);

/// Samples of one file of any length, as 16 kHz mono: channels are averaged, other rates resampled.
///   facts   when given: what the file was
///   throws  Error (Exit::data) naming file and fact: not decodable, truncated
std::vector<std::int16_t> read_audio(const std::filesystem::path& file, AudioFacts* facts = nullptr);

/// Which stretch stands for a clip that is longer than a network hears.
enum class Stretch { loudest, first };

/// How the recordings of a corpus are read.
struct ReadOptions {
  int threads = 0;                          ///< 0: all cores
  std::filesystem::path cache_folder = {};  ///< of decoded samples; empty: every file is decoded
  Stretch stretch = Stretch::loudest;
  int clip_ms = kClipMs;  ///< longest that is kept of a clip
};

/// What classes mean: label 0 `_silence_`, 1 `_unknown_`, then the keywords.
struct LabelSet {
  std::vector<std::string> keywords;
  [[nodiscard]] std::vector<std::string> labels() const;
  [[nodiscard]] int classes() const { return static_cast<int>(keywords.size()) + kFirstKeyword; }
};
const LabelSet& default_labels();  ///< yes no up down left right on off stop go
/// The keywords given, trimmed and composed; else those the corpus names; else the default ten.
///   root    of the corpus; may be empty
///   throws  Error (Exit::usage): one is given twice, is empty, no UTF-8 or the name of another class
LabelSet chosen_labels(const std::vector<std::string>& given, const std::filesystem::path& root);

constexpr int kNoClip = -1;

/// One item of an epoch: a clip of the dataset, or silence.
struct Example {
  int clip = kNoClip;  ///< index into Dataset clips; kNoClip = silence
  int label = kSilence;
};

struct DatasetOptions {
  double silence_percent = 10.0;  ///< of the split's keyword clips, rounded up
  double unknown_percent = 10.0;
  int repeat_limit = 5;  ///< a clip of a rare keyword occurs up to this often in a training epoch
};
template <class Field>
void describe(Field& field, DatasetOptions& o) {
  field("silence_percent", o.silence_percent, 0.0, 100.0, "silence examples, per cent of the keyword clips");
  field("unknown_percent", o.unknown_percent, 0.0, 100.0, "unknown-word examples, per cent of the keyword clips");
  field("repeat_limit", o.repeat_limit, 1, 100, "most times a rare keyword's clip occurs in one training epoch");
}

class CorpusAudio;

/// A corpus in memory, ready for training. Immutable after construction, so any number of threads may read it.
class Dataset {
 public:
  /// Reads all recordings (CorpusAudio).
  ///   throws  Error (Exit::data) for the first broken file in path order (telling of `data check`), a keyword without
  ///   a training clip,
  ///           no validation or no testing clips; of scan_whole_corpus() no clip of any keyword
  Dataset(const Corpus& corpus, const LabelSet& labels, const DatasetOptions& options, const ReadOptions& read);
  /// Without a cache.
  Dataset(const Corpus& corpus, const LabelSet& labels, const DatasetOptions& options, int threads)
      : Dataset(corpus, labels, options, ReadOptions{.threads = threads}) {}
  ~Dataset();
  Dataset(Dataset&&) noexcept;

  [[nodiscard]] const LabelSet& labels() const { return labels_; }
  /// What the user should know about the recordings, a line each.
  [[nodiscard]] const std::vector<std::string>& remarks() const { return remarks_; }
  [[nodiscard]] int clip_ms() const { return clip_ms_; }  ///< longest length of its clips
  /// Whether it is of scan_whole_corpus(): only testing clips.
  [[nodiscard]] bool measured_only() const { return measured_only_; }
  /// Samples of a clip, at most clip_ms() of them.
  [[nodiscard]] std::span<const std::int16_t> clip(int index) const;
  [[nodiscard]] const std::vector<std::vector<std::int16_t>>& noises() const { return noises_; }

  /// Validation or testing examples: every keyword clip, ceil(unknown %) unknown-word clips and ceil(silence %) of
  /// digital silence. The unknown clips are drawn once with a fixed seed from the clips in path order, so they are the
  /// same on every machine.
  [[nodiscard]] const std::vector<Example>& held_out(Split split) const;
  /// Who speaks in them: [examples] a number for each speaker, kFixedGroup for digital silence (kws/core/bootstrap.h).
  [[nodiscard]] const std::vector<int>& held_out_speakers(Split split) const;
  /// One training epoch in random order: every keyword clip, those of rare keywords repeated, unknown words drawn anew,
  /// silence.
  [[nodiscard]] std::vector<Example> training_epoch(std::uint64_t seed, int epoch) const;
  /// SHA-256 over paths, splits and samples: the same data, the same fingerprint.
  [[nodiscard]] const std::string& fingerprint() const { return fingerprint_; }

 private:
  LabelSet labels_;
  DatasetOptions options_;
  int clip_ms_;
  bool measured_only_;
  std::unique_ptr<const CorpusAudio> audio_;
  std::vector<std::vector<std::int16_t>> noises_;
  std::vector<Example> keyword_training_;
  std::vector<int> unknown_training_, silence_training_;
  std::vector<Example> validation_, testing_;
  std::vector<int> validation_speakers_, testing_speakers_;
  std::string fingerprint_;
  std::vector<std::string> remarks_;
};

/// What `kwsmith data check` prints: opens every file.
struct CorpusReport {
  Corpus corpus;
  std::vector<double> seconds;  ///< per clip
};
/// throws Error like scan_corpus; broken recordings are listed in the corpus' problems, not thrown.
CorpusReport check_corpus(const std::filesystem::path& root, const LabelSet& labels, const ReadOptions& read);
/// schema kwsmith.data/1: per split and label counts, seconds, speakers, and every problem.
nlohmann::ordered_json report_to_json(const CorpusReport& report, const LabelSet& labels);

}  // namespace kws
