#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "kws/core/error.h"
#include "kws/core/files.h"
#include "kws/core/rng.h"
#include "kws/datasets/corpus.h"
#include "kws/datasets/corpus_audio.h"
#include "remarks.h"

namespace kws {
namespace {

constexpr std::uint64_t kHeldOutSeed = 59185;  // the published code's seed for unknown words

std::size_t share(double percent, std::size_t count) {
  return static_cast<std::size_t>(std::ceil(percent * static_cast<double>(count) / 100.0));
}

void check_keywords(const Corpus& corpus, const LabelSet& labels, int classes_with_training) {
  const std::set<std::string> unique(labels.keywords.begin(), labels.keywords.end());
  if (labels.keywords.empty() || unique.size() != labels.keywords.size()) {
    throw Error("keywords: " + std::string(labels.keywords.empty() ? "none given" : "one is given twice") +
                    "; name each word once",
                Exit::usage);
  }
  if (classes_with_training == static_cast<int>(labels.keywords.size())) return;
  for (const std::string& keyword : labels.keywords) {
    const bool trained = std::ranges::any_of(
        corpus.clips, [&](const Clip& clip) { return clip.word == keyword && clip.split == Split::training; });
    if (trained) continue;
    throw Error((corpus.root / keyword).string() + ": no training clips of the keyword \"" + keyword +
                    "\"; add recordings or choose other --keywords",
                Exit::data);
  }
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

Dataset::Dataset(const Corpus& corpus, const LabelSet& labels, const DatasetOptions& options, const ReadOptions& read)
    : labels_(labels), options_(options) {
  std::vector<Example> held_out[3];  // by Split
  std::vector<int> unknown[3];
  std::set<int> trained;
  for (std::size_t i = 0; i < corpus.clips.size(); ++i) {
    const Clip& clip = corpus.clips[i];
    const auto split = static_cast<std::size_t>(clip.split);
    const auto found = std::ranges::find(labels.keywords, clip.word);
    if (found == labels.keywords.end()) {
      unknown[split].push_back(static_cast<int>(i));
      continue;
    }
    const int label = kFirstKeyword + static_cast<int>(found - labels.keywords.begin());
    held_out[split].push_back({.clip = static_cast<int>(i), .label = label});
    if (clip.split == Split::training) trained.insert(label);
  }
  check_keywords(corpus, labels, static_cast<int>(trained.size()));

  for (const Split split : {Split::validation, Split::testing}) {
    const auto s = static_cast<std::size_t>(split);
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
    held_out[s].resize(held_out[s].size() + share(options.silence_percent, keywords));
  }
  keyword_training_ = repeated(held_out[0], options.repeat_limit);
  unknown_training_ = std::move(unknown[0]);
  validation_ = std::move(held_out[1]);
  testing_ = std::move(held_out[2]);

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
  remarks_ = reading_remarks(*audio_, clips);
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

std::vector<Example> Dataset::training_epoch(std::uint64_t seed, int epoch) const {
  Rng rng({seed, static_cast<std::uint64_t>(epoch)});
  std::vector<Example> examples = keyword_training_;
  const std::size_t keywords = examples.size();
  std::vector<int> unknown = unknown_training_;
  shuffle(unknown, rng);
  unknown.resize(std::min(unknown.size(), share(options_.unknown_percent, keywords)));
  for (const int clip : unknown) examples.push_back({.clip = clip, .label = kUnknown});
  examples.resize(examples.size() + share(options_.silence_percent, keywords));
  shuffle(examples, rng);
  return examples;
}

}  // namespace kws
