#include "findings.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "audio_file.h"
#include "kws/core/options.h"
#include "kws/core/table.h"
#include "kws/datasets/names.h"

namespace kws {
namespace {

/// So much longer than what is kept, clips lose something that can be heard.
constexpr int kLostMs = 20;
constexpr std::int64_t kShortSamples = kAudioRateHz / 10;
/// Samples that differ by no more hold nothing but a converter's noise.
constexpr int kDeadRange = 4;
/// Shares of samples: a shout clips 1 %, a wrong scale most.
constexpr double kSomeClipped = 0.05, kMostlyClipped = 0.25, kWrongScale = 0.01;

/// Recordings with one flaw: how many, and which is the first.
struct Flawed {
  int count = 0;
  std::string first;
  void add(const std::string& path) {
    if (count++ == 0) first = path;
  }
  [[nodiscard]] std::string line(const std::string& noun, const std::string& fact) const {
    return counted(count, noun) + " " + fact + (count == 1 ? "" : ", first " + first);
  }
};

/// "8,000 Hz, 44,100 Hz and 48,000 Hz"; the rest as "others" when there are many.
std::string listed(const std::map<int, std::size_t>& rates) {
  std::string names;
  std::size_t done = 0;
  for (const auto& [rate, count] : rates) {
    if (done == 3) return names + " and other rates";
    ++done;
    names += (done == 1 ? "" : done == rates.size() ? " and " : ", ") + grouped(rate) + " Hz";
  }
  return names;
}

const std::string& path_of_recording(const Corpus& corpus, std::size_t i) {
  return i < corpus.clips.size() ? corpus.clips[i].path : corpus.noises[i - corpus.clips.size()];
}

void find_flaws(const CorpusAudio& audio, Corpus& corpus) {
  std::map<int, std::size_t> rates;
  Flawed resampled, mixed, cut, loud;
  for (std::size_t i = 0; i < audio.size(); ++i) {
    const std::string& path = path_of_recording(corpus, i);
    const bool is_clip = i < corpus.clips.size();
    const bool silence = !is_clip || corpus.clips[i].word == kSilenceFolder;
    const std::string fact =
        audio.fault(i).empty() ? flaw(audio.facts(i), silence) : audio.fault(i) + fault_remedy(audio.fault(i));
    if (!fact.empty()) corpus.problems.push_back({.path = path, .fact = fact});
    if (!audio.fault(i).empty()) continue;
    const AudioFacts& facts = audio.facts(i);
    if (facts.rate_hz != kAudioRateHz) {
      resampled.add(path);
      ++rates[facts.rate_hz];
    }
    if (facts.channels != 1) mixed.add(path);
    if (is_clip && facts.samples > std::int64_t{audio.clip_ms() + kLostMs} * kSamplesPerMs) cut.add(path);
    if (fact.empty() && static_cast<double>(facts.clipped) > kSomeClipped * static_cast<double>(facts.samples)) {
      loud.add(path);
    }
  }
  const auto remark = [&](const std::string& fact) { corpus.remarks.push_back({.path = ".", .fact = fact}); };
  if (resampled.count > 0) remark(resampled.line("recording", "resampled to 16,000 Hz from " + listed(rates)));
  if (mixed.count > 0) remark(mixed.line("recording", "of several channels mixed to one"));
  if (cut.count > 0) {
    const std::string kept = seconds_text(audio.clip_ms());
    remark(cut.line("clip", "longer than " + kept + ": the loudest " + kept +
                                " of each is used, or with --stretch first "
                                "the first; \"clip_ms\" among a design's features may be up to 3,000"));
  }
  if (loud.count > 0) remark(loud.line("recording", "with more than 5 % of clipped samples"));
}

/// Same samples under several names: a clip in two words has a wrong label, one in two splits tests what was learnt.
void find_copies(const CorpusAudio& audio, Corpus& corpus) {
  std::map<std::string, std::vector<std::size_t>> same;
  for (std::size_t i = 0; i < corpus.clips.size(); ++i) {
    if (audio.fault(i).empty() && flaw(audio.facts(i), false).empty()) same[audio.digest(i)].push_back(i);
  }
  Flawed words, splits, others;
  for (const auto& [digest, clips] : same) {
    const Clip& first = corpus.clips[clips.front()];
    for (std::size_t i = 1; i < clips.size(); ++i) {
      const Clip& copy = corpus.clips[clips[i]];
      Flawed& kind = copy.word != first.word ? words : copy.split != first.split ? splits : others;
      kind.add(copy.path + " = " + first.path);
    }
  }
  const auto line = [](const Flawed& flawed, const std::string& fact) {
    return counted(flawed.count, "clip") + " " + fact + " (" + flawed.first + (flawed.count > 1 ? ", ..." : "") + ")";
  };
  if (words.count > 0) {
    corpus.problems.push_back(
        {.path = ".", .fact = line(words, "with the samples of another word's clip") + "; remove the wrong one"});
  }
  if (splits.count > 0) {
    corpus.problems.push_back(
        {.path = ".", .fact = line(splits, "with the samples of a clip of another split") + "; remove one"});
  }
  if (others.count > 0) {
    corpus.remarks.push_back({.path = ".", .fact = line(others, "with the samples of another clip")});
  }
}

std::string split_remedy(SplitBy by, Split split) {
  switch (by) {
    case SplitBy::clips:
      return "record it three times or more";
    case SplitBy::speakers:
      return "add speakers, or give list files";
    case SplitBy::lists:
    case SplitBy::nothing:
      break;
  }
  return split == Split::training ? "take some of them out of the lists"
                                  : "name some in " + std::string(split_name(split)) + "_list.txt";
}

void find_classes(const LabelSet& labels, Corpus& corpus) {
  constexpr std::array kAll = {Split::training, Split::validation, Split::testing};
  std::map<std::string, std::map<Split, std::size_t>> counts;
  std::size_t unknown = 0;
  for (const Clip& clip : corpus.clips) {
    if (std::ranges::find(labels.keywords, clip.word) != labels.keywords.end()) {
      ++counts[clip.word][clip.split];
    } else if (clip.word != kSilenceFolder) {
      ++unknown;
    }
  }
  if (corpus.split_by == SplitBy::nothing) {
    for (const std::string& keyword : labels.keywords) {
      if (counts[keyword].empty()) corpus.remarks.push_back({.path = keyword, .fact = "no recordings: not measured"});
    }
    if (unknown == 0) {
      corpus.remarks.push_back({.path = ".", .fact = "no words beside the keywords: _unknown_ is not measured"});
    }
    return;
  }
  for (const std::string& keyword : labels.keywords) {
    if (counts[keyword].empty()) {
      corpus.problems.push_back({.path = keyword, .fact = missing_keyword(keyword, corpus)});
      continue;
    }
    for (const Split split : kAll) {
      if (counts[keyword][split] == 0) {
        corpus.problems.push_back({.path = keyword, .fact = missing_split(keyword, split, corpus)});
      }
    }
  }
  for (const std::string& word : corpus.words) {
    for (const std::string& keyword : labels.keywords) {
      if (word == keyword || folded(word) != folded(keyword) || counts[keyword].empty()) continue;
      if (std::ranges::find(labels.keywords, word) != labels.keywords.end()) continue;
      corpus.problems.push_back(
          {.path = word,
           .fact = "an unknown word beside the keyword \"" + keyword + "\"; move its recordings there or rename it"});
    }
  }
  if (unknown == 0) {
    corpus.remarks.push_back(
        {.path = ".",
         .fact = "no words beside the keywords: nothing teaches _unknown_ what other speech is; add some, "
                 "or a folder _unknown_"});
  }
  if (corpus.noises.empty()) {
    corpus.remarks.push_back({.path = ".", .fact = "no _background_noise_ folder: training adds no noise"});
  }
}

}  // namespace

std::string flaw(const AudioFacts& facts, bool silence) {
  const auto samples = static_cast<double>(facts.samples);
  if (facts.not_finite > 0)
    return "holds " + counted(facts.not_finite, "sample") + " that " +
           (facts.not_finite == 1 ? "is no number" : "are no numbers") + "; record it anew";
  const double values = samples * facts.rate_hz / kAudioRateHz * facts.channels;  // of the file
  if (static_cast<double>(facts.beyond) > kWrongScale * values) {
    return "floats beyond -1..1: wrong scale; divide by its greatest value, such as 32,768: "
           "ffmpeg -i IN -af volume=1/32768 OUT";
  }
  if (facts.high == facts.low && !silence) {
    return "all samples are " + std::to_string(facts.low) + ": a dead microphone or a wrong format; record it anew";
  }
  if (facts.high - facts.low <= kDeadRange && !silence) {
    return "samples from " + std::to_string(facts.low) + " to " + std::to_string(facts.high) +
           " of 16 bit: silent, or at the wrong end of wider samples; record it anew or amplify it";
  }
  if (static_cast<double>(facts.clipped) > kMostlyClipped * samples) {
    return std::to_string(static_cast<int>(100.0 * static_cast<double>(facts.clipped) / samples)) +
           " % of the samples are clipped; record it with less gain";
  }
  if (facts.samples < kShortSamples) return counted(facts.samples, "sample") + ", less than 0.1 s; remove it";
  return "";
}

std::string missing_keyword(const std::string& keyword, const Corpus& corpus) {
  std::string near;
  for (const std::string& word : corpus.words) {
    if (folded(word) == folded(keyword)) near = word;
  }
  if (near.empty()) near = nearest_name(keyword, corpus.words);
  return "keyword without recordings" +
         (near.empty() ? "; add some, or train on other --keywords" : "; did you mean \"" + near + "\"?");
}

std::string missing_split(const std::string& keyword, Split split, const Corpus& corpus) {
  std::map<Split, std::size_t> counts;
  std::set<std::string> speakers;
  for (const Clip& clip : corpus.clips) {
    if (clip.word != keyword) continue;
    ++counts[clip.split];
    speakers.insert(clip.speaker);
  }
  std::string where;
  for (const auto& [other, count] : counts) {
    where +=
        (where.empty() ? "" : ", ") + grouped(static_cast<long long>(count)) + " in " + std::string(split_name(other));
  }
  return "no " + std::string(split_name(split)) + " clips of this keyword (" + where + "; " +
         counted(std::ssize(speakers), "speaker") + "); " + split_remedy(corpus.split_by, split);
}

void add_findings(const CorpusAudio& audio, const LabelSet& labels, Corpus& corpus) {
  find_flaws(audio, corpus);
  find_copies(audio, corpus);
  find_classes(labels, corpus);
  if (!audio.warning().empty()) corpus.remarks.push_back({.path = ".", .fact = audio.warning()});
}

}  // namespace kws
