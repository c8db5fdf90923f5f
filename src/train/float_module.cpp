#include "kws/train/float_module.h"

#include <dlfcn.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "kws/core/error.h"

namespace kws {

namespace {

namespace fs = std::filesystem;

constexpr const char* kFile = "kwsmith_torch.so";

fs::path module_file() {
  const fs::path program = fs::read_symlink("/proc/self/exe");
  const fs::path beside = program.parent_path() / kFile;
  const fs::path installed = (program.parent_path() / KWS_MODULE_FOLDER).lexically_normal() / kFile;
  for (const fs::path& file : {beside, installed}) {
    if (fs::exists(file)) return file;
  }
  throw Error(std::string(kFile) + ": is neither beside " + program.string() + " nor in " +
              installed.parent_path().string() + "; training needs it, so build or install it with the program");
}

const FloatModule& load() {
  const fs::path file = module_file();
  // Never unloaded: LibTorch has threads. Local, so that no symbol of its libraries takes the place of one of ours.
  void* const library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    throw Error(file.string() + ": cannot be loaded (" + dlerror() + "); install the libraries that it was built with");
  }
  using Entry = const FloatModule& (*)();
  const auto entry = reinterpret_cast<Entry>(dlsym(library, kFloatModuleSymbol));
  if (entry == nullptr || std::string_view(entry().version) != KWS_VERSION) {
    throw Error(file.string() + ": is of another kwsmith than " KWS_VERSION "; install both from one build");
  }
  return entry();
}

}  // namespace

const FloatModule& float_module() {
  static const FloatModule& module = load();
  return module;
}

}  // namespace kws
