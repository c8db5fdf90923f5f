#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <memory>
#include <system_error>
#include <vector>

#include "kws/core/error.h"
#include "kws/core/interrupt.h"
#include "kws/core/table.h"
#include "kws/core/text.h"
#include "kws/datasets/fetch.h"

namespace kws {
namespace {

struct FreeReader {
  void operator()(archive* reader) const { archive_read_free(reader); }
};
using Reader = std::unique_ptr<archive, FreeReader>;

std::string path_of(archive_entry* entry) {
  // The second call would lose names that the locale "C" cannot spell.
  if (const char* text = archive_entry_pathname_utf8(entry)) return text;
  const char* text = archive_entry_pathname(entry);
  return text == nullptr ? "" : text;
}

/// Names come from outside: an error stays one line whatever they hold.
std::string quoted_entry(std::string path) {
  std::ranges::replace_if(
      path, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, '?');
  return "entry \"" + shortened(path, 200) + "\"";
}

/// Why an entry must not be written, or "". Only what stays inside the folder and points nowhere else is harmless.
std::string objection(archive_entry* entry, const std::filesystem::path& path) {
  if (path.empty() || (path.lexically_normal() == "." && archive_entry_filetype(entry) == AE_IFREG))
    return "has no name";
  if (path.is_absolute() || std::ranges::find(path, "..") != path.end()) return "leads out of the folder";
  if (archive_entry_hardlink(entry) != nullptr || archive_entry_filetype(entry) == AE_IFLNK) return "is a link";
  if (archive_entry_sparse_count(entry) > 0) return "is a file with holes";
  const bool plain = archive_entry_filetype(entry) == AE_IFREG || archive_entry_filetype(entry) == AE_IFDIR;
  return plain ? "" : "is neither file nor folder";
}

/// One archive on its way into one folder.
class Unpacker {
 public:
  Unpacker(const std::filesystem::path& file, const std::string& name, const UnpackLimits& limits)
      : file_(file), name_(name), limits_(limits), reader_(archive_read_new()) {
    archive_read_support_filter_gzip(reader_.get());
    archive_read_support_filter_bzip2(reader_.get());
    archive_read_support_filter_xz(reader_.get());
    archive_read_support_filter_zstd(reader_.get());
    archive_read_support_format_tar(reader_.get());
    // By its directory, which says what a file is and where the archive ends.
    archive_read_support_format_zip_seekable(reader_.get());
    if (archive_read_open_filename(reader_.get(), file.c_str(), std::size_t{1} << 18U) != ARCHIVE_OK) fail_to_read();
  }

  /// nullptr after the last.
  archive_entry* next() {
    archive_entry* entry = nullptr;
    const int code = archive_read_next_header(reader_.get(), &entry);
    if (code == ARCHIVE_EOF) {
      require_end();
      return nullptr;
    }
    if (code != ARCHIVE_OK && code != ARCHIVE_WARN) fail_to_read();
    if (++entries_ > limits_.entries) fail_at_limit("holds more than " + grouped(limits_.entries) + " entries");
    return entry;
  }

  void write(archive_entry* entry, const std::filesystem::path& folder) {
    require_time();
    const std::string path = path_of(entry);
    if (const std::string fact = objection(entry, path); !fact.empty()) {
      throw Error(name_ + ": " + quoted_entry(path) + " " + fact + "; give an archive of plain files and folders",
                  Exit::data);
    }
    const std::filesystem::path target = folder / std::filesystem::path(path).lexically_normal();
    const bool is_folder = archive_entry_filetype(entry) == AE_IFDIR;
    std::error_code error;
    std::filesystem::create_directories(is_folder ? target : target.parent_path(), error);
    if (error) fail_to_write(path, error);
    if (!is_folder) write_content(path, target);
  }

  /// Bytes of the archive that have been read.
  [[nodiscard]] std::int64_t bytes() const { return archive_filter_bytes(reader_.get(), -1); }

 private:
  /// A plain tar that was cut off between two files ends as a whole one does, but for its closing zeros.
  void require_end() const {
    const bool tar =
        (static_cast<unsigned>(archive_format(reader_.get())) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_TAR;
    if (!tar || archive_filter_code(reader_.get(), 0) != ARCHIVE_FILTER_NONE) return;
    constexpr std::streamoff kBlock = 512;
    std::array<char, kBlock> last{};
    std::ifstream in(file_, std::ios::binary);
    if (in.seekg(-kBlock, std::ios::end) && in.read(last.data(), kBlock) &&
        std::ranges::all_of(last, [](char c) { return c == 0; }))
      return;
    throw Error(name_ + ": ends without the end mark of a tar: it has been cut off; give a whole one", Exit::data);
  }
  void write_content(const std::string& path, const std::filesystem::path& target) {
    std::ofstream out(target, std::ios::binary);
    if (!out) fail_to_write(path, {errno, std::generic_category()});
    std::int64_t written = 0;
    while (out) {
      require_time();
      const la_ssize_t length = archive_read_data(reader_.get(), piece_.data(), piece_.size());
      if (length < 0) fail_to_read();
      if (length == 0) break;
      written += length;
      all_written_ += length;
      if (written > limits_.entry_bytes) {
        fail_at_limit(quoted_entry(path) + " unpacks to more than " + grouped(limits_.entry_bytes) + " bytes");
      }
      if (all_written_ > limits_.all_bytes) {
        fail_at_limit("unpacks to more than " + grouped(limits_.all_bytes) + " bytes");
      }
      out.write(piece_.data(), length);
    }
    out.close();
    if (!out) fail_to_write(path, {errno, std::generic_category()});
  }

  void require_time() const {
    if (!interrupted()) return;
    throw Error(name_ + ": interrupted while unpacking, the archive is kept; run the same command again",
                Exit::interrupted);
  }
  [[noreturn]] void fail_at_limit(const std::string& fact) const {
    throw Error(name_ + ": " + fact + ", no archive of recordings; unpack it by tar and give its folder", Exit::data);
  }
  [[noreturn]] void fail_to_read() const {
    const char* reason = archive_error_string(reader_.get());
    throw Error(name_ + ": cannot be unpacked (" + (reason == nullptr ? "unreadable" : reason) +
                    "); give a whole .tar.gz or .zip without a password",
                Exit::data);
  }
  [[noreturn]] void fail_to_write(const std::string& path, const std::error_code& reason) const {
    const std::string line = name_ + ": " + quoted_entry(path) + ": cannot write: " + reason.message() + "; ";
    // Names that no folder could take: nothing is gained by trying again.
    for (const std::errc its_own :
         {std::errc::not_a_directory, std::errc::is_a_directory, std::errc::file_exists, std::errc::filename_too_long,
          std::errc::invalid_argument, std::errc::illegal_byte_sequence}) {
      if (reason == its_own) throw Error(line + "give an archive of plain files and folders", Exit::data);
    }
    throw Error(line + "make room or choose another folder, then run the same command again");
  }

  std::filesystem::path file_;
  std::string name_;
  UnpackLimits limits_;
  std::int64_t entries_ = 0, all_written_ = 0;
  Reader reader_;
  std::vector<char> piece_ = std::vector<char>(std::size_t{1} << 16U);
};

}  // namespace

void unpack(const std::filesystem::path& archive, const std::string& name, const std::filesystem::path& folder,
            const FetchProgress& progress, const UnpackLimits& limits) {
  const auto all = static_cast<std::int64_t>(std::filesystem::file_size(archive));
  UnpackLimits scaled = limits;
  scaled.all_bytes = std::max(limits.all_bytes, 100 * all);
  Unpacker unpacker(archive, name, scaled);
  while (archive_entry* entry = unpacker.next()) {
    unpacker.write(entry, folder);
    if (progress) progress(FetchStep::unpack, unpacker.bytes(), all);
  }
}

}  // namespace kws
