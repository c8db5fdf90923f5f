#include "kws/datasets/synth.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "audio_file.h"
#include "change_rate.h"
#include "kws/core/error.h"
#include "kws/core/files.h"
#include "kws/core/interrupt.h"
#include "kws/core/rng.h"
#include "kws/core/table.h"
#include "kws/datasets/corpus.h"
#include "kws/datasets/names.h"
#include "speech.h"
#include "synth_noise.h"

namespace kws {
namespace {

struct Speaker {
  Split split = Split::training;
  std::string hash;
  std::string accent, variant;
  int pitch = 50;
  int range = 50;
  int rate = 175;
  double colour = 0.0;  ///< y[n] = x[n] + colour x[n-1]: mouth, room and microphone in one number
};

Split planned_split(int number, int speakers) {
  const int held_out = std::max(1, (speakers + 5) / 10);
  if (number >= speakers - held_out) return Split::testing;
  return number >= speakers - 2 * held_out ? Split::validation : Split::training;
}

/// Eight hex digits that the SHA-1 rule puts where the plan wants them; none is taken twice.
std::string speaker_hash(std::uint64_t seed, int number, Split wanted, std::set<std::string>& taken) {
  for (int salt = 0;; ++salt) {
    const std::string key = std::to_string(seed) + " " + std::to_string(number) + " " + std::to_string(salt);
    std::string hash = sha1_hex("kwsmith speaker " + key).substr(0, 8);
    if (sha1_split(hash + "_nohash_0.wav", {}) == wanted && taken.insert(hash).second) return hash;
  }
}

std::vector<Speaker> make_speakers(const SynthOptions& options) {
  Rng rng({options.seed, 0x766F696365});  // "voice"
  std::vector<std::pair<std::string, std::string>> voices;
  for (const std::string& accent : speech_accents()) {
    for (const std::string& variant : speech_variants()) voices.emplace_back(accent, variant);
  }
  shuffle(voices, rng);
  std::set<std::string> taken;
  std::vector<Speaker> speakers;
  for (int i = 0; i < options.speakers; ++i) {
    const auto& [accent, variant] = voices[static_cast<std::size_t>(i) % voices.size()];
    Speaker s;
    s.split = planned_split(i, options.speakers);
    s.hash = speaker_hash(options.seed, i, s.split, taken);
    s.accent = accent;
    s.variant = variant;
    s.pitch = rng.between(20, 80);
    s.range = rng.between(30, 80);
    s.rate = rng.between(120, 210);
    s.colour = rng.uniform(-0.6, 0.4);
    speakers.push_back(std::move(s));
  }
  return speakers;
}

void check_words(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    const bool plain = std::ranges::all_of(
        word, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; });
    if (word.empty() || !plain || word.front() == '_' || word.front() == '-') {
      throw Error("words: \"" + word + "\" cannot be a word folder; use lower-case letters, digits, '_' and '-'",
                  Exit::usage);
    }
    if (std::ranges::count(words, word) > 1) {
      throw Error("words: \"" + word + "\" is given twice; name each word once", Exit::usage);
    }
  }
  if (words.empty()) throw Error("words: none given; name at least one", Exit::usage);
}

/// Words as folders, keywords first; which are keywords when nobody says.
void add_keywords(SynthOptions& options) {
  for (std::vector<std::string>* list : {&options.words, &options.keywords}) {
    for (std::string& word : *list) {
      word = composed(word);
      std::ranges::replace(word, ' ', '_');
    }
  }
  if (options.keywords.empty()) {
    const std::vector<std::string>& ten = default_labels().keywords;
    const auto spoken = [&](const std::string& word) { return std::ranges::count(options.words, word) > 0; };
    options.keywords = std::ranges::all_of(ten, spoken) ? ten : options.words;
    return;
  }
  const auto is_keyword = [&](const std::string& word) { return std::ranges::count(options.keywords, word) > 0; };
  std::erase_if(options.words, is_keyword);
  options.words.insert(options.words.begin(), options.keywords.begin(), options.keywords.end());
}

/// 22,050 -> 16,000 Hz, without the silence around the word. Returns samples in units of one 16-bit step.
std::vector<float> prepare(const std::vector<std::int16_t>& speech, double colour) {
  std::vector<float> in(speech.size());
  std::ranges::transform(speech, in.begin(), [](std::int16_t value) { return static_cast<float>(value) / 32768.0F; });
  std::vector<float> out = change_rate(in, kSpeechRateHz, kAudioRateHz, Quality::quick);
  const auto tint = static_cast<float>(colour);
  for (std::size_t i = out.size(); i-- > 1;) out[i] += tint * out[i - 1];

  float peak = 0.0F;
  for (const float value : out) peak = std::max(peak, std::abs(value));
  const auto loud = [&](float value) { return std::abs(value) > 0.01F * peak; };
  const auto first = std::ranges::find_if(out, loud);
  const auto last = std::find_if(out.rbegin(), out.rend(), loud).base();
  return first < last ? std::vector<float>(first, last) : std::vector<float>();
}

/// A slow speaker's long phrase, spoken faster (and higher) until it fits into a clip.
///   throws  Error (Exit::usage) when that would no longer be speech
std::vector<float> fitted(std::vector<float> word, const std::string& name, int clip_ms) {
  constexpr double kMostFaster = 1.4;
  const double faster = static_cast<double>(word.size()) / (0.98 * static_cast<double>(clip_ms * kSamplesPerMs));
  if (faster <= 1.0) return word;
  if (faster > kMostFaster) {
    throw Error("words: \"" + name + "\" takes " + fixed(static_cast<double>(word.size()) / kAudioRateHz, 1) +
                    " s, a clip holds " + fixed(clip_ms / 1000.0, 1) + " s; choose a shorter phrase" +
                    (clip_ms < kLongestClipMs ? " or a longer --clip-ms" : ""),
                Exit::usage);
  }
  return change_rate(word, static_cast<int>(std::lround(faster * kAudioRateHz)), kAudioRateHz, Quality::quick);
}

/// A clip with the word near its middle, at a random level, over a noise floor of a random level.
std::vector<std::int16_t> render(const std::vector<float>& word, int clip_ms, Rng& rng) {
  const int samples = clip_ms * kSamplesPerMs;
  float peak = 1e-9F;
  for (const float value : word) peak = std::max(peak, std::abs(value));
  const double gain = rng.uniform(3000.0, 22000.0) / static_cast<double>(peak);
  const double floor = rng.uniform(0.0, 80.0);
  const auto room = std::max(0, samples - static_cast<int>(word.size()));
  const int start = std::clamp(room / 2 + rng.between(-2000, 2000), 0, room);
  std::vector<std::int16_t> out(static_cast<std::size_t>(samples));
  for (int i = 0; i < samples; ++i) {
    double value = rng.uniform(-floor, floor);
    if (i >= start && i - start < static_cast<int>(word.size())) {
      value += gain * static_cast<double>(word[static_cast<std::size_t>(i - start)]);
    }
    out[static_cast<std::size_t>(i)] = static_cast<std::int16_t>(std::lrint(std::clamp(value, -32768.0, 32767.0)));
  }
  return out;
}

struct Plan {
  std::string file;  ///< relative to the corpus
  std::string word;
  std::uint64_t number;
  double colour;
  Split split;
};

void fill(const SynthOptions& options, const std::filesystem::path& folder, const SynthProgress& progress) {
  std::vector<Utterance> utterances;
  std::vector<Plan> plans;
  for (const Speaker& s : make_speakers(options)) {
    for (const std::string& word : options.words) {
      for (int n = 0; n < options.clips; ++n) {
        Rng rng({options.seed, plans.size()});
        std::string text = word;
        std::ranges::replace(text, '_', ' ');
        // Nobody says a word twice the same way.
        utterances.push_back({.text = std::move(text),
                              .accent = s.accent,
                              .variant = s.variant,
                              .pitch = std::clamp(s.pitch + rng.between(-8, 8), 0, 99),
                              .range = s.range,
                              .rate = s.rate + rng.between(-20, 20)});
        plans.push_back({.file = word + "/" + s.hash + "_nohash_" + std::to_string(n) + ".wav",
                         .word = word,
                         .number = plans.size(),
                         .colour = s.colour,
                         .split = s.split});
      }
    }
  }
  for (const std::string& word : options.words) std::filesystem::create_directory(folder / word);

  std::vector<std::vector<std::int16_t>> for_babble;
  speak(utterances, [&](std::size_t i, const std::vector<std::int16_t>& speech) {
    if (interrupted()) {
      throw Error("data synth: interrupted, nothing was written; run the same command again", Exit::interrupted);
    }
    Rng rng({options.seed, plans[i].number, 1});
    std::vector<std::int16_t> clip =
        render(fitted(prepare(speech, plans[i].colour), plans[i].word, options.clip_ms), options.clip_ms, rng);
    write_wav(folder / plans[i].file, clip);
    const bool chosen = i < plans.size() / 2 && plans[i].split == Split::training;  // no held-out voice
    if (chosen && for_babble.size() < 200) for_babble.push_back(std::move(clip));
    if (progress) progress(static_cast<int>(i + 1), static_cast<int>(plans.size()));
  });

  const std::filesystem::path noise_folder = folder / "_background_noise_";
  std::filesystem::create_directory(noise_folder);
  for (const auto& [name, samples] : make_noises(for_babble, options.seed)) write_wav(noise_folder / name, samples);
}

}  // namespace

std::size_t synthesize(const SynthOptions& options, const std::filesystem::path& folder, bool replace,
                       const SynthProgress& progress) {
  SynthOptions all = options;
  add_keywords(all);
  check_words(all.words);
  write_folder(folder, FolderKind::recordings, replace, [&](const std::filesystem::path& staging) {
    fill(all, staging, progress);
    std::string lines;
    for (const std::string& word : all.keywords) lines += word + "\n";
    write_file(staging / kKeywordsFile, lines);
  });
  return all.words.size();
}

}  // namespace kws
