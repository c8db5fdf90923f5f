#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace kws::cli {

/// How a verb that takes a model describes its argument.
constexpr const char* kModelHelp = "model folder, or a name of `list models`";

/// Where the designs, recipes and models lie that come with the program: beside the sources it was built from, or where
/// it was installed; else "configs".
std::filesystem::path config_folder();

/// Where training options lie: a file, or a recipe that comes with the program, by its name.
///   throws  Error (Exit::usage) when there is neither
std::filesystem::path recipe_file(const std::string& word);

/// The folder of the model that a user means: the one of that path, else the one of that name among those that come
/// with the program.
///   throws  Error (Exit::usage) when there is neither
std::filesystem::path model_folder(const std::string& word);
/// The folder of the model of that name that comes with the program; nothing: there is none.
std::optional<std::filesystem::path> shipped_model(const std::string& name);
/// Whether what model_folder() finds comes with the program.
bool comes_with_program(const std::string& word);

}  // namespace kws::cli
