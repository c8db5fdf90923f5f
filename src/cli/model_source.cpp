#include "model_source.h"

#include <algorithm>
#include <array>
#include <system_error>
#include <vector>

#include "kws/core/error.h"
#include "kws/core/options.h"
#include "log.h"

namespace kws::cli {

namespace fs = std::filesystem;

fs::path config_folder() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error).parent_path();
  const std::array candidates = {program / KWS_CONFIG_FOLDER, program / "../../configs"};  // installed, build/PRESET
  const auto found =
      std::ranges::find_if(candidates, [](const fs::path& folder) { return fs::exists(folder / "recipes"); });
  return found == candidates.end() ? fs::path("configs") : found->lexically_normal();
}

static bool is_model(const fs::path& path) { return fs::exists(path / "model.json"); }
static bool is_file(const fs::path& path) { return fs::is_regular_file(path); }

/// `word` where it is there, else what goes by that name in a folder of config_folder().
///   kind  "model" or "recipe"; "s" behind it is the folder
///   end   of the file's name behind the name
///   is_one  whether a path is one: something else of that name may be there
static fs::path named(const std::string& word, const std::string& kind, const std::string& end,
                      bool (*is_one)(const fs::path&)) {
  if (is_one(word)) return word;
  const fs::path folder = config_folder() / (kind + "s");
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), last; !error && it != last; it.increment(error)) {
    if (it->path().extension() == end) names.push_back(it->path().stem().string());
  }
  if (std::ranges::find(names, word) != names.end()) {
    if (end.empty() && fs::exists(word)) {
      log().warn(
          "{}: the folder here holds no {}; taking the one of that name that comes with kwsmith (./{} is the folder)",
          word, kind, word);
    }
    return folder / (word + end);
  }
  if (fs::exists(word)) return word;  // whoever reads it says what is wrong with it
  const std::string near = nearest_name(word, names);
  throw Error(word + ": no such " + (end.empty() ? "folder" : "file") +
                  (near.empty() ? ", and no " + kind + " of that name; kwsmith list " + kind + "s shows them"
                                : "; did you mean the " + kind + " \"" + near + "\"?"),
              Exit::usage);
}

fs::path model_folder(const std::string& word) { return named(word, "model", "", is_model); }

std::optional<fs::path> shipped_model(const std::string& name) {
  const fs::path folder = config_folder() / "models" / name;
  if (name.empty() || fs::path(name).has_parent_path() || !fs::exists(folder / "model.json")) return {};
  return folder;
}

bool comes_with_program(const std::string& word) { return !is_model(word) && shipped_model(word).has_value(); }

fs::path recipe_file(const std::string& word) { return named(word, "recipe", ".json", is_file); }

}  // namespace kws::cli
