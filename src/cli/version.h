#pragma once

#include <string>

/// The commit that the program was built from, "-changed" behind it where the sources were; "" outside a repository.
/// The build writes it (version.cmake).
std::string build_commit();
