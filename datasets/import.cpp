#include "kws/datasets/import.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <utility>

#include "audio_file.h"
#include "findings.h"
#include "kws/core/error.h"
#include "kws/core/files.h"
#include "kws/core/interrupt.h"
#include "kws/core/parallel.h"
#include "kws/core/table.h"
#include "kws/datasets/fetch.h"

namespace kws {
namespace {

namespace fs = std::filesystem;

/// The files below a folder and below those that links in it lead to.
struct Listing {
  std::vector<std::string> paths;  ///< below the source, '/' as separator
  LeftOutReasons left_out;
};

/// Adds what lies in `folder`; `above` are the folders on the way to it, so that a link to one of them ends.
void list_files(const fs::path& source, const fs::path& folder, std::vector<fs::path>& above, Listing& listing) {
  above.push_back(fs::canonical(folder));
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string path = entry.path().lexically_relative(source).generic_string();
    std::error_code error;
    if (entry.is_directory(error)) {
      if (std::ranges::find(above, fs::canonical(entry.path())) == above.end()) {
        list_files(source, entry.path(), above, listing);
      } else {
        listing.left_out["a link to a folder that it lies in"].add(path);
      }
    } else if (entry.is_regular_file(error)) {
      listing.paths.push_back(path);
    } else {
      listing.left_out[entry.is_symlink() ? "a link that leads nowhere" : "no regular file"].add(path);
    }
  }
  above.pop_back();
}

Listing files_below(const fs::path& folder) {
  Listing listing;
  std::vector<fs::path> above;
  try {
    for (fs::path up = fs::canonical(folder); up != up.parent_path(); up = up.parent_path()) {
      above.push_back(up.parent_path());
    }
    list_files(folder, folder, above, listing);
  } catch (const fs::filesystem_error& failure) {
    throw Error(failure.path1().string() + ": " + failure.code().message() + "; make it readable", Exit::data);
  }
  return listing;
}

/// The plan for what `source` holds, which lies in `folder`.
ImportPlan plan_of(const fs::path& source, const fs::path& folder, const ImportOptions& options) {
  Listing files = files_below(folder);
  try {
    ImportPlan plan = plan_import(std::move(files.paths), options);
    plan.left_out.merge(files.left_out);
    return plan;
  } catch (const Error& failure) {
    if (failure.exit_code() != Exit::data) throw;
    throw Error(source.string() + ": " + failure.what(), Exit::data);
  }
}

void require_time() {
  if (!interrupted()) return;
  throw Error("data import: interrupted, nothing was written; run the same command again", Exit::interrupted);
}

/// --replace takes the target's folder away, and what is left in it would be imported by the next run.
void require_apart(const fs::path& source, const fs::path& target) {
  const fs::path from = fs::canonical(source), to = fs::weakly_canonical(target);
  const auto lies_in = [](const fs::path& inner, const fs::path& outer) {
    return std::ranges::mismatch(outer, inner).in1 == outer.end();
  };
  if (lies_in(from, to)) {
    throw Error(
        source.string() + ": lies in " + target.string() + ", which --replace would remove; choose another --out",
        Exit::usage);
  }
  if (lies_in(to, from)) {
    throw Error(target.string() + ": lies in " + source.string() + " and would be imported again; choose another --out",
                Exit::usage);
  }
}

/// The stretch of a longer recording that stands for it: the loudest, shifted so that its loud part lies in the middle
/// and a device, which hears the word at any place, is taught the whole of it.
std::vector<std::int16_t> one_clip(const std::vector<std::int16_t>& samples, std::size_t length) {
  constexpr std::size_t kFrame = kAudioRateHz / 100;
  constexpr std::int64_t kQuieter = 8;  // 18 dB below the loudest frame is no speech
  if (samples.size() <= length) return samples;
  const std::size_t loudest = loudest_stretch(samples, length);
  std::vector<std::int64_t> level;
  for (std::size_t at = loudest; at + kFrame <= loudest + length; at += kFrame) {
    std::int64_t sum = 0;
    for (const std::int16_t value : std::span(samples).subspan(at, kFrame)) sum += std::abs(value);
    level.push_back(sum);
  }
  const std::int64_t threshold = std::ranges::max(level) / kQuieter;
  const auto loud = [&](std::int64_t value) { return value >= threshold; };
  const auto first = std::ranges::find_if(level, loud) - level.begin();
  const auto end = std::find_if(level.rbegin(), level.rend(), loud).base() - level.begin();
  const auto middle = static_cast<std::int64_t>(loudest) + (first + end) * static_cast<std::int64_t>(kFrame) / 2;
  const auto begin = std::clamp<std::int64_t>(middle - static_cast<std::int64_t>(length / 2), 0,
                                              static_cast<std::int64_t>(samples.size() - length));
  return {samples.begin() + begin, samples.begin() + begin + static_cast<std::ptrdiff_t>(length)};
}

/// What became of one recording.
struct Imported {
  std::string fault;   ///< why it is left out
  std::string digest;  ///< of the samples that were written
};

Imported import_clip(const fs::path& from, const fs::path& to, int clip_ms, bool may_be_silent) {
  AudioFile audio = decode_audio(from);
  if (!audio.fault.empty()) return {.fault = std::move(audio.fault), .digest = {}};
  if (std::string fact = flaw(audio.facts, may_be_silent); !fact.empty())
    return {.fault = std::move(fact), .digest = {}};
  const std::vector<std::int16_t> samples = one_clip(audio.samples, static_cast<std::size_t>(clip_ms) * kSamplesPerMs);
  AudioFacts facts;
  add_facts(samples, facts);
  if (std::string fact = flaw(facts, may_be_silent); !fact.empty()) return {.fault = std::move(fact), .digest = {}};
  write_wav(to, samples);
  return {.fault = {},
          .digest = sha256_hex({reinterpret_cast<const char*>(samples.data()), samples.size() * sizeof(samples[0])})};
}

/// Removes copies: in two words none can be right, in one word the first stays.
void remove_copies(const ImportPlan& plan, const fs::path& folder, std::vector<Imported>& imported) {
  std::map<std::string, std::vector<std::size_t>> same;
  for (std::size_t i = 0; i < plan.clips.size(); ++i) {
    if (imported[i].fault.empty() && plan.clips[i].word != kSilenceFolder) same[imported[i].digest].push_back(i);
  }
  for (const auto& [digest, clips] : same) {
    const std::string& word = plan.clips[clips.front()].word;
    const bool doubtful = std::ranges::any_of(clips, [&](std::size_t i) { return plan.clips[i].word != word; });
    for (const std::size_t i : clips) {
      if (!doubtful && i == clips.front()) continue;
      imported[i].fault =
          doubtful ? "same samples as a recording of another word" : "same samples as another recording";
      fs::remove(folder / plan.clips[i].to);
    }
  }
}

void import_noises(const fs::path& source, const fs::path& folder, ImportPlan& plan) {
  int number = 0;
  for (const std::string& path : plan.noises) {
    require_time();
    const AudioFile audio = decode_audio(source / path);
    const std::string fact = audio.fault.empty() ? flaw(audio.facts, false) : audio.fault;
    if (!fact.empty()) {
      plan.left_out[fact].add(path);
      continue;
    }
    fs::create_directories(folder / kNoiseFolder);
    write_wav(folder / kNoiseFolder / ("noise_" + std::to_string(number++) + ".wav"), audio.samples);
  }
}

void import_clips(const fs::path& source, const fs::path& folder, int clip_ms, int threads,
                  const ImportProgress& progress, ImportPlan& plan) {
  for (const PlannedClip& clip : plan.clips) fs::create_directories(folder / clip.word);
  std::vector<Imported> imported(plan.clips.size());
  std::mutex mutex;
  std::size_t done = 0;
  parallel_for_each_index(plan.clips.size(), threads, [&](std::size_t i) {
    if (interrupted()) return;
    const PlannedClip& clip = plan.clips[i];
    imported[i] = import_clip(source / clip.from, folder / clip.to, clip_ms, clip.word == kSilenceFolder);
    const std::scoped_lock lock(mutex);
    ++done;
    if (progress) progress(done, plan.clips.size());
  });
  require_time();
  remove_copies(plan, folder, imported);
  LeftOutReasons faults;
  std::vector<PlannedClip> kept;
  for (std::size_t i = 0; i < plan.clips.size(); ++i) {
    if (imported[i].fault.empty()) {
      kept.push_back(std::move(plan.clips[i]));
    } else {
      faults[imported[i].fault].add(plan.clips[i].from);
    }
  }
  plan.clips = std::move(kept);
  if (plan.clips.empty()) {
    const auto& [reason, files] =
        *std::ranges::max_element(faults, {}, [](const auto& one) { return one.second.count; });
    throw Error("data import: no recording can be used, " + grouped(static_cast<long long>(files.count)) + " as " +
                    files.first + ": " + reason + fault_remedy(reason),
                Exit::data);
  }
  for (const auto& [reason, files] : faults) {
    LeftOutFiles& all = plan.left_out[reason];
    if (all.count == 0) all.first = files.first;
    all.count += files.count;
  }
}

/// The keywords of the corpus in `folder`: those given, else words that each split has.
LabelSet imported_labels(const fs::path& folder, const std::vector<std::string>& given, ImportPlan& plan) {
  if (!given.empty()) return chosen_labels(given, {});
  const Corpus corpus = scan_corpus(folder);
  std::map<std::string, std::set<Split>> splits;
  for (const Clip& clip : corpus.clips) splits[clip.word].insert(clip.split);
  const std::vector<std::string>& ten = default_labels().keywords;
  const auto complete = [&](const std::string& word) { return splits.contains(word) && splits.at(word).size() == 3; };
  if (std::ranges::all_of(ten, complete)) return default_labels();
  LabelSet labels;
  for (const std::string& word : corpus.words) {
    if (word == kUnknownFolder || word == kSilenceFolder) continue;
    if (complete(word)) {
      labels.keywords.push_back(word);
    } else {
      plan.notes.push_back(word +
                           ": too few recordings or speakers for three splits, so no keyword; it is an unknown word");
    }
  }
  if (labels.keywords.empty()) {
    throw Error(
        "no word has recordings for training, validation and testing; record each at least three times, or "
        "name --keywords",
        Exit::data);
  }
  return labels;
}

}  // namespace

ImportReport import_corpus(const fs::path& source, const fs::path& folder, bool replace, const ImportOptions& options,
                           int threads, const ImportProgress& progress) {
  // "DIR/" names the same folder as "DIR".
  const fs::path target = folder.has_filename() ? folder : folder.parent_path();
  if (replace) {
    require_replaceable(target, FolderKind::recordings);
  } else {
    require_absent(target, "choose another folder or give --replace");
  }
  std::error_code error;
  const bool is_archive = fs::is_regular_file(source, error);
  if (!is_archive && !fs::is_directory(source, error)) {
    throw Error(source.string() + ": no such folder or archive; give one of recordings", Exit::data);
  }
  if (replace) require_apart(source, target);
  if (!options.keywords.empty()) chosen_labels(options.keywords, {});  // what is wrong with them, before all is read
  ImportReport report;
  if (!is_archive) report.plan = plan_of(source, source, options);
  write_folder(target, FolderKind::recordings, replace, [&](const fs::path& staging) {
    const fs::path unpacked = staging / ".unpacked";
    if (is_archive) {
      fs::create_directory(unpacked);
      unpack(source, source.string(), unpacked);
      report.plan = plan_of(source, unpacked, options);
    }
    const fs::path& from = is_archive ? unpacked : source;
    import_clips(from, staging, options.clip_ms, threads, progress, report.plan);
    import_noises(from, staging, report.plan);
    fs::remove_all(unpacked);
    for (const fs::directory_entry& entry : fs::directory_iterator(staging)) {
      if (entry.is_directory() && fs::is_empty(entry.path())) fs::remove(entry.path());
    }
    report.labels = imported_labels(staging, options.keywords, report.plan);
    std::string lines;
    for (const std::string& word : report.labels.keywords) lines += word + "\n";
    write_file(staging / kKeywordsFile, lines);
    report.check = check_corpus(staging, report.labels, {.threads = threads, .clip_ms = options.clip_ms});
  });
  report.check.corpus.root = target;
  return report;
}

nlohmann::ordered_json import_to_json(const ImportReport& report) {
  nlohmann::ordered_json json = report_to_json(report.check, report.labels);
  json["schema"] = "kwsmith.import/1";
  json["notes"] = report.plan.notes;
  json["left_out"] = nlohmann::ordered_json::array();
  for (const auto& [reason, files] : report.plan.left_out) {
    json["left_out"].push_back({{"reason", reason}, {"files", files.count}, {"first", files.first}});
  }
  return json;
}

}  // namespace kws
