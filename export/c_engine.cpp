#include "kws/export/c_engine.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cassert>
#include <cstdlib>
#include <sstream>
#include <vector>

#include "kws/core/error.h"
#include "kws/core/files.h"
#include "runtime_files.h"

namespace kws {
namespace fs = std::filesystem;

namespace {

/// Another than the runtime's own, which is linked into this program too.
constexpr const char* kPrefix = "exported";

/// A new folder under the system's temporary one, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    const char* place = std::getenv("TMPDIR");  // fs::temp_directory_path() does not say which it could not use
    std::string name = (fs::path(place == nullptr || *place == '\0' ? "/tmp" : place) / "kwsmith-c-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
      throw Error(name + ": cannot make a temporary folder; point TMPDIR at a writable one");
    }
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

bool in_path(const std::string& program) {
  if (program.find('/') != std::string::npos) return ::access(program.c_str(), X_OK) == 0;
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  std::string folder;
  while (std::getline(folders, folder, ':')) {
    if (::access((folder + "/" + program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

/// The command that compiles C: $CC may bring arguments, as make allows.
std::string c_compiler() {
  const char* chosen = std::getenv("CC");
  if (chosen != nullptr && *chosen != '\0') {
    std::string program;
    std::istringstream(chosen) >> program;
    if (in_path(program)) return chosen;
    throw Error("engine c: CC=" + std::string(chosen) + " is no program here; unset CC or name a C compiler");
  }
  for (const char* name : {"cc", "gcc", "clang"}) {
    if (in_path(name)) return name;
  }
  throw Error("engine c: no C compiler found (cc, gcc, clang); install gcc or name one in CC");
}

/// One word for the shell.
std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? "'\\''" : std::string(1, c);
  return result + "'";
}

std::string first_error(const fs::path& log) {
  std::istringstream lines(read_file(log));
  std::string line, first;
  while (std::getline(lines, line)) {
    if (first.empty()) first = line;
    if (line.find("error") != std::string::npos) return line;
  }
  return first;
}

void compile(const fs::path& folder, const FrontEnd& front_end) {
  std::string sources;
  for (const RuntimeFile& file : runtime_files(front_end_file(front_end.integer()))) {
    const fs::path path = folder / (kPrefix + file.name);
    const bool wanted = file.part == RuntimeFile::Part::clip || file.part == RuntimeFile::Part::tables;
    if (wanted && fs::exists(path)) sources += " " + quoted(path.string());
  }
  const fs::path log = folder / "log.txt";
  const std::string compiler = c_compiler();
  const std::string command = compiler + " -std=c99 -O2 -ffp-contract=off -shared -fPIC -o " +
                              quoted((folder / "model.so").string()) + sources + " -lm >" + quoted(log.string()) +
                              " 2>&1 </dev/null";
  // The command holds nothing but the user's own CC and quoted paths.
  if (std::system(command.c_str()) != 0) {
    throw Error("engine c: " + compiler + " does not compile the exported files: " + first_error(log) +
                "; name another compiler in CC");
  }
}

template <class Function>
Function* symbol(void* library, const char* name) {
  void* address = ::dlsym(library, (std::string(kPrefix) + name).c_str());
  assert(address != nullptr);
  return reinterpret_cast<Function*>(address);
}

}  // namespace

struct CEngine::Impl {
  struct Close {
    void operator()(void* library) const { ::dlclose(library); }
  };
  std::unique_ptr<void, Close> library;
  void (*invoke)(const std::int8_t*, std::int8_t*, void*) = nullptr;
  int (*classify)(const std::int16_t*, std::int8_t*, void*) = nullptr;
  void (*features)(const std::int16_t*, std::int8_t*, void*) = nullptr;
  std::size_t clip_samples = 0;
  std::size_t inputs = 0;
  std::size_t classes = 0;
  std::size_t arena_bytes = 0;

  /// Memory of one call: exactly what the header asks for, on the heap, so that sanitizers see a step beyond it.
  [[nodiscard]] std::unique_ptr<std::int8_t[]> arena() const { return std::make_unique<std::int8_t[]>(arena_bytes); }
};

CEngine::CEngine(const ExportModel& model) : impl_(std::make_unique<Impl>()) {
  const TemporaryFolder folder;
  const fs::path files = folder.path() / "model";
  const ExportSizes sizes = write_c_model(model, {.prefix = kPrefix}, files);
  compile(files, model.front_end);
  impl_->library.reset(::dlopen((files / "model.so").c_str(), RTLD_NOW | RTLD_LOCAL));
  if (impl_->library == nullptr) {
    throw Error("engine c: the compiled model cannot be loaded: " + std::string(::dlerror()) +
                "; point TMPDIR at a folder that allows programs");
  }
  impl_->invoke = symbol<void(const std::int8_t*, std::int8_t*, void*)>(impl_->library.get(), "_invoke");
  impl_->classify = symbol<int(const std::int16_t*, std::int8_t*, void*)>(impl_->library.get(), "_classify_pcm");
  impl_->features = symbol<void(const std::int16_t*, std::int8_t*, void*)>(impl_->library.get(), "_features_pcm");
  impl_->clip_samples = model.front_end.clip_samples();
  impl_->inputs = static_cast<std::size_t>(model.network.input.elements());
  impl_->classes = static_cast<std::size_t>(model.network.classes());
  impl_->arena_bytes = static_cast<std::size_t>(sizes.pcm_arena);
}
CEngine::~CEngine() = default;
CEngine::CEngine(CEngine&&) noexcept = default;
CEngine& CEngine::operator=(CEngine&&) noexcept = default;

void CEngine::run(std::span<const std::int8_t> features, std::span<std::int8_t> logits) const {
  const std::size_t clips = features.size() / impl_->inputs;
  assert(features.size() == clips * impl_->inputs && logits.size() == clips * impl_->classes);
  const auto arena = impl_->arena();
  for (std::size_t i = 0; i < clips; ++i) {
    impl_->invoke(features.data() + i * impl_->inputs, logits.data() + i * impl_->classes, arena.get());
  }
}

void CEngine::features(std::span<const std::int16_t> pcm, std::span<std::int8_t> out) const {
  assert(pcm.size() == impl_->clip_samples && out.size() == impl_->inputs);
  impl_->features(pcm.data(), out.data(), impl_->arena().get());
}

int CEngine::classify(std::span<const std::int16_t> pcm, std::span<std::int8_t> logits) const {
  assert(pcm.size() == impl_->clip_samples && logits.size() == impl_->classes);
  return impl_->classify(pcm.data(), logits.data(), impl_->arena().get());
}

}  // namespace kws
