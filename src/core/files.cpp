#include "kws/core/files.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>
#include <vector>

#include "kws/core/error.h"

namespace kws {
namespace fs = std::filesystem;

namespace {

/// A sibling of `path` that no other process uses.
fs::path staging_name(const fs::path& path) {
  return path.parent_path() / ("." + path.filename().string() + ".part" + std::to_string(::getpid()));
}

[[noreturn]] void fail(const fs::path& path, const std::string& what, int error) {
  throw Error(path.string() + ": " + what + ": " + std::strerror(error));
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

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) fail(path, "cannot read", errno);
  std::ostringstream text;
  text << in.rdbuf();
  if (in.bad() || fs::is_directory(path)) fail(path, "cannot read", fs::is_directory(path) ? EISDIR : EIO);
  return std::move(text).str();
}

void write_file(const fs::path& path, std::string_view content) {
  make_parent(path);
  const fs::path staging = staging_name(path);
  Staged staged(staging);
  const int file = ::open(staging.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) fail(path, "cannot write", errno);
  std::size_t done = 0;
  while (done < content.size()) {
    const ssize_t written = ::write(file, content.data() + done, content.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int error = errno;
      ::close(file);
      fail(path, "cannot write", error);
    }
    done += static_cast<std::size_t>(written);
  }
  if (::close(file) != 0) fail(path, "cannot write", errno);
  if (::rename(staging.c_str(), path.c_str()) != 0) fail(path, "cannot write", errno);
  staged.release();
}

void write_folder(const fs::path& folder, bool replace, const std::function<void(const fs::path&)>& fill) {
  // "DIR/" names the same folder as "DIR", but as a path it is a nameless entry inside it.
  const fs::path path = folder.has_filename() ? folder : folder.parent_path();
  if (fs::exists(path) && !replace) {
    throw Error(path.string() + ": exists already; choose another folder or remove it");
  }
  make_parent(path);
  const fs::path staging = staging_name(path);
  std::error_code error;
  fs::remove_all(staging, error);
  fs::create_directory(staging, error);
  if (error) fail(path, "cannot make this folder", error.value());
  Staged staged(staging);
  fill(staging);
  if (fs::exists(path)) {
    const fs::path old = staging_name(path.string() + ".old");
    fs::rename(path, old, error);
    if (error) fail(path, "cannot replace", error.value());
    Staged discarded(old);
    fs::rename(staging, path, error);
    if (error) {
      std::error_code ignored;
      fs::rename(old, path, ignored);
      discarded.release();
      fail(path, "cannot write", error.value());
    }
  } else {
    fs::rename(staging, path, error);
    if (error) fail(path, "cannot write", error.value());
  }
  staged.release();
}

void require_writable_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) fail(path, "cannot make this folder", error.value());
  // A trial file tells more than permission bits: full disks and read-only mounts show up too.
  const fs::path trial = path / (".kwsmith.write." + std::to_string(::getpid()));
  const int file = ::open(trial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) fail(path, "cannot write into this folder", errno);
  ::close(file);
  ::unlink(trial.c_str());
}

std::string sha1_hex(std::string_view bytes) { return hex_digest(bytes, EVP_sha1()); }
std::string sha256_hex(std::string_view bytes) { return hex_digest(bytes, EVP_sha256()); }

std::string sha256_of_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in || fs::is_directory(path)) fail(path, "cannot read", in ? EISDIR : errno);
  Digest digest(EVP_sha256());
  std::vector<char> piece(std::size_t{1} << 20U);
  while (in) {
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    digest.add({piece.data(), static_cast<std::size_t>(in.gcount())});
  }
  if (in.bad()) fail(path, "cannot read", EIO);
  return digest.hex();
}

}  // namespace kws
