#include "splits.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "kws/core/files.h"
#include "kws/core/table.h"
#include "speaker_names.h"

namespace kws {
namespace {

constexpr std::string_view kNoHash = "_nohash_";

/// Below, the SHA-1 rule leaves a split empty too often (0.9^10 is a third).
constexpr std::size_t kFewSpeakers = 10;
/// A voice with more than this share of the clips leaves too few beside it, whichever split it comes into.
constexpr double kOneVoice = 0.9;

/// 0..100, evenly distributed over names. Source: which_set() of TensorFlow's speech_commands example.
double sha1_percent(const std::string& name) {
  constexpr std::uint32_t kMask = (1U << 27U) - 1;
  const std::string hex = sha1_hex(name);
  const auto low = static_cast<std::uint32_t>(std::stoul(hex.substr(hex.size() - 8), nullptr, 16)) & kMask;
  return low * (100.0 / kMask);
}

/// The split of each name: the lowest percentages validate, the next test, at least one name each.
std::map<std::string, Split> spread(const std::set<std::string>& names, const SplitRule& rule) {
  std::vector<std::pair<double, std::string>> order;
  order.reserve(names.size());
  for (const std::string& name : names) order.emplace_back(sha1_percent(name), name);
  std::ranges::sort(order);
  const auto share = [&](double percent) {
    return std::max<std::size_t>(
        1, static_cast<std::size_t>(std::lround(percent / 100.0 * static_cast<double>(order.size()))));
  };
  const std::size_t validation = share(rule.validation_percent);
  const std::size_t testing = share(rule.testing_percent);
  std::map<std::string, Split> splits;
  for (std::size_t i = 0; i < order.size(); ++i) {
    splits[order[i].second] = i < validation             ? Split::validation
                              : i < validation + testing ? Split::testing
                                                         : Split::training;
  }
  return splits;
}

void split_clip_by_clip(Corpus& corpus, const SplitRule& rule) {
  std::map<std::string, std::set<std::string>> names;  // of each word
  for (const Clip& clip : corpus.clips) names[clip.word].insert(clip.path);
  for (const auto& [word, paths] : names) {
    const std::map<std::string, Split> splits = spread(paths, rule);
    for (Clip& clip : corpus.clips) {
      if (clip.word == word) clip.split = splits.at(clip.path);
    }
  }
}

}  // namespace

std::optional<std::string_view> speaker_of(std::string_view file_name) {
  const std::size_t cut = file_name.find(kNoHash);
  if (cut == std::string_view::npos) return std::nullopt;
  return file_name.substr(0, cut);
}

Split sha1_split(const std::string& file_name, const SplitRule& rule) {
  // Without "_nohash_" the whole base name counts, extension included, as in the published code.
  const double percent = sha1_percent(std::string(speaker_of(file_name).value_or(file_name)));
  if (percent < rule.validation_percent) return Split::validation;
  if (percent < rule.validation_percent + rule.testing_percent) return Split::testing;
  return Split::training;
}

void split_by_speakers(Corpus& corpus, const SplitRule& rule) {
  std::set<std::string> speakers;
  std::map<std::string, std::size_t> named;
  std::set<Split> used;
  std::size_t nameless = 0, most = 0;
  for (const Clip& clip : corpus.clips) {
    if (clip.names_speaker) most = std::max(most, ++named[clip.speaker]);
    if (!clip.names_speaker) ++nameless;
    speakers.insert(clip.speaker);
    used.insert(clip.split);
  }
  const std::size_t clips = corpus.clips.size();
  const auto text = [](std::size_t count) { return grouped(static_cast<long long>(count)); };
  if (nameless > 0) {
    const std::string guess = guessed_speakers(corpus);
    corpus.remarks.push_back({.path = ".",
                              .fact = text(nameless) + " of " + text(clips) +
                                      " names tell no speaker (SPEAKER_nohash_N): one voice may stand in several "
                                      "splits, accuracies come out too high; " +
                                      (guess.empty() ? "rename, or give list files" : guess)});
  }
  const bool one_voice = static_cast<double>(most) > kOneVoice * static_cast<double>(clips);
  if (one_voice || (nameless == 0 && speakers.size() < 3)) {
    split_clip_by_clip(corpus, rule);
    corpus.split_by = SplitBy::clips;
    corpus.remarks.push_back(
        {.path = ".",
         .fact = (speakers.size() == 1 ? "one speaker"
                  : one_voice          ? text(most) + " of " + text(clips) + " clips are of one speaker"
                                       : "two speakers") +
                 ": split clip by clip, so accuracies say nothing about other voices; record more people"});
    return;
  }
  if (speakers.size() >= kFewSpeakers && used.size() == 3) return;
  const std::map<std::string, Split> splits = spread(speakers, rule);
  for (Clip& clip : corpus.clips) clip.split = splits.at(clip.speaker);
}

}  // namespace kws
