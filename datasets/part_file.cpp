#include "part_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "kws/core/error.h"
#include "kws/core/files.h"
#include "kws/core/table.h"

namespace kws {
namespace {

[[noreturn]] void fail_to_write(const std::filesystem::path& path) {
  throw Error(path.string() + ": cannot write: " + std::strerror(errno) +
              "; make room or choose another folder, then run the same command again");
}

}  // namespace

PartFile::PartFile(std::filesystem::path path, const std::string& url, std::int64_t bytes)
    : path_(std::move(path)),
      source_path_(path_.string() + ".source"),
      // A URL may hold a password, and this file stays after an interrupt.
      url_sha256_(sha256_hex(url)),
      whole_(bytes),
      expected_(bytes) {
  require_writable_folder(path_.has_parent_path() ? path_.parent_path() : std::filesystem::path("."));
  file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (file_ < 0) fail_to_write(path_);
  if (::flock(file_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    ::close(file_);
    throw Error(path_.string() + ": another process downloads into it; wait for its end or choose another folder");
  }
  size_ = ::lseek(file_, 0, SEEK_END);

  // The lines of NAME.part.source: SHA-256 of the URL, version, bytes of the whole (0: unknown).
  std::ifstream source(source_path_);
  std::string of_url, version;
  std::int64_t whole = 0;
  if (!std::getline(source, of_url) || !std::getline(source, version) || !(source >> whole)) return;
  if (of_url != url_sha256_) {
    try {
      restart();
    } catch (...) {
      ::close(file_);  // no destructor runs
      throw;
    }
    return;
  }
  version_ = version;
  if (whole > 0) whole_ = whole;
}

PartFile::~PartFile() {
  if (file_ >= 0 && size_ == 0) remove();
  if (file_ >= 0) ::close(file_);
}

std::string PartFile::progress() const {
  return grouped(size_) + (whole_ > 0 ? " of " + grouped(whole_) : std::string()) + " bytes";
}

void PartFile::belongs_to(const std::string& version, std::int64_t whole) {
  version_ = version;
  if (whole > 0) whole_ = whole;
  write_file(source_path_, url_sha256_ + "\n" + version_ + "\n" + std::to_string(whole_) + "\n");
}

void PartFile::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail_to_write(path_);
    size_ += written;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void PartFile::restart() {
  if (::ftruncate(file_, 0) != 0) fail_to_write(path_);
  size_ = 0;
  whole_ = expected_;
  version_.clear();
}

void PartFile::remove() noexcept {
  ::unlink(path_.c_str());
  ::unlink(source_path_.c_str());
  ::close(file_);
  file_ = -1;
}

}  // namespace kws
