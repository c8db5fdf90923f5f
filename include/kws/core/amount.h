#pragma once

#include <string>
#include <string_view>

namespace kws {

/// What an amount counts, which decides how people write and read it.
enum class Amount { bytes, count, milliseconds, share };

/// A number with a suffix: K, KB, KiB, M ... of bytes are powers of 1,024 (80K is 81,920), of a count powers of 1,000
/// (6M operations); 80% of a share is 0.8.
///   returns  0 or more, whole where bytes and counts are meant, a share at most 1
///   throws   Error (Exit::usage) without the place: `"80X" is no ...; write ...`
double amount_from(std::string_view text, Amount amount);

/// Where the last digit does not matter: bytes in KiB or MiB, counts in millions ("78.0 KiB", "2.48 M"), each to the
/// digit while it is small.
///   amount  bytes or count
std::string rounded_amount(double value, Amount amount);

}  // namespace kws
