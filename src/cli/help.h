#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <string>
#include <vector>

namespace kws::cli {

/// Columns of the terminal that `descriptor` is, else 80.
std::size_t terminal_width(int descriptor);

/// "kwsmith data check": the verb with those above it.
std::string path_of(const CLI::App& verb);

/// The options that are shown, own ones in the order of their groups, then those of every verb.
struct OptionGroup {
  std::string title;
  std::vector<const CLI::Option*> options;
};
std::vector<OptionGroup> option_groups(const CLI::App& verb);
/// Arguments that have a place instead of a name.
std::vector<const CLI::Option*> positionals(const CLI::App& verb);
/// The verbs below one, as they are shown.
std::vector<const CLI::App*> verbs_of(const CLI::App& app);
/// "-q, --quiet" or "--seed VALUE"
std::string spelling(const CLI::Option& option);
/// Its help, with the default.
std::string explanation(const CLI::Option& option);
/// Command lines that a user may begin with.
std::vector<std::string> examples_of(const CLI::App& verb);

/// --help of the program and of its verbs, as wide as the terminal.
class Help : public CLI::FormatterBase {
 public:
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
};

/// What to type first, for who has given no verb.
std::string first_steps();

/// What the parser has found wrong, as one line with a way out.
std::string usage_line(const CLI::App& app, const CLI::ParseError& error);

}  // namespace kws::cli
