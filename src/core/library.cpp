#include "kws/core/library.h"

#include <dlfcn.h>
#include <sys/mman.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "kws/core/error.h"

namespace kws {
namespace {

namespace fs = std::filesystem;

fs::path place_of(const Library& library) {
  const fs::path program = fs::read_symlink("/proc/self/exe");
  const fs::path beside = program.parent_path() / library.file;
  const fs::path installed = (program.parent_path() / library.folder).lexically_normal() / library.file;
  for (const fs::path& file : {beside, installed}) {
    if (fs::exists(file)) return file;
  }
  throw Error(std::string(library.file) + ": is neither beside " + program.string() + " nor in " +
              installed.parent_path().string() + "; " + library.purpose +
              " needs it, so build or install it with the program");
}

[[noreturn]] void refuse_other_build(const std::string& file, const std::string& than) {
  throw Error(file + ": is of another kwsmith" + than + "; install both from one build");
}

}  // namespace

bool has_room(std::size_t bytes) {
  if (bytes == 0) return true;  // which mmap refuses
  void* const room = ::mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (room == MAP_FAILED) return false;
  ::munmap(room, bytes);
  return true;
}

void* symbol_of(const Library& library, const char* symbol) {
  const fs::path file = place_of(library);
  if (!has_room(library.bytes)) {
    throw Error("out of memory: " + std::string(library.purpose) + " needs " + std::to_string(library.bytes >> 20) +
                " MiB of address space to begin; raise the limit of this process (ulimit -v)");
  }
  // Never unloaded: LibTorch has threads. Local, so that no symbol of its libraries takes the place of one of ours.
  void* const opened = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (opened == nullptr) {
    throw Error(file.string() + ": cannot be loaded (" + dlerror() + "); install the libraries that it was built with");
  }
  void* const found = dlsym(opened, symbol);
  if (found == nullptr) refuse_other_build(file.string(), "");
  return found;
}

void require_same_build(const Library& library, const char* its_version, const char* our_version) {
  if (std::string_view(its_version) == our_version) return;
  refuse_other_build(library.file, std::string(" than ") + our_version);
}

}  // namespace kws
