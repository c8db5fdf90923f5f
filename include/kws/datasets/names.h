#pragma once

#include <string>
#include <string_view>

namespace kws {

/// Without blanks at either end, in Unicode's composed form (NFC): macOS stores "ü" as two code points, others as one.
/// What is no UTF-8 is only trimmed.
std::string composed(std::string_view text);

/// What people mean to be the same name: composed, in lower case, '_' and '-' as blanks.
std::string folded(std::string_view text);

/// Whether people keep background noise under this name.
bool means_noise(std::string_view name);

}  // namespace kws
