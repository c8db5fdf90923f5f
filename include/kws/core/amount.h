#pragma once

#include <string_view>

namespace kws {

/// What an amount counts, which decides how people write and read it.
enum class Amount { bytes, count, milliseconds, share };

/// A number with a suffix: K, KB, KiB, M ... of bytes are powers of 1,024 (80K is 81,920), of a count powers of 1,000
/// (6M operations); 80% of a share is 0.8.
///   returns  0 or more, whole where bytes and counts are meant, a share at most 1
///   throws   Error (Exit::usage) without the place: `"80X" is no ...; write ...`
double amount_from(std::string_view text, Amount amount);

}  // namespace kws
