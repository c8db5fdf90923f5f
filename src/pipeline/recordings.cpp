#include <algorithm>
#include <charconv>
#include <cmath>
#include <span>
#include <sstream>

#include "kws/core/error.h"
#include "kws/core/files.h"
#include "kws/core/interrupt.h"
#include "kws/core/rng.h"
#include "kws/core/table.h"
#include "kws/core/text.h"
#include "kws/datasets/corpus_audio.h"
#include "kws/datasets/names.h"
#include "kws/features/front_end.h"
#include "kws/pipeline/listen.h"

namespace kws {

namespace {

constexpr double kNoiseSeconds = 30.0;
constexpr std::size_t kLongestShown = 80;  ///< bytes of a label in a line

/// Label of a keyword, or -1.
int keyword_label(const std::vector<std::string>& labels, const std::string& word) {
  if (!is_keyword(word)) return -1;
  const auto at = std::ranges::find_if(labels, [&](const std::string& label) { return composed(label) == word; });
  return at == labels.end() ? -1 : static_cast<int>(at - labels.begin());
}

/// The keyword that a label is but for case, '_' and the like, or "".
std::string near_keyword(const std::vector<std::string>& labels, const std::string& word) {
  for (const std::string& label : labels) {
    if (is_keyword(label) && folded(label) == folded(word)) return label;
  }
  return "";
}

/// The text between TABs.
std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells(1);
  for (const char c : line) {
    if (c == '\t') {
      cells.emplace_back();
    } else {
      cells.back() += c;
    }
  }
  return cells;
}

/// A number that is all of the text, or NaN.
double number_in(const std::string& text) {
  double value = NAN;
  const char* end = text.data() + text.size();
  const auto [stopped, failure] = std::from_chars(text.data(), end, value);
  return failure == std::errc() && stopped == end ? value : NAN;
}

/// One label track on its way into its recording.
class TrackReader {
 public:
  TrackReader(const std::filesystem::path& track, const std::vector<std::string>& labels, Recording& recording)
      : track_(track), labels_(labels), recording_(recording) {}

  void read() {
    std::string text = read_file(track_);
    if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      ++number_;
      while (!line.empty() && line.back() == '\r') line.pop_back();
      // Audacity puts the frequencies of a spectral selection on a line of their own.
      if (line.find_first_not_of(" \t") == std::string::npos || line.starts_with('\\')) continue;
      add(line);
    }
    std::ranges::stable_sort(recording_.words, {}, &SpokenWord::begin);
    tell();
  }

 private:
  void add(const std::string& line) {
    const std::vector<std::string> cells = cells_of(line);
    const double begin = number_in(cells[0]);
    const double end = cells.size() > 1 ? number_in(cells[1]) : NAN;
    const bool numbers = begin >= 0.0 && end >= begin && std::isfinite(end);
    if (!numbers && cells.size() > 2 && (cells[0] + cells[1]).find(',') != std::string::npos) {
      refuse("has decimal commas; write 1.5 for 1,5");
    }
    if (!numbers || cells.size() < 3) {
      refuse("is not \"begin TAB end TAB word\" in seconds; export the label track from Audacity, or give --no-labels");
    }
    const double seconds = static_cast<double>(recording_.pcm.size()) / kRateHz;
    const std::string word = composed(cells[2]);
    if (begin >= seconds) {
      refuse("\"" + shortened(word, kLongestShown) + "\" at " + fixed(begin, 2) +
             " s lies behind the end of the recording at " + fixed(seconds, 2) + " s; give it its own label track");
    }
    constexpr double kRoundedSeconds = 0.1;  // labels end with the recording, to the digits that are written
    if (end > seconds + kRoundedSeconds) {
      refuse("\"" + shortened(word, kLongestShown) + "\" ends at " + fixed(end, 2) +
             " s, behind the recording's end at " + fixed(seconds, 2) + " s; give it its own label track");
    }
    const int label = keyword_label(labels_, word);
    if (label >= 0) {
      recording_.words.push_back({.begin = begin, .end = end, .label = label});
      return;
    }
    ++others_;
    const std::string keyword = near_keyword(labels_, word);
    if (!keyword.empty() && ++near_ == 1)
      first_near_ = "\"" + shortened(word, kLongestShown) + "\" for \"" + keyword + "\"";
  }

  void tell() {
    const std::string name = track_.filename().string();
    recording_.remarks.push_back(name + ": " + counted(std::ssize(recording_.words), "keyword") + ", " +
                                 counted(others_, "other label"));
    if (near_ == 0) return;
    recording_.remarks.push_back(name + ": " + counted(near_, "label") +
                                 (near_ == 1 ? " nearly is a keyword and counts as another word"
                                             : " nearly are keywords and count as other words") +
                                 ", first " + first_near_ + "; mend " + (near_ == 1 ? "it" : "them"));
  }

  [[noreturn]] void refuse(const std::string& fact) const {
    throw Error(track_.string() + ":" + std::to_string(number_) + ": " + fact, Exit::data);
  }

  const std::filesystem::path& track_;
  const std::vector<std::string>& labels_;
  Recording& recording_;
  int number_ = 0, others_ = 0, near_ = 0;
  std::string first_near_;
};

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
    throw_if_interrupted();
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

Recording read_recording(const std::filesystem::path& file, const std::vector<std::string>& labels, bool tracks) {
  AudioFacts facts;
  Recording recording{.name = file.filename().string(), .pcm = read_audio(file, &facts), .words = {}};
  if (facts.rate_hz != kRateHz) {
    recording.remarks.push_back(recording.name + ": resampled from " + grouped(facts.rate_hz) + " Hz");
  }
  if (facts.channels != 1) {
    recording.remarks.push_back(recording.name + ": " + std::to_string(facts.channels) + " channels mixed to one");
  }
  std::filesystem::path track = file;
  track.replace_extension(".txt");
  if (!tracks || !std::filesystem::exists(track)) return recording;
  recording.labelled = true;
  TrackReader(track, labels, recording).read();
  return recording;
}

Recording make_test_stream(const Corpus& corpus, const LabelSet& labels, Split split, const TestStreamOptions& options,
                           const ReadOptions& read) {
  const std::vector<std::string> names = labels.labels();
  std::vector<std::size_t> keyword_clips, other_clips;
  for (std::size_t i = 0; i < corpus.clips.size(); ++i) {
    if (corpus.clips[i].split != split) continue;
    if (corpus.clips[i].word == kSilenceFolder) continue;
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
  const auto room = static_cast<std::size_t>(read.clip_ms) * kSamplesPerMs;
  for (std::size_t at = pause(); at + room <= recording.pcm.size(); at += room + pause()) {
    throw_if_interrupted();
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
