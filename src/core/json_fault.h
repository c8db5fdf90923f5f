#pragma once

#include <cstddef>
#include <string>

#include "kws/core/options.h"

namespace kws {

constexpr std::size_t kLongestShown = 200;  ///< bytes of what a message repeats of a file

/// A JSON value as an error line shows it: on one line, cut where it is long.
std::string shown(const Json& value);

/// throws Error `origin: path: rest`.
///   rest  "fact; what may stand there"
[[noreturn]] void refuse(const Origin& origin, const std::string& path, const std::string& rest);

}  // namespace kws
