#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kws/datasets/corpus.h"

namespace kws {

/// What tells that a file is still the one that was read. Programs can set times of modification back, not that of
/// change.
struct FileStamp {
  std::int64_t bytes = -1, inode = 0, modified_ns = 0, changed_ns = 0;
  bool operator==(const FileStamp&) const = default;
};
/// bytes is -1 when there is no such file.
FileStamp stamp_of(const std::filesystem::path& file);

/// One recording in a cache; `begin` counts samples from the start of all.
struct CachedSamples {
  FileStamp stamp;
  AudioFacts facts;
  std::uint64_t begin = 0, count = 0;
  std::array<char, 64> digest{};  ///< SHA-256 of the samples, hexadecimal
};

/// The decoded recordings of one corpus in one file.
class SampleCache {
 public:
  /// nullptr unless the cache is whole and that of `key`.
  static std::unique_ptr<SampleCache> open(const std::filesystem::path& file, const std::string& key);
  SampleCache(const SampleCache&) = delete;
  SampleCache& operator=(const SampleCache&) = delete;
  ~SampleCache();

  /// nullptr when `path` is not in it, or was another file.
  [[nodiscard]] const CachedSamples* find(std::string_view path, const FileStamp& stamp) const;
  /// false when they are not the ones that were written. Any number of threads may read.
  [[nodiscard]] bool read(const CachedSamples& entry, std::span<std::int16_t> samples) const;

 private:
  explicit SampleCache(int file) : file_(file) {}
  int file_ = -1;
  std::string names_;
  std::vector<CachedSamples> entries_;
  std::map<std::string_view, std::size_t> by_name_;
};

/// Writes a cache while recordings are decoded: samples first, in whatever order they come, what they are behind them.
/// The file takes its place only when it is whole; what cannot be written, and one that is not finished, leaves
/// nothing.
class SampleCacheWriter {
 public:
  ///   key  its first line is the corpus' folder
  SampleCacheWriter(std::filesystem::path file, std::string key) : file_(std::move(file)), key_(std::move(key)) {}
  SampleCacheWriter(const SampleCacheWriter&) = delete;
  SampleCacheWriter& operator=(const SampleCacheWriter&) = delete;
  ~SampleCacheWriter();

  /// Any number of threads may call it. returns  CachedSamples::begin
  std::uint64_t add(std::span<const std::int16_t> samples);
  /// Whether anything was added.
  [[nodiscard]] bool begun() const { return begun_; }
  /// entries[i] is that of paths[i]. Caches beside it whose corpora are gone are removed.
  ///   returns  why it could not be written, or ""
  std::string finish(const std::vector<std::string>& paths, const std::vector<CachedSamples>& entries);

 private:
  void begin();
  void give_up(int error);
  bool write(std::uint64_t at, std::string_view bytes);
  std::filesystem::path file_;
  std::string key_, staging_, reason_;
  std::mutex mutex_;  ///< guards the beginning and the end of writing
  std::atomic<bool> begun_ = false, failed_ = false;
  std::atomic<std::uint64_t> samples_ = 0;
  int out_ = -1;
};

}  // namespace kws
