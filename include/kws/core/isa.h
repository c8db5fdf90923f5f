#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace kws {

/// Instruction sets that hot loops are compiled for; chosen at run time, each includes those before it.
///   portable     any x86-64
///   avx2         AVX2 and FMA
///   avx512       AVX-512 F, BW, DQ and VL
///   avx512_bf16  and its products of bfloat16, which training steps then use
///   amx          and AMX tiles for these products
enum class Isa { portable, avx2, avx512, avx512_bf16, amx };
inline constexpr std::array kAllIsas = {Isa::portable, Isa::avx2, Isa::avx512, Isa::avx512_bf16, Isa::amx};

/// Whether this CPU (and its operating system) runs code of that set.
bool supported(Isa isa);
/// The last set of the list above that this CPU runs.
Isa best_isa();
/// int8 dot products, AVX-512 VNNI with 128, 256 and 512 bits: apart from Isa, floats do not need them.
bool has_vnni();

std::string_view isa_name(Isa isa);
/// throws Error (usage) for a name not in the list above and for a set that this CPU lacks
Isa isa_from_name(std::string_view name);

/// "float32", "bfloat16": how training steps with that set store activations and multiply. Within float32 avx2 and
/// avx512 give the same bytes; portable, plain LibTorch, differs in the last bits.
const std::vector<std::string>& precision_names();
const std::string& precision_of(Isa isa);
/// The best set of this CPU for a precision.
///   throws  Error (usage) where it has none
Isa isa_for(const std::string& precision);
/// Whether this CPU has it.
bool can_step_in(const std::string& precision);

}  // namespace kws
