#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <system_error>

#include "audio_file.h"
#include "kws/core/error.h"
#include "kws/core/files.h"
#include "kws/core/table.h"
#include "kws/datasets/corpus.h"
#include "kws/datasets/names.h"
#include "splits.h"

namespace kws {
namespace {

namespace fs = std::filesystem;

/// What a folder holds beside its recordings.
struct LeftOut {
  std::map<std::string, int> foreign;  ///< sound by its ending
  int folders = 0, nested = 0;         ///< folders in it, recordings in those
  std::vector<Problem> broken;         ///< what is neither file nor folder, such as links in a circle
  std::vector<std::string> unnamed;    ///< files whose ending is none of sound
};

bool is_sound(const fs::path& file) { return is_recording(file) || is_foreign_sound(file); }

/// Whether what a file holds lies beside it in a format that is read.
bool has_been_converted(const fs::path& foreign) {
  return std::ranges::any_of(converted_names(foreign), [](const fs::path& file) {
    std::error_code ignored;
    return fs::exists(file, ignored);
  });
}

/// What Windows puts into every folder.
bool is_of_the_system(std::string_view name) { return name == "Thumbs.db" || name == "desktop.ini"; }

/// Nothing where the system cannot tell; that goes to `broken`.
///   path  its name in the corpus
std::optional<bool> is_folder(const fs::directory_entry& entry, const std::string& path, std::vector<Problem>& broken) {
  std::error_code error;
  const bool folder = entry.is_directory(error);
  if (!error || error == std::errc::no_such_file_or_directory) return folder;
  broken.push_back({.path = path, .fact = error.message() + "; remove it"});
  return std::nullopt;
}

int recordings_below(const fs::path& folder) {
  int count = 0;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    std::error_code ignored;
    if (entry.is_regular_file(ignored) && is_sound(entry.path())) ++count;
  }
  return count;
}

std::vector<std::string> recordings_in(const Corpus& corpus, const std::string& folder, LeftOut& left_out) {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(corpus.root / folder)) {
    const std::string name = entry.path().filename().string();
    if (name.front() == '.') continue;
    const std::optional<bool> is_inner = is_folder(entry, folder + "/" + name, left_out.broken);
    if (!is_inner) continue;
    if (*is_inner) {
      const int nested = recordings_below(entry.path());
      left_out.folders += nested > 0 ? 1 : 0;
      left_out.nested += nested;
    } else if (is_recording(entry.path())) {
      names.push_back(name);
    } else if (is_foreign_sound(entry.path())) {
      if (has_been_converted(entry.path())) continue;
      ++left_out.foreign[lower_extension(entry.path())];
    } else if (!is_of_the_system(name)) {
      left_out.unnamed.push_back(folder + "/" + name);
    }
  }
  return names;
}

void tell_left_out(Corpus& corpus, const std::string& folder, const LeftOut& left_out) {
  for (const auto& [ending, count] : left_out.foreign) {
    corpus.problems.push_back(
        {.path = folder, .fact = counted(count, ending + " file") + " left out: " + foreign_sound_fact(ending)});
  }
  corpus.problems.insert(corpus.problems.end(), left_out.broken.begin(), left_out.broken.end());
  if (left_out.nested > 0) {
    corpus.problems.push_back({.path = folder,
                               .fact = counted(left_out.nested, "recording") + " in " +
                                       counted(left_out.folders, "folder") +
                                       " below it left out; move them up into it"});
  }
}

/// Files of all word folders, in one line: a transcript beside each recording is common.
void tell_unnamed(Corpus& corpus, const std::vector<std::string>& files) {
  if (files.empty()) return;
  corpus.remarks.push_back({.path = ".",
                            .fact = counted(std::ssize(files), "file") + " left out, by the ending no sound" +
                                    (files.size() > 1 ? ", first " : ": ") + *std::ranges::min_element(files) +
                                    "; rename what is a recording"});
}

void add_word(Corpus& corpus, const std::string& folder, const SplitRule& rule, std::vector<std::string>& unnamed) {
  LeftOut left_out;
  const std::vector<std::string> names = recordings_in(corpus, folder, left_out);
  tell_left_out(corpus, folder, left_out);
  unnamed.insert(unnamed.end(), left_out.unnamed.begin(), left_out.unnamed.end());
  if (names.empty()) return;
  const std::string word = composed(folder);
  if (std::ranges::find(corpus.words, word) == corpus.words.end()) corpus.words.push_back(word);
  for (const std::string& name : names) {
    const std::optional<std::string_view> speaker = speaker_of(name);
    const std::string stem = fs::path(name).stem().string();
    corpus.clips.push_back({.path = folder + "/" + name,
                            .word = word,
                            .speaker = std::string(speaker ? *speaker : stem),
                            .split = sha1_split(name, rule),
                            .names_speaker = speaker.has_value()});
  }
}

/// A line of a list as a path of the corpus: lists come from Windows, from `find`, from other systems' Unicode.
std::string listed_path(std::string line) {
  std::ranges::replace(line, '\\', '/');
  while (!line.empty() && std::string_view(" \t\r").find(line.back()) != std::string_view::npos) line.pop_back();
  line.erase(0, line.find_first_not_of(" \t"));
  while (line.starts_with("./")) line.erase(0, 2);
  return line;
}

/// A text of lines; Windows' editors put a mark before it.
std::string read_list(const fs::path& file) {
  std::string text = read_file(file);
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  return text;
}

/// The lists of a corpus on their way into its splits.
class Lists {
 public:
  explicit Lists(Corpus& corpus) : corpus_(corpus) {
    for (std::size_t i = 0; i < corpus.clips.size(); ++i) clips_.emplace(composed(corpus.clips[i].path), i);
  }

  void apply(const std::string& list, Split split) {
    const fs::path file = corpus_.root / list;
    if (!fs::exists(file)) return;
    std::istringstream lines(read_list(file));
    std::set<std::string> absent_words;
    int absent = 0, missing = 0, led = 0;
    std::string first_missing, first_led, line;
    for (int number = 1; std::getline(lines, line); ++number) {
      const std::string path = listed_path(line);
      if (path.empty()) continue;
      const auto clip = clips_.find(composed(path));
      if (clip == clips_.end()) {
        const std::string word = composed(path.substr(0, path.find('/')));
        const fs::path parts(path);
        if (clips_.contains(composed((parts.parent_path().filename() / parts.filename()).string()))) {
          if (++led == 1) first_led = "line " + std::to_string(number) + ": \"" + path + "\"";
        } else if (path.find('/') != std::string::npos && !std::ranges::binary_search(corpus_.words, word)) {
          ++absent;
          absent_words.insert(word);
        } else if (++missing == 1) {
          first_missing = "line " + std::to_string(number) + ": \"" + path + "\"";
        }
        continue;
      }
      const auto [first, is_new] = taken_.emplace(clip->second, list);
      if (!is_new && first->second != list) {
        throw Error(file.string() + ": line " + std::to_string(number) + ": \"" + path + "\" stands in " +
                        first->second + " too; keep it in one list",
                    Exit::data);
      }
      corpus_.clips[clip->second].split = split;
    }
    if (led > 0) {
      corpus_.problems.push_back({.path = list,
                                  .fact = counted(led, "line") + (led == 1 ? " leads" : " lead") +
                                          " to this folder, first " + first_led + "; write WORD/FILE alone"});
    }
    if (absent > 0) {
      corpus_.remarks.push_back({.path = list,
                                 .fact = counted(absent, "line") + " of " + counted(std::ssize(absent_words), "word") +
                                         " without a folder here ignored"});
    }
    if (missing > 0) {
      corpus_.problems.push_back({.path = list,
                                  .fact = counted(missing, "line") + (missing == 1 ? " names" : " name") +
                                          " no file, first " + first_missing +
                                          "; restore the files or remove the lines"});
    }
  }

 private:
  Corpus& corpus_;
  std::map<std::string, std::size_t> clips_;  ///< by composed path
  std::map<std::size_t, std::string> taken_;  ///< which list named a clip first
};

bool apply_lists(Corpus& corpus) {
  const std::array<std::pair<const char*, Split>, 2> lists = {
      {{"validation_list.txt", Split::validation}, {"testing_list.txt", Split::testing}}};
  if (std::ranges::none_of(lists, [&](const auto& list) { return fs::exists(corpus.root / list.first); })) return false;
  corpus.split_by = SplitBy::lists;
  for (Clip& clip : corpus.clips) clip.split = Split::training;
  Lists all(corpus);
  for (const auto& [name, split] : lists) all.apply(name, split);
  std::map<std::string, std::set<Split>> speakers;
  for (const Clip& clip : corpus.clips) {
    if (clip.names_speaker) speakers[clip.speaker].insert(clip.split);
  }
  const auto shared = std::ranges::count_if(speakers, [](const auto& one) { return one.second.size() > 1; });
  if (shared > 0) {
    corpus.remarks.push_back({.path = ".",
                              .fact = "the lists put " + counted(shared, "speaker") + " of " +
                                      grouped(std::ssize(speakers)) +
                                      " into several splits: accuracies come out too high"});
  }
  return true;
}

void scan_folder(Corpus& corpus, const std::string& name, const SplitRule& rule, std::vector<std::string>& unnamed) {
  if (name == kNoiseFolder) {
    LeftOut left_out;
    for (const std::string& file : recordings_in(corpus, name, left_out)) {
      corpus.noises.push_back(name + "/" + file);
    }
    tell_left_out(corpus, name, left_out);
  } else if (name == kUnknownFolder || name == kSilenceFolder || name.front() != '_') {
    add_word(corpus, name, rule, unnamed);
    if (std::ranges::find(corpus.words, composed(name)) == corpus.words.end()) return;
    if (means_noise(name)) {
      corpus.problems.push_back(
          {.path = name, .fact = "taken for a word; if it holds background noise, call it _background_noise_"});
    } else if (folded(name) == "silence") {
      corpus.remarks.push_back({.path = name, .fact = "taken for a word; if it holds silence, call it _silence_"});
    }
  } else if (const int count = recordings_below(corpus.root / name); count > 0) {
    corpus.remarks.push_back({.path = name,
                              .fact = counted(count, "recording") + " left out: folders that begin with \"_\" " +
                                      "are no words, but for _background_noise_, _unknown_ and _silence_"});
  }
}

void scan_root(Corpus& corpus, const SplitRule& rule) {
  int beside = 0;
  std::vector<std::string> unnamed;
  for (const fs::directory_entry& entry : fs::directory_iterator(corpus.root)) {
    const std::string name = entry.path().filename().string();
    if (name.front() == '.' || name == "__MACOSX") continue;
    const std::optional<bool> is_word = is_folder(entry, name, corpus.problems);
    if (!is_word) continue;
    if (*is_word) {
      scan_folder(corpus, name, rule, unnamed);
    } else if (is_sound(entry.path())) {
      ++beside;
    }
  }
  tell_unnamed(corpus, unnamed);
  if (beside > 0) {
    corpus.problems.push_back({.path = ".",
                               .fact = counted(beside, "recording") + " beside the word folders left out; move "
                                                                      "each into the folder of its word"});
  }
}

}  // namespace

std::string_view split_name(Split split) {
  switch (split) {
    case Split::training:
      return "training";
    case Split::validation:
      return "validation";
    case Split::testing:
      return "testing";
  }
  return "";
}

Split split_from_name(std::string_view name, std::string_view choices) {
  if (name == "train" || name == "training") return Split::training;
  if (name == "valid" || name == "validation") return Split::validation;
  if (name == "test" || name == "testing") return Split::testing;
  throw Error("split \"" + std::string(name) + "\": unknown; choose " + std::string(choices), Exit::usage);
}

std::vector<std::string> named_keywords(const fs::path& root) {
  const fs::path file = root / kKeywordsFile;
  std::vector<std::string> words;
  std::error_code error;
  if (root.empty() || !fs::exists(fs::symlink_status(file, error))) return words;
  std::istringstream lines(read_list(file));
  for (std::string line; std::getline(lines, line);) {
    if (std::string word = composed(line); !word.empty()) words.push_back(std::move(word));
  }
  if (words.empty()) throw Error(file.string() + ": names no keyword; write one on each line or remove it", Exit::data);
  return words;
}

namespace {

/// Without a split decided by more than each clip's name.
Corpus scanned(const fs::path& root, const SplitRule& rule) {
  std::error_code error;
  if (!fs::is_directory(root, error)) {
    throw Error(root.string() + ": no such folder; give a folder of WORD/*.wav, or make one by `kwsmith data synth`",
                Exit::data);
  }
  Corpus corpus;
  corpus.root = root;
  try {
    scan_root(corpus, rule);
  } catch (const fs::filesystem_error& failure) {
    throw Error(failure.path1().string() + ": " + failure.code().message() + "; make it readable", Exit::data);
  }
  if (corpus.words.empty()) {
    throw Error(
        root.string() + ": no word folder with recordings" +
            (corpus.problems.empty() ? "; put .wav, .flac, .ogg, .opus or .mp3 files into " + (root / "WORD").string()
                                     : " (" + corpus.problems.front().path + ": " + corpus.problems.front().fact + ")"),
        Exit::data);
  }
  std::ranges::sort(corpus.clips, {}, &Clip::path);
  std::ranges::sort(corpus.noises);
  std::ranges::sort(corpus.words);
  corpus.keywords = named_keywords(root);
  return corpus;
}

}  // namespace

Corpus scan_corpus(const fs::path& root, const SplitRule& rule) {
  Corpus corpus = scanned(root, rule);
  if (!apply_lists(corpus)) split_by_speakers(corpus, rule);
  return corpus;
}

Corpus scan_whole_corpus(const fs::path& root) {
  Corpus corpus = scanned(root, {});
  for (Clip& clip : corpus.clips) clip.split = Split::testing;
  corpus.split_by = SplitBy::nothing;
  return corpus;
}

}  // namespace kws
