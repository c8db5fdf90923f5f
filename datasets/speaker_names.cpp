#include "speaker_names.h"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "audio_file.h"
#include "kws/datasets/names.h"

namespace kws {
namespace {

/// Parts of a file's stem between '_', '-', '.' and blanks.
std::vector<std::string> parts_of(const std::string& path) {
  std::string stem = std::filesystem::path(path).stem().string();
  if (is_foreign_sound(stem)) stem = std::filesystem::path(stem).stem().string();  // "a_1.m4a.wav" has been converted
  std::vector<std::string> parts(1);
  for (const char c : stem) {
    if (c == '_' || c == '-' || c == '.' || c == ' ') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

bool all_digits(const std::string& text, std::size_t count) {
  return text.size() == count && text.find_first_not_of("0123456789") == std::string::npos;
}
/// 1990 to 2099
bool is_year(const std::string& text) {
  return all_digits(text, 4) && (text.starts_with("199") || text.starts_with("20"));
}
/// 20261128, as telephones name recordings.
bool is_date(const std::string& text) {
  return all_digits(text, 8) && is_year(text.substr(0, 4)) && text.substr(4, 2) <= "12" && text.substr(6) <= "31";
}

/// Values that stand at one place of the names, each with the words and how many files it occurs in.
struct Place {
  std::map<std::string, std::set<std::string>> words;
  std::size_t files = 0, same_as_word = 0;
};

bool tells_speakers(const Place& place, std::size_t files, std::size_t words) {
  const std::size_t values = place.words.size();
  if (place.files < files || place.same_as_word > 0 || values < 2 || values > files / 3) return false;
  std::size_t common = 0;  // values that say most words
  for (const auto& [value, said] : place.words)
    if (2 * said.size() >= words) ++common;
  return 2 * common >= values;
}

}  // namespace

std::optional<std::size_t> guessed_speaker_part(const Corpus& corpus) {
  std::vector<Place> places(4);  // guessed_speakers() names as many
  std::size_t files = 0;
  for (const Clip& clip : corpus.clips) {
    if (clip.names_speaker) continue;
    ++files;
    const std::vector<std::string> parts = parts_of(clip.path);
    for (std::size_t i = 0; i + 1 < parts.size() && i < places.size(); ++i) {  // the last part counts takes
      places[i].words[parts[i]].insert(clip.word);
      ++places[i].files;
      if (folded(parts[i]) == folded(clip.word)) ++places[i].same_as_word;
    }
  }
  // Days are no speakers, though there are few of them and each may hold all words.
  const auto all = [&](std::size_t i, bool (*is)(const std::string&)) {
    return std::ranges::all_of(places[i].words, [is](const auto& value) { return is(value.first); });
  };
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places[i].files == files && all(i, is_year)) i += 3;  // 2026-11-28
    if (i >= places.size()) break;
    if (!all(i, is_date) && tells_speakers(places[i], files, corpus.words.size())) return i;
  }
  return std::nullopt;
}

std::string guessed_speakers(const Corpus& corpus) {
  constexpr const char* kOrdinals[] = {"first", "second", "third", "fourth"};
  const std::optional<std::size_t> place = guessed_speaker_part(corpus);
  if (!place) return "";
  std::string value;
  for (const Clip& clip : corpus.clips) {
    if (clip.names_speaker) continue;
    const std::string part = parts_of(clip.path)[*place];
    if (value.empty() || part < value) value = part;
  }
  return std::string("is it the ") + kOrdinals[*place] + " part (" + value + ")? then rename to " + value + "_nohash_N";
}

}  // namespace kws
