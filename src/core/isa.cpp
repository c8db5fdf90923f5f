#include "kws/core/isa.h"

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

#include "kws/core/error.h"

namespace kws {

static constexpr std::array<std::string_view, kAllIsas.size()> kNames = {"portable", "avx2", "avx512", "avx512_bf16",
                                                                         "amx"};

/// AMX tiles with bfloat16 products; Linux wants to be asked by every process before it keeps their registers.
static bool tiles_allowed() {
  static const bool allowed = [] {
    constexpr unsigned kTiles = 1U << 24, kBf16 = 1U << 22;
    constexpr long kRequestState = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (d & kTiles) != 0 && (d & kBf16) != 0 &&
           syscall(SYS_arch_prctl, kRequestState, kTileData) == 0;
  }();
  return allowed;
}

// The compiler's own test also asks whether the operating system saves the wide registers.
bool supported(Isa isa) {
  switch (isa) {
    case Isa::portable:
      return true;
    case Isa::avx2:
      return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
    case Isa::avx512:
      return supported(Isa::avx2) && __builtin_cpu_supports("avx512f") != 0 &&
             __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
             __builtin_cpu_supports("avx512vl") != 0;
    case Isa::avx512_bf16:
      return supported(Isa::avx512) && __builtin_cpu_supports("avx512bf16") != 0;
    case Isa::amx:
      return supported(Isa::avx512_bf16) && tiles_allowed();
  }
  return false;
}

Isa best_isa() {
  Isa best = Isa::portable;
  for (const Isa isa : kAllIsas) {
    if (supported(isa)) best = isa;
  }
  return best;
}

bool has_vnni() { return supported(Isa::avx512) && __builtin_cpu_supports("avx512vnni") != 0; }

std::string_view isa_name(Isa isa) { return kNames.at(static_cast<std::size_t>(isa)); }

Isa isa_from_name(std::string_view name) {
  for (const Isa isa : kAllIsas) {
    if (isa_name(isa) != name) continue;
    if (supported(isa)) return isa;
    throw Error("isa: this CPU has no " + std::string(name) + "; the best here is \"" +
                    std::string(isa_name(best_isa())) + "\"",
                Exit::usage);
  }
  throw Error("isa: \"" + std::string(name) +
                  "\" is unknown; choose \"portable\", \"avx2\", \"avx512\", \"avx512_bf16\" or \"amx\"",
              Exit::usage);
}

const std::vector<std::string>& precision_names() {
  static const std::vector<std::string> names = {"float32", "bfloat16"};
  return names;
}

const std::string& precision_of(Isa isa) { return precision_names()[isa >= Isa::avx512_bf16 ? 1 : 0]; }

bool can_step_in(const std::string& precision) {
  return precision == "float32" || precision_of(best_isa()) == precision;
}

Isa isa_for(const std::string& precision) {
  const Isa isa = best_isa();
  if (precision == "float32") return std::min(isa, Isa::avx512);
  if (can_step_in(precision)) return isa;
  throw Error(
      "precision: this CPU has no products of bfloat16; choose \"float32\", for a study on several types of "
      "CPU when it begins",
      Exit::usage);
}

}  // namespace kws
