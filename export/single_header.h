#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime_files.h"

namespace kws {

/// PREFIX_single.h: those of `files` that stand in `list`, in its order, as one header. Whoever includes it sees the
/// declarations; the one C file that defines PREFIX_IMPLEMENTATION before gets the code too.
///   comment  stands on top; the same comment on top of each file is left out
std::string single_header(const std::vector<RuntimeFile>& list, const std::map<std::string, std::string>& files,
                          const std::string& prefix, const std::string& comment);

}  // namespace kws
