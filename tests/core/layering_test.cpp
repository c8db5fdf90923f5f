#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "kws/core/files.h"
#include "repository.h"

namespace kws {
namespace {

namespace fs = std::filesystem;
using Modules = std::set<std::string>;
using ModuleTable = std::map<std::string, Modules>;

const fs::path kSource = repository();

Modules split(const std::string& list) {
  Modules words;
  std::string word;
  for (const char c : list + ' ') {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_') {
      word += c;
    } else if (!word.empty()) {
      words.insert(std::exchange(word, ""));
    }
  }
  return words;
}

/// The rows "| `module` | what it does | may use |" of ARCHITECTURE.md.
ModuleTable table() {
  const std::regex row("^\\| `([a-z_]+)` \\|.*\\|([^|]*)\\|$");
  std::istringstream text(read_file(kSource / "ARCHITECTURE.md"));
  ModuleTable table;
  for (std::string line; std::getline(text, line);) {
    std::smatch match;
    if (std::regex_match(line, match, row)) table[match[1]] = split(match[2]);
  }
  return table;
}

/// The folders that hold a module's own files, headers first.
std::vector<fs::path> folders_of(const std::string& module) {
  std::vector<fs::path> folders;
  for (const fs::path& parent : {fs::path("include/kws"), fs::path("src"), fs::path()}) {
    if (fs::is_directory(kSource / parent / module)) folders.push_back(kSource / parent / module);
  }
  return folders;
}

bool is_source(const fs::path& path) {
  return path.extension() == ".h" || path.extension() == ".cpp" || path.extension() == ".c";
}

TEST(Layering, EveryModuleStandsInTheTable) {
  Modules found;
  for (const char* parent : {"src", "include/kws"}) {
    for (const auto& entry : fs::directory_iterator(kSource / parent)) found.insert(entry.path().filename().string());
  }
  Modules listed;
  for (const auto& [module, used] : table()) listed.insert(module);
  EXPECT_EQ(listed, found);
}

TEST(Layering, DependenciesPointOneWay) {
  // Taking away what uses nothing that is left must empty the table; a cycle would stay.
  ModuleTable rest = table();
  while (!rest.empty()) {
    const auto free = std::find_if(rest.begin(), rest.end(), [](const auto& row) { return row.second.empty(); });
    ASSERT_NE(free, rest.end()) << "a cycle through " << rest.begin()->first;
    const std::string module = free->first;
    rest.erase(free);
    for (auto& [name, used] : rest) used.erase(module);
  }
}

TEST(Layering, IncludesKeepToTheTable) {
  const std::regex include("^#include \"(kws/([a-z_]+)/[a-z_0-9]+\\.h)\"");
  int checked = 0;
  for (const auto& [module, allowed] : table()) {
    for (const fs::path& folder : folders_of(module)) {
      for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        if (!is_source(entry.path())) continue;
        std::istringstream text(read_file(entry.path()));
        for (std::string line; std::getline(text, line);) {
          std::smatch match;
          if (!std::regex_search(line, match, include) || match[2] == module) continue;
          ++checked;
          EXPECT_TRUE(allowed.contains(match[2])) << entry.path() << " includes " << match[1] << ", but the table of "
                                                  << "ARCHITECTURE.md does not let " << module << " use " << match[2];
        }
      }
    }
  }
  EXPECT_GT(checked, 100);  // else the search found no files
}

TEST(Layering, HeavyHeadersStayInTheirModule) {
  const std::map<std::string, std::string> homes = {{"<torch/", "src/torch/"},  {"<onnx/", "src/onnx/"},
                                                    {"<CLI/", "src/cli/"},      {"<sndfile", "datasets/"},
                                                    {"<SQLiteCpp/", "search/"}, {"<event2/", "src/serve/"}};
  for (const char* parent : {"src", "include", "datasets", "search", "export"}) {
    for (const auto& entry : fs::recursive_directory_iterator(kSource / parent)) {
      if (!is_source(entry.path())) continue;
      const std::string text = read_file(entry.path());
      const std::string path = fs::relative(entry.path(), kSource).generic_string();
      for (const auto& [header, home] : homes) {
        EXPECT_TRUE(path.starts_with(home) || text.find("#include " + header) == std::string::npos)
            << path << " includes " << header << "...>, which belongs to " << home;
      }
    }
  }
}

}  // namespace
}  // namespace kws
