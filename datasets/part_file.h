#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace kws {

/// A download as far as it has come. One process at a time holds it.
class PartFile {
 public:
  /// Opens or makes the file. Bytes that came from another URL are dropped; those of unknown origin are taken for ours.
  ///   bytes   of the whole file, 0 if unknown
  ///   throws  Error: cannot be written, another process holds it
  PartFile(std::filesystem::path path, const std::string& url, std::int64_t bytes);
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;
  /// Removes the file unless it holds something.
  ~PartFile();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::int64_t size() const { return size_; }
  [[nodiscard]] std::int64_t whole() const { return whole_; }  ///< bytes of the complete file; 0: unknown
  [[nodiscard]] bool complete() const { return size_ > 0 && size_ == whole_; }
  /// What the server calls this version of the file (ETag or date), "" if it does not.
  [[nodiscard]] const std::string& version() const { return version_; }
  /// "1,000 of 2,000 bytes"
  [[nodiscard]] std::string progress() const;

  /// Remembers what the bytes belong to, for a later process. throws Error
  void belongs_to(const std::string& version, std::int64_t whole);
  /// throws Error: disk full
  void append(std::string_view bytes);
  /// Drops all bytes. throws Error
  void restart();
  void remove() noexcept;

 private:
  std::filesystem::path path_, source_path_;
  std::string url_sha256_, version_;
  std::int64_t size_ = 0, whole_ = 0;
  std::int64_t expected_ = 0;  ///< of the whole, before a server told
  int file_ = -1;
};

}  // namespace kws
