#include <algorithm>
#include <array>
#include <map>
#include <sstream>

#include "audio_file.h"
#include "kws/core/error.h"
#include "kws/core/files.h"
#include "kws/datasets/corpus.h"

namespace kws {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kNoHash = "_nohash_";
constexpr const char* kNoiseFolder = "_background_noise_";

std::vector<std::string> recordings_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (!entry.is_directory() && is_recording(entry.path())) names.push_back(entry.path().filename().string());
  }
  return names;
}

void add_word(Corpus& corpus, const std::string& word, const SplitRule& rule) {
  const std::vector<std::string> names = recordings_in(corpus.root / word);
  if (names.empty()) return;
  corpus.words.push_back(word);
  for (const std::string& name : names) {
    const std::size_t cut = name.find(kNoHash);
    corpus.clips.push_back({.path = word + "/" + name,
                            .word = word,
                            .speaker = cut == std::string::npos ? fs::path(name).stem().string() : name.substr(0, cut),
                            .split = sha1_split(name, rule)});
  }
}

/// Moves the clips a list names into `split`; `taken` tells which list named a clip first.
void apply_list(Corpus& corpus, const std::string& list, Split split, std::map<std::string, std::string>& taken) {
  const fs::path file = corpus.root / list;
  if (!fs::exists(file)) return;
  std::istringstream lines(read_file(file));
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (line.empty()) continue;
    const std::string where = file.string() + ": line " + std::to_string(number) + ": ";
    const auto clip = std::ranges::lower_bound(corpus.clips, line, {}, &Clip::path);
    if (clip == corpus.clips.end() || clip->path != line) {
      throw Error(where + "\"" + line + "\" does not exist; restore the file or remove the line", Exit::data);
    }
    const auto [first, is_new] = taken.emplace(line, list);
    if (!is_new && first->second != list) {
      throw Error(where + "\"" + line + "\" stands in " + first->second + " too; keep it in one list", Exit::data);
    }
    clip->split = split;
  }
}

void apply_lists(Corpus& corpus) {
  const std::array<std::pair<const char*, Split>, 2> lists = {
      {{"validation_list.txt", Split::validation}, {"testing_list.txt", Split::testing}}};
  if (std::ranges::none_of(lists, [&](const auto& list) { return fs::exists(corpus.root / list.first); })) return;
  for (Clip& clip : corpus.clips) clip.split = Split::training;
  std::map<std::string, std::string> taken;
  for (const auto& [name, split] : lists) apply_list(corpus, name, split, taken);
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

Split split_from_name(std::string_view name) {
  if (name == "train" || name == "training") return Split::training;
  if (name == "valid" || name == "validation") return Split::validation;
  if (name == "test" || name == "testing") return Split::testing;
  throw Error("split \"" + std::string(name) + "\": unknown; choose train, valid or test", Exit::usage);
}

Split sha1_split(const std::string& file_name, const SplitRule& rule) {
  // Without "_nohash_" the whole base name counts, extension included, as in the published code.
  const std::string speaker = file_name.substr(0, file_name.find(kNoHash));
  constexpr std::uint32_t kMask = (1U << 27U) - 1;
  const std::string hex = sha1_hex(speaker);
  const auto low = static_cast<std::uint32_t>(std::stoul(hex.substr(hex.size() - 8), nullptr, 16)) & kMask;
  const double percent = low * (100.0 / kMask);
  if (percent < rule.validation_percent) return Split::validation;
  if (percent < rule.validation_percent + rule.testing_percent) return Split::testing;
  return Split::training;
}

Corpus scan_corpus(const fs::path& root, const SplitRule& rule) {
  std::error_code error;
  if (!fs::is_directory(root, error)) {
    throw Error(root.string() + ": no such folder; give a folder of WORD/*.wav, or make one by `kwsmith data synth`",
                Exit::data);
  }
  Corpus corpus{.root = root, .clips = {}, .noises = {}, .words = {}};
  try {
    for (const fs::directory_entry& entry : fs::directory_iterator(root)) {
      const std::string name = entry.path().filename().string();
      if (!entry.is_directory()) continue;
      if (name == kNoiseFolder) {
        for (const std::string& file : recordings_in(entry.path())) corpus.noises.push_back(name + "/" + file);
      } else if (name.front() != '_' && name.front() != '.') {
        add_word(corpus, name, rule);
      }
    }
  } catch (const fs::filesystem_error& failure) {
    throw Error(failure.path1().string() + ": " + failure.code().message() + "; make it readable", Exit::data);
  }
  if (corpus.words.empty()) {
    throw Error(root.string() + ": no word folder with recordings; put .wav, .flac, .ogg, .opus or .mp3 files into " +
                    (root / "WORD").string(),
                Exit::data);
  }
  std::ranges::sort(corpus.clips, {}, &Clip::path);
  std::ranges::sort(corpus.noises);
  std::ranges::sort(corpus.words);
  apply_lists(corpus);
  return corpus;
}

}  // namespace kws
