#include "file_bytes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace kws {
namespace {
/// A clip as a whole, and all that stands in front of the samples of a long recording.
constexpr std::int64_t kHeadBytes = std::int64_t{1} << 20;
}  // namespace

FileBytes::FileBytes(const std::filesystem::path& file) : file_(::open(file.c_str(), O_RDONLY | O_CLOEXEC)) {
  struct stat facts {};
  if (file_ < 0 || ::fstat(file_, &facts) != 0) {
    error_ = std::strerror(errno);
    return;
  }
  size_ = facts.st_size;
  head_.resize(static_cast<std::size_t>(std::min(size_, kHeadBytes)));
  head_.resize(static_cast<std::size_t>(read_file(0, head_)));
}

FileBytes::~FileBytes() {
  if (file_ >= 0) ::close(file_);
}

std::int64_t FileBytes::read(std::int64_t at, std::span<char> bytes) {
  const auto known = static_cast<std::int64_t>(head_.size());
  std::int64_t done = 0;
  if (at < known) {
    done = std::min(known - at, static_cast<std::int64_t>(bytes.size()));
    std::copy_n(head_.begin() + at, done, bytes.begin());
  }
  if (done == static_cast<std::int64_t>(bytes.size()) || at + done >= size_) return done;
  return done + read_file(at + done, bytes.subspan(static_cast<std::size_t>(done)));
}

std::int64_t FileBytes::read_file(std::int64_t at, std::span<char> bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::pread(file_, bytes.data() + done, bytes.size() - done, at + static_cast<std::int64_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) error_ = std::strerror(errno);
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  return static_cast<std::int64_t>(done);
}

}  // namespace kws
