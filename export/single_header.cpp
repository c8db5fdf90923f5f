#include "single_header.h"

#include <set>
#include <sstream>

#include "c_text.h"

namespace kws {

namespace {

/// Puts files in the place of the #include lines that name them.
class Joiner {
 public:
  Joiner(const std::map<std::string, std::string>& files, std::string comment)
      : files_(files), comment_(std::move(comment)) {}

  std::string expand(const std::string& name) {
    std::string text = files_.at(name);
    if (text.starts_with(comment_)) text.erase(0, comment_.size());
    std::istringstream lines(text);
    std::string line, result;
    while (std::getline(lines, line)) {
      const std::string included = quoted_include(line);
      if (included.empty()) {
        result += line + "\n";
      } else if (!seen_.contains(included)) {
        // Files without an include guard are wanted each time.
        if (has_guard(included)) seen_.insert(included);
        result += expand(included);
      }
    }
    return result;
  }
  std::string expand_once(const std::string& name) { return seen_.insert(name).second ? expand(name) : ""; }

 private:
  [[nodiscard]] bool has_guard(const std::string& name) const {
    const std::string stem = name.substr(0, name.size() - 2);
    return files_.at(name).find("#ifndef " + upper(stem) + "_H\n") != std::string::npos;
  }
  /// The file's name in `#include "NAME"`, else "".
  [[nodiscard]] static std::string quoted_include(const std::string& line) {
    const std::string start = "#include \"";
    if (!line.starts_with(start)) return "";
    return line.substr(start.size(), line.find('"', start.size()) - start.size());
  }

  const std::map<std::string, std::string>& files_;
  std::string comment_;
  std::set<std::string> seen_;
};

}  // namespace

std::string single_header(const std::vector<RuntimeFile>& list, const std::map<std::string, std::string>& files,
                          const std::string& prefix, const std::string& comment) {
  Joiner joiner(files, comment);
  const std::string macro = upper(prefix) + "_IMPLEMENTATION";
  std::string declarations, code;
  for (const RuntimeFile& file : list) {
    const std::string name = prefix + file.name;
    if (!files.contains(name) || file.part == RuntimeFile::Part::inside) continue;
    if (file.part == RuntimeFile::Part::declarations) {
      declarations += joiner.expand_once(name);
    } else {
      code += "\n" + joiner.expand(name);
    }
  }
  return comment + "\n/* All of this export in one file. In one C or C++ file, alone:\n *\n *   #define " + macro +
         "\n *   #include \"" + prefix + "_single.h\"\n *\n * and in all others the #include line. */\n" +
         declarations + "\n#ifdef " + macro + "\n" + code + "\n#endif\n";
}

}  // namespace kws
