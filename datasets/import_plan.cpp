#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <regex>
#include <set>
#include <utility>

#include "audio_file.h"
#include "kws/core/error.h"
#include "kws/core/files.h"
#include "kws/core/table.h"
#include "kws/core/text.h"
#include "kws/datasets/import.h"
#include "kws/datasets/names.h"
#include "speaker_names.h"
#include "splits.h"

namespace kws {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHidden = "hidden";
constexpr const char* kNoRecording = ": no recording";
constexpr const char* kPatternAdvice = "; write one like '(?<speaker>[^/_]+)_[^/]*$'";
/// A name of 255 bytes is the longest, and _nohash_N.wav follows.
constexpr std::size_t kLongestSpeaker = 200;

/// A recording that has a folder.
struct Found {
  std::string path;
  std::vector<std::string> folders;  ///< from the first that tells something
};

std::vector<std::string> folders_of(const std::string& path) {
  std::vector<std::string> folders;
  for (const fs::path& part : fs::path(path).parent_path()) folders.push_back(part.string());
  return folders;
}

bool is_group_name(std::string_view text) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
  return !text.empty() && kLetters.find(text.front()) != std::string_view::npos &&
         text.find_first_not_of(std::string(kLetters) + "0123456789") == std::string_view::npos;
}

/// A regular expression with a named group, which std::regex has not.
class SpeakerPattern {
 public:
  explicit SpeakerPattern(const std::string& text) : text_(text) {
    std::string plain;
    std::size_t groups = 0;
    std::optional<std::size_t> named;
    bool in_class = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
      plain += text[i];
      if (text[i] == '\\' && i + 1 < text.size()) {
        plain += text[++i];
      } else if (in_class || text[i] == '[') {
        in_class = text[i] != ']';
      } else if (text[i] == '(') {
        const std::string_view rest = std::string_view(text).substr(i + 1);
        const std::size_t skip = rest.starts_with("?P<") ? 3 : rest.starts_with("?<") ? 2 : 0;
        const std::size_t end = rest.find('>');
        if (skip > 0 && end != std::string_view::npos) {
          if (!is_group_name(rest.substr(skip, end - skip))) refuse("has a look-behind or a group without a name");
          ++groups;
          if (rest.substr(skip, end - skip) == "speaker") named = groups;
          i += end + 1;
        } else if (!rest.starts_with("?")) {
          ++groups;
        }
      }
    }
    if (!named && groups != 1) refuse("has no group (?<speaker>...)");
    group_ = named.value_or(1);
    try {
      regex_ = std::regex(plain, std::regex::ECMAScript | std::regex::optimize);
    } catch (const std::regex_error&) {
      refuse("is no regular expression");
    }
  }

  [[nodiscard]] std::optional<std::string> find(const std::string& path) const {
    std::smatch match;
    try {
      if (!std::regex_search(path, match, regex_) || match[group_].length() == 0) return std::nullopt;
    } catch (const std::regex_error&) {
      refuse("takes too long on " + printable(path));
    }
    return match[group_].str();
  }

 private:
  [[noreturn]] void refuse(const std::string& fact) const {
    throw Error("--speaker \"" + printable(text_) + "\": " + fact + kPatternAdvice, Exit::usage);
  }
  std::string text_;
  std::regex regex_;
  std::size_t group_ = 1;
};

/// A speaker as the beginning of a file's name.
std::string file_name_part(const std::string& speaker) {
  std::string name = composed(speaker);
  for (char& c : name) {
    if (c == '/' || static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '_';
  }
  for (std::size_t at = 0; (at = name.find("_nohash_")) != std::string::npos;) name.replace(at, 8, "_");
  if (name.starts_with('.')) name.front() = '_';
  return name.empty() || name.size() > kLongestSpeaker || !is_utf8(name) ? sha1_hex(speaker).substr(0, 8) : name;
}

/// Files that can be recordings; the others are left out.
std::vector<Found> find_recordings(std::vector<std::string> paths, ImportPlan& plan) {
  std::vector<Found> found;
  std::ranges::sort(paths);
  const auto has_been_converted = [all = std::set(paths.begin(), paths.end())](const std::string& path) {
    return std::ranges::any_of(converted_names(path),
                               [&](const fs::path& file) { return all.contains(file.string()); });
  };
  for (std::string& path : paths) {
    std::vector<std::string> folders = folders_of(path);
    const auto hidden = [](const std::string& name) { return name.starts_with('.') || name == "__MACOSX"; };
    const std::string ending = lower_extension(path);
    if (hidden(fs::path(path).filename().string()) || std::ranges::any_of(folders, hidden)) {
      plan.left_out[kHidden].add(path);
    } else if (is_foreign_sound(path)) {
      plan.left_out[ending + ": " + (has_been_converted(path) ? "converted beside it" : foreign_sound_fact(ending))]
          .add(path);
    } else if (!is_recording(path)) {
      plan.left_out[(ending.empty() ? "no ending" : ending) + kNoRecording].add(path);
    } else if (folders.empty()) {
      plan.left_out["in no folder that names the word; sort them into WORD/ or SPEAKER/WORD/"].add(path);
    } else {
      found.push_back({.path = std::move(path), .folders = std::move(folders)});
    }
  }
  return found;
}

/// Drops the folders in which all recordings lie, down to the last that can name a word; a keyword is no such folder.
void drop_top_folders(std::vector<Found>& found, const std::vector<std::string>& keywords) {
  std::set<std::string> known;
  for (const std::string& word : keywords.empty() ? default_labels().keywords : keywords) known.insert(folded(word));
  const auto all_in_one = [&] {
    const std::string& top = found.front().folders.front();
    return !known.contains(folded(top)) && std::ranges::all_of(found, [&](const Found& one) {
      return one.folders.size() > 1 && one.folders.front() == top;
    });
  };
  while (!found.empty() && all_in_one()) {
    for (Found& one : found) one.folders.erase(one.folders.begin());
  }
}

/// The folder that decides whatever the depth: noise, or one of the classes' names.
std::string special_folder(const Found& one) {
  for (const std::string& folder : one.folders) {
    if (folder == kNoiseFolder || means_noise(folder)) return kNoiseFolder;
    if (folder == kUnknownFolder || folder == kSilenceFolder) return folder;
  }
  return "";
}

const std::string& word_folder(const Found& one, WordFolder which) {
  return which == WordFolder::first ? one.folders.front() : one.folders.back();
}

/// Why the folders of this depth look like words: the greater, the more.
///   [keywords; default keywords; files that have the folder's name in theirs; folders without digits], in recordings
std::array<std::size_t, 4> likeness(const std::vector<Found>& found, WordFolder which,
                                    const std::vector<std::string>& keywords) {
  std::set<std::string> given, common;
  for (const std::string& word : keywords) given.insert(folded(word));
  for (const std::string& word : default_labels().keywords) common.insert(word);
  std::array<std::size_t, 4> counts{};
  for (const Found& one : found) {
    const std::string folder = word_folder(one, which);
    const std::string name = folded(folder);
    if (!special_folder(one).empty()) continue;
    counts[0] += given.contains(name) ? 1U : 0U;
    counts[1] += common.contains(name) ? 1U : 0U;
    counts[2] += folded(fs::path(one.path).stem().string()).find(name) != std::string::npos ? 1U : 0U;
    counts[3] += std::ranges::any_of(folder, [](unsigned char c) { return std::isdigit(c) != 0; }) ? 0U : 1U;
  }
  return counts;
}

WordFolder guessed_word_folder(const std::vector<Found>& found, const std::vector<std::string>& keywords) {
  return likeness(found, WordFolder::first, keywords) > likeness(found, WordFolder::last, keywords) ? WordFolder::first
                                                                                                    : WordFolder::last;
}

/// "Yes" and "yes" are one word, spelt as the keyword or, if it is none, as most recordings have it.
std::map<std::string, std::string> spellings(const std::vector<std::string>& words,
                                             const std::vector<std::string>& keywords) {
  std::map<std::string, std::map<std::string, std::size_t>> counts;
  for (const std::string& word : words) ++counts[folded(word)][word];
  std::map<std::string, std::string> best;
  for (const auto& [name, spelt] : counts) {
    best[name] = std::ranges::max_element(spelt, {}, [](const auto& one) { return one.second; })->first;
  }
  for (const std::string& keyword : keywords) {
    if (const auto word = best.find(folded(keyword)); word != best.end()) word->second = composed(keyword);
  }
  return best;
}

/// The pattern that the recordings' names and folders suggest; "": nothing tells the speaker.
std::string guessed_pattern(const std::vector<Found>& found, const std::vector<std::string>& words, WordFolder which) {
  Corpus corpus;
  bool named = true;
  bool nested = true;
  std::set<std::string> known;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const std::string name = fs::path(found[i].path).filename().string();
    named = named && speaker_of(name).has_value();
    nested = nested && found[i].folders.size() > 1;
    corpus.clips.push_back({.path = found[i].path, .word = words[i], .speaker = "", .names_speaker = false});
    known.insert(words[i]);
  }
  corpus.words.assign(known.begin(), known.end());
  if (named) return "/(?<speaker>[^/]+?)_nohash_[^/]*$";
  if (nested && which == WordFolder::last) return "(?<speaker>[^/]+)/[^/]+/[^/]+$";
  if (nested) {
    std::size_t above = folders_of(found.front().path).size() - found.front().folders.size() + 1;
    std::string skipped;
    while (above-- > 0) skipped += "[^/]+/";
    return "^" + skipped + "(?<speaker>[^/]+)/";
  }
  const std::optional<std::size_t> part = guessed_speaker_part(corpus);
  if (!part) return "";
  std::string skipped;
  for (std::size_t i = 0; i < *part; ++i) skipped += "[^/_. -]*[_. -]";
  return "/" + skipped + "(?<speaker>[^/_. -]+)[^/]*$";
}

/// Says what is the matter with most files, of those that can be recordings: m4a, say, and how to convert it.
[[noreturn]] void refuse_all(const ImportPlan& plan) {
  const auto weight = [](const auto& left) {
    return std::pair(left.first != kHidden && !left.first.ends_with(kNoRecording), left.second.count);
  };
  const auto most = std::ranges::max_element(plan.left_out, {}, weight);
  if (most == plan.left_out.end()) throw Error("holds no recording; give a folder of them", Exit::data);
  const auto& [reason, files] = *most;
  throw Error("no recording of a word: " + grouped(static_cast<long long>(files.count)) + " " + reason + " (first " +
                  files.first + ")",
              Exit::data);
}

/// What a folder's name says: the word of its recordings; "" with the reason when it is none.
std::string word_of(const Found& one, WordFolder which, std::string& reason) {
  if (std::string special = special_folder(one); !special.empty()) return special;
  std::string word = composed(word_folder(one, which));
  if (!is_utf8(word)) {
    reason = "in a folder whose name is no UTF-8: rename it (convmv does)";
    return "";
  }
  // Blanks around a name go, and " .." must not become the folder above.
  if (word.empty() || word.starts_with('.')) {
    reason = "in a folder whose name is blank or begins with a blank and a dot: rename it";
    return "";
  }
  if (printable(word) != word) {
    reason = "in a folder whose name holds control characters: rename it";
    return "";
  }
  if (word.starts_with('_')) {
    reason = "in a folder that begins with \"_\": no word";
    return "";
  }
  return word;
}

}  // namespace

ImportPlan plan_import(std::vector<std::string> paths, const ImportOptions& options) {
  ImportPlan plan;
  std::optional<SpeakerPattern> pattern;
  if (!options.speaker.empty()) pattern.emplace(options.speaker);
  std::vector<Found> found = find_recordings(std::move(paths), plan);
  drop_top_folders(found, options.keywords);
  const bool guessed = options.word == WordFolder::guess;
  const WordFolder which = guessed ? guessed_word_folder(found, options.keywords) : options.word;

  std::vector<Found> clips;
  std::vector<std::string> words;
  for (Found& one : found) {
    std::string reason;
    std::string word = word_of(one, which, reason);
    if (!reason.empty()) {
      plan.left_out[reason].add(one.path);
    } else if (word == kNoiseFolder) {
      plan.noises.push_back(one.path);
    } else {
      words.push_back(std::move(word));
      clips.push_back(std::move(one));
    }
  }
  if (clips.empty()) refuse_all(plan);
  const bool nested = std::ranges::any_of(clips, [](const Found& one) { return one.folders.size() > 1; });
  const std::map<std::string, std::string> spelt = spellings(words, options.keywords);
  std::set<std::string> seen(words.begin(), words.end());
  for (std::string& word : words) word = spelt.at(folded(word));
  const std::set<std::string> kept(words.begin(), words.end());
  std::string names;
  for (const std::string& word : kept) names += (names.empty() ? "" : ", ") + word;
  plan.notes.push_back(
      "words: " +
      (nested
           ? std::string(which == WordFolder::last ? "the last folder of each path" : "the first folder") +
                 (guessed ? " (guessed; else --word " + std::string(which == WordFolder::last ? "first" : "last") + ")"
                          : "") +
                 ", "
           : "") +
      grouped(static_cast<long long>(kept.size())) + ": " + names);
  if (seen.size() > kept.size()) {
    plan.notes.push_back(counted(std::ssize(seen) - std::ssize(kept), "spelling") +
                         " of the same words joined to these");
  }

  std::string origin;
  if (!pattern) {
    if (const std::string guess = guessed_pattern(clips, words, which); !guess.empty()) {
      pattern.emplace(guess);
      origin = " (guessed, as --speaker '" + guess + "')";
    }
  }
  std::set<std::string> speakers;
  std::map<std::pair<std::string, std::string>, int> numbers;
  for (std::size_t i = 0; i < clips.size(); ++i) {
    const std::optional<std::string> speaker = pattern ? pattern->find(clips[i].path) : "speaker";
    if (!speaker) {
      plan.left_out["no speaker in the path that --speaker fits"].add(clips[i].path);
      continue;
    }
    const std::string name = file_name_part(*speaker);
    speakers.insert(name);
    const int number = numbers[{words[i], name}]++;
    plan.clips.push_back({.from = clips[i].path,
                          .word = words[i],
                          .speaker = name,
                          .to = words[i] + "/" + name + "_nohash_" + std::to_string(number) + ".wav"});
  }
  if (plan.clips.empty()) {
    throw Error("--speaker \"" + printable(options.speaker) + "\": fits no path, as " + printable(clips.front().path) +
                    kPatternAdvice,
                Exit::data);
  }
  plan.notes.push_back(
      pattern ? "speakers" + origin + ": " + grouped(static_cast<long long>(speakers.size())) + ", first " +
                    *speakers.begin()
              : "speakers: no name tells them, so all recordings are taken for one voice; else --speaker PATTERN");
  return plan;
}

}  // namespace kws
