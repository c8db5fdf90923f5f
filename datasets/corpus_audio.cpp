#include "kws/datasets/corpus_audio.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "audio_file.h"
#include "kws/core/error.h"
#include "kws/core/files.h"
#include "kws/core/interrupt.h"
#include "kws/core/parallel.h"
#include "sample_cache.h"

namespace kws {
namespace {

namespace fs = std::filesystem;

/// A file that changes again this soon may keep its stamp: file systems count time in ticks of up to 10 ms.
constexpr std::int64_t kTickNs = 20'000'000;

/// Changes with whatever changes the samples of the same file.
constexpr int kDecoderVersion = 1;

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void cut(std::vector<std::int16_t>& samples, std::size_t length, Stretch stretch) {
  if (samples.size() <= length) return;
  const std::size_t begin = stretch == Stretch::first ? 0 : loudest_stretch(samples, length);
  samples = std::vector<std::int16_t>(samples.begin() + static_cast<std::ptrdiff_t>(begin),
                                      samples.begin() + static_cast<std::ptrdiff_t>(begin + length));
}

std::size_t clip_samples(const ReadOptions& options) {
  return static_cast<std::size_t>(options.clip_ms) * kSamplesPerMs;
}

/// One file on its way into memory.
struct Job {
  FileStamp stamp;
  const CachedSamples* cached = nullptr;
  AudioFile audio;            // decoded anew
  std::uint64_t kept_at = 0;  // CachedSamples::begin in the cache that is being written
};

std::vector<Job> stat_all(const fs::path& root, const std::vector<std::string>& paths, int threads) {
  std::vector<Job> jobs(paths.size());
  parallel_for_each_index(paths.size(), threads, [&](std::size_t i) { jobs[i].stamp = stamp_of(root / paths[i]); });
  return jobs;
}

std::vector<Job> stat_settled(const fs::path& root, const std::vector<std::string>& paths, int threads) {
  std::vector<Job> jobs = stat_all(root, paths, threads);
  const std::int64_t now = now_ns();
  const bool young = std::ranges::any_of(
      jobs, [&](const Job& job) { return job.stamp.changed_ns > now - kTickNs && job.stamp.changed_ns <= now; });
  if (!young) return jobs;
  std::this_thread::sleep_for(std::chrono::nanoseconds(kTickNs));
  return stat_all(root, paths, threads);
}

void decode(const Corpus& corpus, const std::vector<std::string>& paths, const ReadOptions& options,
            std::vector<Job>& jobs, SampleCacheWriter* writer) {
  parallel_for_each_index(paths.size(), options.threads, [&](std::size_t i) {
    if (jobs[i].cached != nullptr || interrupted()) return;
    jobs[i].audio = decode_audio(corpus.root / paths[i]);
    if (i < corpus.clips.size()) cut(jobs[i].audio.samples, clip_samples(options), options.stretch);
    // While the other cores decode; at the end they would all wait for it.
    if (writer != nullptr && jobs[i].audio.fault.empty()) jobs[i].kept_at = writer->add(jobs[i].audio.samples);
  });
  if (interrupted()) {
    throw Error(corpus.root.string() + ": interrupted while its recordings were read; run the same command again",
                Exit::interrupted);
  }
}

}  // namespace

fs::path default_cache_folder() {
  const auto set = [](const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && *value == '/' ? fs::path(value) : fs::path();
  };
  if (const fs::path base = set("XDG_CACHE_HOME"); !base.empty()) return base / "kwsmith";
  if (const fs::path home = set("HOME"); !home.empty()) return home / ".cache" / "kwsmith";
  return {};
}

CorpusAudio::CorpusAudio(const Corpus& corpus, const ReadOptions& options) : clip_ms_(options.clip_ms) {
  std::vector<std::string> paths;
  for (const Clip& clip : corpus.clips) paths.push_back(clip.path);
  paths.insert(paths.end(), corpus.noises.begin(), corpus.noises.end());

  std::error_code error;
  fs::path folder = fs::canonical(corpus.root, error);
  if (error) folder = corpus.root;
  const std::string key = folder.string() + "\n" + std::to_string(kDecoderVersion) + " " +
                          std::to_string(clip_samples(options)) +
                          (options.stretch == Stretch::first ? " first" : " loudest");
  const fs::path file = options.cache_folder / (sha256_hex(key).substr(0, 32) + ".samples");
  std::unique_ptr<SampleCache> cache;
  std::unique_ptr<SampleCacheWriter> writer;
  if (!options.cache_folder.empty()) cache = SampleCache::open(file, key);

  std::vector<Job> jobs = stat_settled(corpus.root, paths, options.threads);
  for (std::atomic<bool> damaged = false;; damaged = false) {
    for (std::size_t i = 0; i < paths.size(); ++i) {
      jobs[i].cached = cache ? cache->find(paths[i], jobs[i].stamp) : nullptr;
    }
    if (!options.cache_folder.empty()) writer = std::make_unique<SampleCacheWriter>(file, key);
    decode(corpus, paths, options, jobs, writer.get());

    items_.assign(paths.size(), {});
    std::size_t all = 0;
    for (std::size_t i = 0; i < paths.size(); ++i) {
      const std::size_t count = jobs[i].cached != nullptr ? jobs[i].cached->count : jobs[i].audio.samples.size();
      items_[i].begin = all;
      items_[i].count = count;
      all += count;
    }
    samples_ = std::make_unique_for_overwrite<std::int16_t[]>(all);
    parallel_for_each_index(paths.size(), options.threads, [&](std::size_t i) {
      Item& item = items_[i];
      const std::span<std::int16_t> to(samples_.get() + item.begin, item.count);
      if (const CachedSamples* cached = jobs[i].cached) {
        if (!cache->read(*cached, to)) damaged = true;
        item.facts = cached->facts;
        item.digest.assign(cached->digest.begin(), cached->digest.end());
        if (writer && writer->begun()) jobs[i].kept_at = writer->add(to);
        return;
      }
      AudioFile& audio = jobs[i].audio;
      std::ranges::copy(audio.samples, to.begin());
      item.facts = audio.facts;
      item.fault = std::move(audio.fault);
      item.digest = sha256_hex({reinterpret_cast<const char*>(to.data()), to.size_bytes()});
      audio = {};  // a whole corpus need not be in memory twice
    });
    if (!damaged) break;
    cache.reset();
    // What was decoded already is decoded again: damage is rare, and this way there is one order of things.
  }

  std::vector<std::string> good_paths;
  std::vector<CachedSamples> good;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (!items_[i].fault.empty()) continue;
    if (jobs[i].cached == nullptr) ++decoded_;
    good_paths.push_back(paths[i]);
    CachedSamples& entry = good.emplace_back();
    entry.stamp = jobs[i].stamp;
    entry.facts = items_[i].facts;
    entry.begin = jobs[i].kept_at;
    entry.count = items_[i].count;
    std::ranges::copy(items_[i].digest, entry.digest.begin());
  }
  if (decoded_ == 0 || !writer) return;
  const std::string reason = writer->finish(good_paths, good);
  if (reason.empty()) return;
  warning_ = options.cache_folder.string() + ": decoded recordings cannot be kept there (" + reason +
             ") and are decoded anew each time; make room, set XDG_CACHE_HOME, or give --no-cache";
}

void require_sound(const Corpus& corpus, const CorpusAudio& audio) {
  for (std::size_t i = 0; i < audio.size(); ++i) {
    if (audio.fault(i).empty()) continue;
    const std::size_t clips = corpus.clips.size();
    const std::string& path = i < clips ? corpus.clips[i].path : corpus.noises[i - clips];
    throw Error((corpus.root / path).string() + ": " + audio.fault(i) + "; `kwsmith data check " +
                    corpus.root.string() + "` lists every such file",
                Exit::data);
  }
}

}  // namespace kws
