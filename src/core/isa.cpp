#include "kws/core/isa.h"

#include <array>
#include <cstddef>
#include <string>

#include "kws/core/error.h"

namespace kws {

static constexpr std::array<std::string_view, 3> kNames = {"portable", "avx2", "avx512"};

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
  }
  return false;
}

Isa best_isa() {
  if (supported(Isa::avx512)) return Isa::avx512;
  return supported(Isa::avx2) ? Isa::avx2 : Isa::portable;
}

bool has_vnni() { return supported(Isa::avx512) && __builtin_cpu_supports("avx512vnni") != 0; }

std::string_view isa_name(Isa isa) { return kNames.at(static_cast<std::size_t>(isa)); }

Isa isa_from_name(std::string_view name) {
  for (const Isa isa : {Isa::portable, Isa::avx2, Isa::avx512}) {
    if (isa_name(isa) != name) continue;
    if (supported(isa)) return isa;
    throw Error("isa: this CPU has no " + std::string(name) + "; the best here is \"" +
                    std::string(isa_name(best_isa())) + "\"",
                Exit::usage);
  }
  throw Error("isa: \"" + std::string(name) + "\" is unknown; choose \"portable\", \"avx2\" or \"avx512\"",
              Exit::usage);
}

}  // namespace kws
