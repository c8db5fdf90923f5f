#include "kws/core/files.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "kws/core/error.h"
#include "kws/core/interrupt.h"
#include "kws/core/process.h"

namespace kws {
namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail(const fs::path& path, const std::string& what, int error) {
  throw Error(path.string() + ": " + what + ": " + std::strerror(error));
}

/// What stands in the names of staged files before the process that stages: ".NAME.part-SPACE-PROCESS-RANDOM".
std::string staging_prefix(const fs::path& path) {
  return "." + path.filename().string() + ".part-" + process_space() + "-";
}

/// A sibling of `path` that nobody can know beforehand, and so cannot have put a link at.
fs::path staging_name(const fs::path& path) {
  std::random_device random;
  return path.parent_path() /
         (staging_prefix(path) + std::to_string(::getpid()) + "-" + std::to_string(random() % 100000000));
}

/// Removes what processes that were killed have staged for `path`.
void remove_leftovers(const fs::path& path) {
  const std::string prefix = staging_prefix(path);
  std::error_code ignored;
  const fs::path parent = path.has_parent_path() ? path.parent_path() : fs::path(".");
  for (auto entry = fs::directory_iterator(parent, ignored); !ignored && entry != fs::directory_iterator();
       entry.increment(ignored)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(prefix)) continue;
    std::error_code error;
    if (process_is_gone(std::atoi(name.c_str() + prefix.size()))) fs::remove_all(entry->path(), error);
  }
}

/// An open file that is closed in the end.
class OpenFile {
 public:
  explicit OpenFile(int descriptor) : descriptor_(descriptor) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  [[nodiscard]] int get() const { return descriptor_; }
  /// returns  whether the system has taken all that was written
  bool close() { return ::close(std::exchange(descriptor_, -1)) == 0; }

 private:
  int descriptor_;
};

/// Calls each_piece with all bytes of a regular file, in order.
void read_pieces(const fs::path& path, const std::function<void(std::string_view)>& each_piece) {
  // Without O_NONBLOCK, opening a pipe would wait for whoever writes to it.
  const OpenFile file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) fail(path, "cannot read", errno);
  struct stat about {};
  if (::fstat(file.get(), &about) != 0) fail(path, "cannot read", errno);
  if (S_ISDIR(about.st_mode)) fail(path, "cannot read", EISDIR);
  if (!S_ISREG(about.st_mode)) throw Error(path.string() + ": is not a regular file; copy it into one");
  std::vector<char> piece(std::size_t{1} << 18U);
  while (true) {
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(path, "cannot read", errno);
    if (got == 0) return;
    each_piece({piece.data(), static_cast<std::size_t>(got)});
  }
}

/// Removes what was staged unless it has been renamed into place.
class Staged {
 public:
  explicit Staged(fs::path path) : path_(std::move(path)) {}
  Staged(const Staged&) = delete;
  Staged& operator=(const Staged&) = delete;
  ~Staged() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  void release() { path_.clear(); }

 private:
  fs::path path_;
};

void make_parent(const fs::path& path) {
  const fs::path parent = path.parent_path();
  if (parent.empty()) return;
  std::error_code error;
  fs::create_directories(parent, error);
  if (error) fail(parent, "cannot make this folder", error.value());
}

/// One hash in the making.
class Digest {
 public:
  explicit Digest(const EVP_MD* algorithm) { require(EVP_DigestInit_ex(context_.get(), algorithm, nullptr)); }
  void add(std::string_view bytes) { require(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size())); }
  /// Lower-case hexadecimal; call once.
  std::string hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int length = 0;
    require(EVP_DigestFinal_ex(context_.get(), digest.data(), &length));
    std::string text;
    for (unsigned int i = 0; i < length; ++i) {
      constexpr const char* kDigits = "0123456789abcdef";
      text += kDigits[digest[i] >> 4U];
      text += kDigits[digest[i] & 15U];
    }
    return text;
  }

 private:
  static void require(int success) {
    if (success != 1) throw Error("the cryptographic library refuses to hash");
  }
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_{EVP_MD_CTX_new()};
};

std::string hex_digest(std::string_view bytes, const EVP_MD* algorithm) {
  Digest digest(algorithm);
  digest.add(bytes);
  return digest.hex();
}

}  // namespace

std::string read_file(const fs::path& path, std::size_t most) {
  std::string text;
  read_pieces(path, [&](std::string_view piece) {
    if (text.size() + piece.size() > most) {
      throw Error(path.string() + ": holds more than " + std::to_string(most >> 20U) + " MiB; is it the right file?");
    }
    text += piece;
  });
  return text;
}

/// All of it, to `file`, of which errors tell as `path`.
static void write_all(const OpenFile& file, const fs::path& path, std::string_view content) {
  std::size_t done = 0;
  while (done < content.size()) {
    const ssize_t written = ::write(file.get(), content.data() + done, content.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(path, "cannot write", errno);
    done += static_cast<std::size_t>(written);
  }
}

/// Whether what lies there takes bytes and is no file: a pipe, /dev/null. Root could put a file in its place.
///   throws  Error (Exit::usage) for what is neither that nor a file nor nothing
static bool is_stream(const fs::path& path) {
  struct stat about {};
  if (::lstat(path.c_str(), &about) != 0) return false;
  if (S_ISCHR(about.st_mode) || S_ISFIFO(about.st_mode)) return true;
  if (S_ISLNK(about.st_mode)) {
    std::error_code error;
    // /dev/stdout where it leads to a file: that link is the system's, and not to be replaced.
    if (fs::read_symlink(path, error).string().starts_with("/proc/")) {
      throw Error(path.string() + ": leads to an open file and is not replaced; give another name", Exit::usage);
    }
    if (::stat(path.c_str(), &about) != 0) return false;
  }
  if (S_ISREG(about.st_mode) || S_ISDIR(about.st_mode)) return false;
  throw Error(path.string() + ": is not a regular file and is not replaced; give another name", Exit::usage);
}

void write_file(const fs::path& path, std::string_view content) {
  if (path.empty()) throw Error("cannot write a file without a name", Exit::usage);
  if (is_stream(path)) {
    OpenFile stream(::open(path.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
    if (stream.get() < 0) fail(path, "cannot write", errno);
    return write_all(stream, path, content);
  }
  make_parent(path);
  remove_leftovers(path);
  const fs::path staging = staging_name(path);
  OpenFile file(::open(staging.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (file.get() < 0) fail(path, "cannot write", errno);
  Staged staged(staging);
  write_all(file, path, content);
  if (::fsync(file.get()) != 0 || !file.close()) fail(path, "cannot write", errno);
  if (::rename(staging.c_str(), path.c_str()) != 0) fail(path, "cannot write", errno);
  staged.release();
}

/// "DIR/" names the same folder as "DIR", but as a path it is a nameless entry inside it.
static fs::path plain(const fs::path& folder) { return folder.has_filename() ? folder : folder.parent_path(); }

/// Puts a finished folder in the place of another; that one is then at `staging`.
static void exchange_folders(const fs::path& staging, const fs::path& path) {
  if (::renameat2(AT_FDCWD, staging.c_str(), AT_FDCWD, path.c_str(), RENAME_EXCHANGE) == 0) return;
  if (errno != EINVAL && errno != ENOSYS) fail(path, "cannot replace", errno);
  // File systems that cannot exchange (some on networks): for a moment neither is there.
  const fs::path old = staging_name(path);
  if (::rename(path.c_str(), old.c_str()) != 0) fail(path, "cannot replace", errno);
  if (::rename(staging.c_str(), path.c_str()) != 0) {
    const int error = errno;
    ::rename(old.c_str(), path.c_str());
    fail(path, "cannot write", error);
  }
  ::rename(old.c_str(), staging.c_str());
}

void require_absent(const fs::path& path, std::string_view way_out) {
  std::error_code ignored;
  if (!fs::exists(fs::symlink_status(path, ignored))) return;
  throw Error(path.string() + ": exists already; " + std::string(way_out), Exit::usage);
}

static std::string mark_of(FolderKind kind) {
  constexpr std::array kKinds = {"a model", "firmware", "recordings"};
  return std::string("This folder of ") + kKinds[static_cast<std::size_t>(kind)] +
         " was written by kwsmith, which may replace it by its like when asked to.\n";
}

void require_replaceable(const fs::path& path, FolderKind kind) {
  std::error_code error;
  if (!fs::exists(fs::symlink_status(path, error))) return;
  const fs::path mark = path / kFolderMark;
  if (!fs::is_directory(path, error) || (!fs::exists(mark, error) && !fs::is_empty(path, error))) {
    throw Error(path.string() + ": is not a folder that kwsmith has written (it has no " + kFolderMark +
                    ") and is not replaced; remove it yourself or choose another folder",
                Exit::usage);
  }
  if (fs::is_empty(path, error) || read_file(mark) == mark_of(kind)) return;
  throw Error(path.string() + ": was not written to hold what is to take its place (see its " + kFolderMark +
                  ") and is not replaced; remove it yourself or choose another folder",
              Exit::usage);
}

void write_folder(const fs::path& folder, FolderKind kind, bool replace,
                  const std::function<void(const fs::path&)>& fill) {
  const fs::path path = plain(folder);
  if (path.empty()) throw Error("cannot write a folder without a name", Exit::usage);
  if (replace) {
    require_replaceable(path, kind);
  } else {
    require_absent(path, "choose another folder or remove it");
  }
  make_parent(path);
  remove_leftovers(path);
  const fs::path staging = staging_name(path);
  if (::mkdir(staging.c_str(), 0777) != 0) fail(path, "cannot make this folder", errno);
  Staged staged(staging);
  try {
    fill(staging);
  } catch (const Error& error) {
    // What failed is told by the place it was meant for; the staged one is gone when a user reads that.
    std::string line = error.what();
    const std::size_t at = line.find(staging.string());
    if (at == std::string::npos) throw;
    throw Error(line.replace(at, staging.string().size(), path.string()), error.exit_code());
  }
  write_file(staging / kFolderMark, mark_of(kind));
  const OpenFile filled(::open(staging.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (filled.get() < 0 || ::syncfs(filled.get()) != 0) fail(path, "cannot write", errno);
  std::error_code ignored;
  if (replace && fs::exists(path, ignored)) return exchange_folders(staging, path);  // and the old one goes
  if (::rename(staging.c_str(), path.c_str()) != 0) fail(path, "cannot write", errno);
  staged.release();
}

void require_writable_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) fail(path, "cannot make this folder", error.value());
  // A trial file tells more than permission bits: full disks and read-only mounts show up too.
  const fs::path trial = staging_name(path / "trial");
  const OpenFile file(::open(trial.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (file.get() < 0) fail(path, "cannot write into this folder", errno);
  ::unlink(trial.c_str());
}

std::string sha1_hex(std::string_view bytes) { return hex_digest(bytes, EVP_sha1()); }
std::string sha256_hex(std::string_view bytes) { return hex_digest(bytes, EVP_sha256()); }

std::string sha256_of_file(const fs::path& path) {
  Digest digest(EVP_sha256());
  read_pieces(path, [&](std::string_view piece) {
    throw_if_interrupted();  // an archive may be of gigabytes
    digest.add(piece);
  });
  return digest.hex();
}

}  // namespace kws
