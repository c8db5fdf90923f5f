#pragma once

#include <string_view>

namespace kws {

/// Instruction sets that hot loops are compiled for; chosen at run time, each includes those before it.
///   portable  any x86-64
///   avx2      AVX2 and FMA
///   avx512    AVX-512 F, BW, DQ and VL
enum class Isa { portable, avx2, avx512 };

/// Whether this CPU (and its operating system) runs code of that set.
bool supported(Isa isa);
/// The last set of the list above that this CPU runs.
Isa best_isa();
/// int8 dot products, AVX-512 VNNI with 128, 256 and 512 bits: apart from Isa, floats do not need them.
bool has_vnni();

std::string_view isa_name(Isa isa);
/// throws Error (usage) for a name not in the list above and for a set that this CPU lacks
Isa isa_from_name(std::string_view name);

}  // namespace kws
