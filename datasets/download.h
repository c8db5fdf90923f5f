#pragma once

#include <string>

#include "kws/datasets/fetch.h"
#include "part_file.h"

namespace kws {

/// Completes `part` with what `url` has, from where it ends if the server can, else from the start.
///   throws  Error as fetch_corpus(); what has come by then stays in `part`
void download(const std::string& url, PartFile& part, const FetchProgress& progress);

}  // namespace kws
