#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "findings.h"
#include "kws/core/bootstrap.h"
#include "kws/core/error.h"
#include "kws/core/files.h"
#include "kws/core/rng.h"
#include "kws/core/table.h"
#include "kws/core/text.h"
#include "kws/datasets/corpus.h"
#include "kws/datasets/corpus_audio.h"
#include "kws/datasets/names.h"

namespace kws {
namespace {

constexpr std::uint64_t kHeldOutSeed = 59185;  // the published code's seed for unknown words

std::size_t share(double percent, std::size_t count) {
  return static_cast<std::size_t>(std::ceil(percent * static_cast<double>(count) / 100.0));
}

void require_labels(const LabelSet& labels) {
  const auto refuse = [](const std::string& what) { throw Error("keywords: " + what, Exit::usage); };
  if (labels.keywords.empty()) refuse("none given; name each word once");
  std::set<std::string> unique;
  for (const std::string& word : labels.keywords) {
    if (word.empty()) refuse("one is empty; name each word once");
    if (!is_utf8(word)) refuse("\"" + printable(word) + "\" is no UTF-8; rename the word's folder (convmv does)");
    if (printable(word) != word) {
      refuse("\"" + printable(word) + "\" holds control characters; rename the word's folder");
    }
    if (word.front() == '_')
      refuse("\"" + word + "\" begins with \"_\" like the classes _silence_ and _unknown_; rename it");
    if (!unique.insert(word).second) refuse("\"" + word + "\" is given twice; name each word once");
  }
}

void require_training_clips(const Corpus& corpus, const LabelSet& labels) {
  for (const std::string& keyword : labels.keywords) {
    bool present = false, trained = false;
    for (const Clip& clip : corpus.clips) {
      if (clip.word != keyword) continue;
      present = true;
      trained = trained || clip.split == Split::training;
    }
    if (trained) continue;
    throw Error((corpus.root / keyword).string() + ": " +
                    (present ? missing_split(keyword, Split::training, corpus) : missing_keyword(keyword, corpus)),
                Exit::data);
  }
}

/// A line for all problems, and one for each remark.
std::vector<std::string> told(const Corpus& corpus) {
  std::vector<std::string> lines;
  const auto line = [](const Problem& p) { return (p.path == "." ? "" : p.path + ": ") + p.fact; };
  if (!corpus.problems.empty()) {
    const std::size_t count = corpus.problems.size();
    lines.push_back(counted(static_cast<long long>(count), "problem") + (count == 1 ? ": " : ", first: ") +
                    line(corpus.problems.front()) + "; see kwsmith data check " + corpus.root.string());
  }
  for (const Problem& remark : corpus.remarks) lines.push_back(line(remark));
  return lines;
}

/// Clips of rare keywords several times, at most `limit` times and no more often than the commonest keyword's clips;
/// augmentation makes each time another example of it.
std::vector<Example> repeated(const std::vector<Example>& clips, int limit) {
  std::map<int, int> counts;
  int most = 0;
  for (const Example& example : clips) most = std::max(most, ++counts[example.label]);
  std::vector<Example> all;
  for (const Example& example : clips) {
    const int times = std::clamp(most / counts[example.label], 1, limit);
    for (int i = 0; i < times; ++i) all.push_back(example);
  }
  return all;
}

/// So many examples of silence: recordings of it while there are any, digital silence for the rest.
void add_silence(const std::vector<int>& recordings, std::size_t count, std::vector<Example>& examples) {
  for (std::size_t i = 0; i < count; ++i) {
    examples.push_back({.clip = i < recordings.size() ? recordings[i] : kNoClip, .label = kSilence});
  }
}

/// A number for each speaker of the examples, in the order of their first clips.
std::vector<int> numbered_speakers(const Corpus& corpus, const std::vector<Example>& examples) {
  std::map<std::string, int> numbers;
  std::vector<int> speakers;
  speakers.reserve(examples.size());
  for (const Example& example : examples) {
    const int next = static_cast<int>(numbers.size());
    speakers.push_back(
        example.clip == kNoClip
            ? kFixedGroup
            : numbers.emplace(corpus.clips[static_cast<std::size_t>(example.clip)].speaker, next).first->second);
  }
  return speakers;
}

}  // namespace

std::vector<std::string> LabelSet::labels() const {
  std::vector<std::string> all = {"_silence_", "_unknown_"};
  all.insert(all.end(), keywords.begin(), keywords.end());
  return all;
}

const LabelSet& default_labels() {
  static const LabelSet labels{{"yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go"}};
  return labels;
}

LabelSet chosen_labels(const std::vector<std::string>& given, const std::filesystem::path& root) {
  LabelSet labels;
  for (const std::string& word : given) labels.keywords.push_back(composed(word));
  if (given.empty()) labels.keywords = named_keywords(root);
  if (labels.keywords.empty()) return default_labels();
  require_labels(labels);
  return labels;
}

Dataset::Dataset(const Corpus& corpus, const LabelSet& labels, const DatasetOptions& options, const ReadOptions& read)
    : labels_(labels), options_(options), clip_ms_(read.clip_ms), measured_only_(corpus.split_by == SplitBy::nothing) {
  std::vector<Example> held_out[3];  // by Split
  std::vector<int> unknown[3], silence[3];
  for (std::size_t i = 0; i < corpus.clips.size(); ++i) {
    const Clip& clip = corpus.clips[i];
    const auto split = static_cast<std::size_t>(clip.split);
    if (clip.word == kSilenceFolder) {
      silence[split].push_back(static_cast<int>(i));
      continue;
    }
    const auto found = std::ranges::find(labels.keywords, clip.word);
    if (found == labels.keywords.end()) {
      unknown[split].push_back(static_cast<int>(i));
      continue;
    }
    const int label = kFirstKeyword + static_cast<int>(found - labels.keywords.begin());
    held_out[split].push_back({.clip = static_cast<int>(i), .label = label});
  }
  require_labels(labels);
  if (!measured_only_) require_training_clips(corpus, labels);

  for (const Split split : {Split::validation, Split::testing}) {
    const auto s = static_cast<std::size_t>(split);
    if (measured_only_ && split == Split::validation) continue;
    if (held_out[s].empty() && measured_only_) {
      throw Error(corpus.root.string() + ": no clips of any keyword; its folders are to have their names, \"" +
                      labels.keywords.front() + "\" for instance",
                  Exit::data);
    }
    if (held_out[s].empty()) {
      throw Error(corpus.root.string() + ": no " + std::string(split_name(split)) +
                      " clips of any keyword; add speakers or list files of each split in " +
                      std::string(split_name(split)) + "_list.txt",
                  Exit::data);
    }
    const std::size_t keywords = held_out[s].size();
    Rng rng({kHeldOutSeed, s});
    shuffle(unknown[s], rng);
    unknown[s].resize(std::min(unknown[s].size(), share(options.unknown_percent, keywords)));
    for (const int clip : unknown[s]) held_out[s].push_back({.clip = clip, .label = kUnknown});
    if (!silence[s].empty()) shuffle(silence[s], rng);
    add_silence(silence[s], share(options.silence_percent, keywords), held_out[s]);
  }
  keyword_training_ = repeated(held_out[0], options.repeat_limit);
  unknown_training_ = std::move(unknown[0]);
  silence_training_ = std::move(silence[0]);
  validation_ = std::move(held_out[1]);
  testing_ = std::move(held_out[2]);
  validation_speakers_ = numbered_speakers(corpus, validation_);
  testing_speakers_ = numbered_speakers(corpus, testing_);

  audio_ = std::make_unique<CorpusAudio>(corpus, read);
  require_sound(corpus, *audio_);
  std::string all;
  const std::size_t clips = corpus.clips.size();
  for (std::size_t i = 0; i < clips; ++i) {
    all += corpus.clips[i].path + " " + std::string(split_name(corpus.clips[i].split)) + " " + audio_->digest(i) + "\n";
  }
  for (std::size_t i = 0; i < corpus.noises.size(); ++i) {
    all += corpus.noises[i] + " " + audio_->digest(clips + i) + "\n";
    const std::span<const std::int16_t> noise = audio_->samples(clips + i);
    noises_.emplace_back(noise.begin(), noise.end());
  }
  fingerprint_ = sha256_hex(all);
  Corpus judged = corpus;
  add_findings(*audio_, labels, judged);
  remarks_ = told(judged);
}

Dataset::~Dataset() = default;
Dataset::Dataset(Dataset&&) noexcept = default;

std::span<const std::int16_t> Dataset::clip(int index) const {
  return audio_->samples(static_cast<std::size_t>(index));
}

const std::vector<Example>& Dataset::held_out(Split split) const {
  if (split == Split::training) throw std::logic_error("held_out(training): training examples are drawn per epoch");
  return split == Split::validation ? validation_ : testing_;
}

const std::vector<int>& Dataset::held_out_speakers(Split split) const {
  if (split == Split::training) throw std::logic_error("held_out_speakers(training): see held_out");
  return split == Split::validation ? validation_speakers_ : testing_speakers_;
}

std::vector<Example> Dataset::training_epoch(std::uint64_t seed, int epoch) const {
  Rng rng({seed, static_cast<std::uint64_t>(epoch)});
  std::vector<Example> examples = keyword_training_;
  const std::size_t keywords = examples.size();
  std::vector<int> unknown = unknown_training_;
  shuffle(unknown, rng);
  unknown.resize(std::min(unknown.size(), share(options_.unknown_percent, keywords)));
  for (const int clip : unknown) examples.push_back({.clip = clip, .label = kUnknown});
  std::vector<int> silence = silence_training_;
  if (!silence.empty()) shuffle(silence, rng);
  add_silence(silence, share(options_.silence_percent, keywords), examples);
  shuffle(examples, rng);
  return examples;
}

}  // namespace kws
