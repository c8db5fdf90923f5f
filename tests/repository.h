#pragma once

#include <filesystem>

namespace kws {

// Root of the source tree that the tests were built from.
const std::filesystem::path& repository();

}  // namespace kws
