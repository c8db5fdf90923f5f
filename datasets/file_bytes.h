#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace kws {

/// A file's bytes for a decoder: the first ones in memory, where they may be mended, the others as they are asked for.
class FileBytes {
 public:
  explicit FileBytes(const std::filesystem::path& file);
  ~FileBytes();
  FileBytes(const FileBytes&) = delete;
  FileBytes& operator=(const FileBytes&) = delete;

  [[nodiscard]] std::int64_t size() const { return size_; }
  /// The system's reason when a byte could not be read.
  [[nodiscard]] const std::string& error() const { return error_; }
  /// Bytes from `at` on; fewer at the end of the file or after an error.
  std::int64_t read(std::int64_t at, std::span<char> bytes);
  /// The file's beginning.
  [[nodiscard]] std::span<char> head() { return head_; }

 private:
  std::int64_t read_file(std::int64_t at, std::span<char> bytes);
  int file_ = -1;
  std::int64_t size_ = 0;
  std::vector<char> head_;
  std::string error_;
};

}  // namespace kws
