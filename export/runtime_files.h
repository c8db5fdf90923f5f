#pragma once

#include <string>
#include <vector>

namespace kws {

/// A file at the top of an export.
struct RuntimeFile {
  enum class Part {
    declarations,
    inside,  ///< a header for some of the code alone
    clip,    ///< code that classifies a clip
    stream,  ///< code around that
    tables,  ///< of a clip, too; names in it must not hide behind a parameter of the code's: last where one file holds
             ///< all
  };
  std::string name;  ///< behind the prefix, or behind "kws" in export/runtime
  Part part;
  bool filled = false;  ///< made of a template, NAME.in
};

/// All that an export may hold, in the order in which one file can hold them. A file of which the kernels in use leave
/// nothing is no part of an export.
///   front_end  "frontend" or "frontend_integer"
std::vector<RuntimeFile> runtime_files(const std::string& front_end);

/// The front end of an export by its arithmetic.
inline std::string front_end_file(bool integer) { return integer ? "frontend_integer" : "frontend"; }

}  // namespace kws
