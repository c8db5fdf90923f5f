#include <algorithm>
#include <cmath>
#include <span>
#include <sstream>

#include "kws/core/error.h"
#include "kws/core/files.h"
#include "kws/core/rng.h"
#include "kws/datasets/corpus_audio.h"
#include "kws/features/front_end.h"
#include "kws/pipeline/listen.h"

namespace kws {

namespace {

constexpr double kNoiseSeconds = 30.0;

/// Label of a keyword, or -1.
int keyword_label(const std::vector<std::string>& labels, const std::string& word) {
  const auto at = std::ranges::find(labels, word);
  return at == labels.end() || word.starts_with('_') ? -1 : static_cast<int>(at - labels.begin());
}

/// Clips of a corpus in random order, all of them once before any comes again.
class Deck {
 public:
  explicit Deck(std::vector<std::size_t> clips) : clips_(std::move(clips)) {}
  [[nodiscard]] bool empty() const { return clips_.empty(); }
  std::size_t draw(Rng& rng) {
    if (next_ == 0) shuffle(clips_, rng);
    const std::size_t clip = clips_[next_];
    next_ = (next_ + 1) % clips_.size();
    return clip;
  }

 private:
  std::vector<std::size_t> clips_;
  std::size_t next_ = 0;
};

/// Adds background noise, another recording and volume for each stretch.
void add_noise(std::span<const std::span<const std::int16_t>> noises, double volume, Rng& rng,
               std::vector<std::int16_t>& pcm) {
  if (noises.empty() || volume == 0.0) return;
  const auto stretch = static_cast<std::size_t>(kNoiseSeconds * kRateHz);
  for (std::size_t begin = 0; begin < pcm.size(); begin += stretch) {
    const std::span<const std::int16_t> noise = noises[rng.below(noises.size())];
    std::size_t at = rng.below(noise.size());
    const double factor = rng.uniform(0.0, volume);
    for (std::size_t i = begin; i < std::min(pcm.size(), begin + stretch); ++i) {
      const long sum = pcm[i] + std::lround(factor * noise[at]);
      pcm[i] = static_cast<std::int16_t>(std::clamp(sum, -32768L, 32767L));
      at = at + 1 == noise.size() ? 0 : at + 1;
    }
  }
}

}  // namespace

Recording read_recording(const std::filesystem::path& file, const std::vector<std::string>& labels) {
  Recording recording{.name = file.filename().string(), .pcm = read_audio(file), .words = {}};
  std::filesystem::path track = file;
  track.replace_extension(".txt");
  if (!std::filesystem::exists(track)) return recording;
  recording.labelled = true;
  std::istringstream lines(read_file(track));
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    std::istringstream cells(line);
    SpokenWord word;
    std::string text;
    if (!(cells >> word.begin >> word.end >> text) || !(word.begin >= 0.0) || !(word.end >= word.begin)) {
      throw Error(track.string() + ":" + std::to_string(number) +
                      ": is not \"begin TAB end TAB word\" in seconds; export the label track from Audacity",
                  Exit::data);
    }
    word.label = keyword_label(labels, text);
    if (word.label >= 0) recording.words.push_back(word);
  }
  std::ranges::stable_sort(recording.words, {}, &SpokenWord::begin);
  return recording;
}

Recording make_test_stream(const Corpus& corpus, const LabelSet& labels, Split split, const TestStreamOptions& options,
                           const ReadOptions& read) {
  const std::vector<std::string> names = labels.labels();
  std::vector<std::size_t> keyword_clips, other_clips;
  for (std::size_t i = 0; i < corpus.clips.size(); ++i) {
    if (corpus.clips[i].split != split) continue;
    (keyword_label(names, corpus.clips[i].word) >= 0 ? keyword_clips : other_clips).push_back(i);
  }
  Deck keywords(std::move(keyword_clips)), others(std::move(other_clips));
  if (keywords.empty()) {
    throw Error(corpus.root.string() + ": the " + std::string(split_name(split)) +
                    " split holds no keyword; see kwsmith data check",
                Exit::data);
  }
  const CorpusAudio audio(corpus, read);
  require_sound(corpus, audio);
  Rng rng({options.seed, 1}), noise_rng({options.seed, 2});
  Recording recording{.name = std::string(split_name(split)) + " clips",
                      .pcm = std::vector<std::int16_t>(static_cast<std::size_t>(options.minutes) * 60 * kRateHz),
                      .labelled = true,
                      .words = {}};
  const auto pause = [&] {
    return static_cast<std::size_t>(rng.uniform(0.5, 1.5) * options.pause_ms * kRateHz / 1000);
  };
  for (std::size_t at = pause(); at + kClipSamples <= recording.pcm.size(); at += kClipSamples + pause()) {
    const bool keyword = others.empty() || rng.uniform() * 100.0 < options.keyword_percent;
    const std::size_t clip = (keyword ? keywords : others).draw(rng);
    const std::span<const std::int16_t> pcm = audio.samples(clip);
    std::ranges::copy(pcm, recording.pcm.begin() + static_cast<std::ptrdiff_t>(at));
    if (!keyword) continue;
    const double begin = static_cast<double>(at) / kRateHz;
    recording.words.push_back({.begin = begin,
                               .end = begin + static_cast<double>(pcm.size()) / kRateHz,
                               .label = keyword_label(names, corpus.clips[clip].word)});
  }
  std::vector<std::span<const std::int16_t>> noises;
  for (std::size_t i = corpus.clips.size(); i < audio.size(); ++i) noises.push_back(audio.samples(i));
  add_noise(noises, options.noise_volume, noise_rng, recording.pcm);
  return recording;
}

}  // namespace kws
