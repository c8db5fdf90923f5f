#include "kws/train/float_module.h"

#include <cstddef>

#include "kws/core/library.h"

namespace kws {

namespace {

constexpr Library kLibrary{
    .file = "kwsmith_torch.so", .folder = KWS_MODULE_FOLDER, .purpose = "training", .bytes = std::size_t{800} << 20};

const FloatModule& load() {
  using Entry = const FloatModule& (*)();
  const FloatModule& module = reinterpret_cast<Entry>(symbol_of(kLibrary, kFloatModuleSymbol))();
  require_same_build(kLibrary, module.version, KWS_VERSION);
  return module;
}

}  // namespace

const FloatModule& float_module() {
  static const FloatModule& module = load();
  return module;
}

}  // namespace kws
