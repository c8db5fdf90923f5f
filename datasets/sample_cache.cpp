#include "sample_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <type_traits>
#include <utility>

#include "kws/core/files.h"
#include "kws/core/process.h"

namespace kws {
namespace {

namespace fs = std::filesystem;

// Header, samples, key, names (each with a 0 behind it), entries in the order of the names. Numbers are the machine's
// own: the file never leaves it. The hash covers everything from `key_bytes` to the last entry; each entry holds that
// of its samples.
struct Header {
  std::array<char, 16> magic{'k', 'w', 's', 'm', 'i', 't', 'h', ' ', 's', 'a', 'm', 'p', 'l', 'e', 's', '2'};
  std::array<char, 64> sha256{};
  std::uint64_t key_bytes = 0, names_bytes = 0, entries = 0, samples = 0;
};
static_assert(std::is_trivially_copyable_v<Header> && sizeof(Header) == 112);
static_assert(std::is_trivially_copyable_v<CachedSamples> && sizeof(CachedSamples) == 160);

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 40U;  // so that no sum below overflows
constexpr const char* kEnding = ".samples";
constexpr const char* kStaging = ".tmp";

bool read_at(int file, std::uint64_t at, char* to, std::uint64_t bytes) {
  while (bytes > 0) {
    const ssize_t got = ::pread(file, to, bytes, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    to += got;
    at += static_cast<std::uint64_t>(got);
    bytes -= static_cast<std::uint64_t>(got);
  }
  return true;
}

std::string_view view_of(const Header& header) { return {reinterpret_cast<const char*>(&header), sizeof header}; }

std::string hash_of(const Header& header, std::string_view text, std::span<const CachedSamples> entries) {
  constexpr std::size_t kFrom = offsetof(Header, key_bytes);
  std::string all(view_of(header).substr(kFrom));
  all += text;
  all.append(reinterpret_cast<const char*>(entries.data()), entries.size_bytes());
  return sha256_hex(all);
}

/// The first line of a cache's key, or nothing when it is no cache.
std::string folder_of(const fs::path& file) {
  const int in = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (in < 0) return "";
  Header header;
  std::string key;
  if (read_at(in, 0, reinterpret_cast<char*>(&header), sizeof header) && header.magic == Header{}.magic &&
      header.key_bytes < 65536 && header.samples <= kMostBytes) {
    key.resize(header.key_bytes);
    if (!read_at(in, sizeof header + 2 * header.samples, key.data(), key.size())) key.clear();
  }
  ::close(in);
  return key.substr(0, key.find('\n'));
}

/// Removes what processes that were killed have left of a cache: PREFIX, process number, kStaging.
void remove_leftovers(const fs::path& folder, const std::string& prefix) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    const std::string path = entry.path().string();
    if (!path.starts_with(prefix) || !path.ends_with(kStaging)) continue;
    if (process_is_gone(std::atoi(path.c_str() + prefix.size()))) fs::remove(entry.path(), error);
  }
}

void remove_orphans(const fs::path& folder) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() != kEnding) continue;
    const std::string corpus = folder_of(entry.path());
    if (!corpus.empty() && !fs::exists(corpus, error) && !error) fs::remove(entry.path(), error);
  }
}

}  // namespace

FileStamp stamp_of(const fs::path& file) {
  struct stat facts {};
  if (::stat(file.c_str(), &facts) != 0) return {};
  const auto ns = [](const timespec& time) { return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; };
  return {.bytes = facts.st_size,
          .inode = static_cast<std::int64_t>(facts.st_ino),
          .modified_ns = ns(facts.st_mtim),
          .changed_ns = ns(facts.st_ctim)};
}

std::unique_ptr<SampleCache> SampleCache::open(const fs::path& file, const std::string& key) {
  const int in = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (in < 0) return nullptr;
  std::unique_ptr<SampleCache> cache(new SampleCache(in));
  struct stat facts {};
  Header header;
  if (::fstat(in, &facts) != 0 || !S_ISREG(facts.st_mode) ||
      !read_at(in, 0, reinterpret_cast<char*>(&header), sizeof header) || header.magic != Header{}.magic) {
    return nullptr;
  }
  const auto size = static_cast<std::uint64_t>(facts.st_size);
  for (const std::uint64_t part : {header.key_bytes, header.names_bytes, header.entries, header.samples}) {
    if (part > kMostBytes) return nullptr;
  }
  const std::uint64_t text_at = sizeof header + 2 * header.samples;
  const std::uint64_t entries_at = text_at + header.key_bytes + header.names_bytes;
  if (size != entries_at + header.entries * sizeof(CachedSamples) || header.key_bytes != key.size()) return nullptr;

  std::string text(header.key_bytes + header.names_bytes, '\0');
  cache->entries_.resize(header.entries);
  if (!read_at(in, text_at, text.data(), text.size()) ||
      !read_at(in, entries_at, reinterpret_cast<char*>(cache->entries_.data()),
               header.entries * sizeof(CachedSamples)) ||
      !text.starts_with(key) ||
      hash_of(header, text, cache->entries_) != std::string_view(header.sha256.data(), header.sha256.size())) {
    return nullptr;
  }
  cache->names_ = text.substr(key.size());
  std::size_t begin = 0;
  for (std::size_t i = 0; i < cache->entries_.size(); ++i) {
    const std::size_t end = cache->names_.find('\0', begin);
    const CachedSamples& entry = cache->entries_[i];
    if (end == std::string::npos || entry.begin > header.samples || entry.count > header.samples - entry.begin) {
      return nullptr;
    }
    cache->by_name_.emplace_hint(cache->by_name_.end(), std::string_view(cache->names_).substr(begin, end - begin), i);
    begin = end + 1;
  }
  return cache;
}

SampleCache::~SampleCache() {
  if (file_ >= 0) ::close(file_);
}

const CachedSamples* SampleCache::find(std::string_view path, const FileStamp& stamp) const {
  const auto found = by_name_.find(path);
  if (found == by_name_.end()) return nullptr;
  const CachedSamples& entry = entries_[found->second];
  return entry.stamp == stamp ? &entry : nullptr;
}

bool SampleCache::read(const CachedSamples& entry, std::span<std::int16_t> samples) const {
  const std::string_view bytes(reinterpret_cast<const char*>(samples.data()), samples.size_bytes());
  return read_at(file_, sizeof(Header) + 2 * entry.begin, reinterpret_cast<char*>(samples.data()), bytes.size()) &&
         sha256_hex(bytes) == std::string_view(entry.digest.data(), entry.digest.size());
}

SampleCacheWriter::~SampleCacheWriter() {
  if (out_ < 0) return;
  ::unlink(staging_.c_str());
  ::close(out_);
}

void SampleCacheWriter::begin() {
  const std::scoped_lock lock(mutex_);
  if (begun_) return;
  std::error_code error;
  fs::create_directories(file_.parent_path(), error);
  if (error) {
    reason_ = error.message();
    failed_ = true;
  } else {
    const std::string prefix = file_.string() + "." + process_space() + "-";
    remove_leftovers(file_.parent_path(), prefix);
    staging_ = prefix + std::to_string(::getpid()) + kStaging;
    out_ = ::open(staging_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (out_ < 0) {
      reason_ = std::strerror(errno);
      failed_ = true;
    }
  }
  begun_ = true;
}

/// Makes room at once: decoding goes on for a while.
void SampleCacheWriter::give_up(int error) {
  const std::scoped_lock lock(mutex_);
  if (failed_) return;
  failed_ = true;
  reason_ = std::strerror(error);
  ::unlink(staging_.c_str());
  [[maybe_unused]] const int truncated = ::ftruncate(out_, 0);
}

bool SampleCacheWriter::write(std::uint64_t at, std::string_view bytes) {
  while (!bytes.empty() && !failed_) {
    const ssize_t written = ::pwrite(out_, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      give_up(errno);
      break;
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
    at += static_cast<std::uint64_t>(written);
  }
  return !failed_;
}

std::uint64_t SampleCacheWriter::add(std::span<const std::int16_t> samples) {
  if (!begun_) begin();
  const std::uint64_t first = samples_.fetch_add(samples.size());
  write(sizeof(Header) + 2 * first, {reinterpret_cast<const char*>(samples.data()), samples.size_bytes()});
  return first;
}

std::string SampleCacheWriter::finish(const std::vector<std::string>& paths,
                                      const std::vector<CachedSamples>& entries) {
  std::string text = key_;
  for (const std::string& path : paths) (text += path) += '\0';
  Header header;
  header.key_bytes = key_.size();
  header.names_bytes = text.size() - key_.size();
  header.entries = entries.size();
  header.samples = samples_;
  std::ranges::copy(hash_of(header, text, entries), header.sha256.begin());
  const std::uint64_t text_at = sizeof header + 2 * header.samples;
  if (!write(text_at, text) ||
      !write(text_at + text.size(),
             {reinterpret_cast<const char*>(entries.data()), entries.size() * sizeof(CachedSamples)}) ||
      !write(0, view_of(header))) {
    return reason_;
  }
  if (::close(std::exchange(out_, -1)) == 0 && ::rename(staging_.c_str(), file_.c_str()) == 0) {
    remove_orphans(file_.parent_path());
    return "";
  }
  std::string reason = std::strerror(errno);
  ::unlink(staging_.c_str());
  return reason;
}

}  // namespace kws
