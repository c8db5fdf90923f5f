#pragma once

#include <CLI/CLI.hpp>
#include <initializer_list>
#include <map>
#include <string>
#include <vector>

#include "kws/core/options.h"
#include "kws/core/table.h"

namespace kws::cli {

/// Options every verb has, and what it leaves behind.
struct Common {
  int threads = 0;  ///< 0: all cores of the machine
  bool quiet = false;
  bool verbose = false;
  bool no_color = false;
  int exit_code = 0;  ///< set by a verb that ends in order but not with 0
  [[nodiscard]] int thread_count() const;
};

enum class Format { table, json, csv };

/// prepare_training(), its warning told.
void get_ready_to_train();

/// Like CLI::Range; NaN lies in no range.
CLI::Validator in_range(double low, double high);

/// Names of an enumeration's values, and no others.
template <class Enum>
CLI::Validator one_of(const std::map<std::string, Enum>& names) {
  return {[names](std::string& text) -> std::string {
            const auto found = names.find(text);
            if (found != names.end()) {
              text = std::to_string(static_cast<int>(found->second));
              return "";
            }
            std::string known;
            for (const auto& [name, value] : names) known += (known.empty() ? "" : ", ") + name;
            return "\"" + text + "\" is none of " + known;
          },
          ""};
}

/// Some words, and no others.
CLI::Validator one_of(const std::vector<std::string>& words);

/// How a verb prints its results.
struct Output {
  Format format = Format::table;
  bool wide = false;                 ///< all columns, whatever the terminal's width
  std::vector<std::string> columns;  ///< only these; empty: all
  std::string other = {};            ///< a format of the verb's own that was asked for instead
  operator Format() const { return format; }
};

/// Adds --format table|json|csv, --json, --wide and --columns to a verb that prints results.
///   other  one more format, and what it means
void add_format(CLI::App& verb, Output& output, const std::string& other = "", const std::string& meaning = "");

/// To standard output, as table or CSV. On a terminal columns that do not fit are left out, and named on stderr.
void print_table(const Table& table, const Output& output);

/// Titles of the help under which options stand that limit a design, and those that few need.
inline constexpr const char* kLimits = "Limits";
inline constexpr const char* kAdvanced = "Advanced";
/// Moves options of a verb under another title.
void regroup(CLI::App& verb, const char* group, std::initializer_list<const char*> names);

/// "--max-flash" of "max_flash".
std::string flag_of(std::string name);

/// Visitor of describe(): turns every field into a flag `--name-with-dashes`. Values given are collected as JSON, so
/// that one reader checks ranges for flags and files alike: defaults < config file < flags.
class Flags {
 public:
  Flags(CLI::App& verb, std::string group) : verb_(verb), group_(std::move(group)) {}
  template <class Value, class Low, class High>
  void operator()(const char* name, Value& value, Low low, High high, const char* help) {
    add(name, text_of(Json(value)), text_of(Json(low)) + " to " + text_of(Json(high)) + "; " + help);
  }
  void operator()(const char* name, bool value, const char* help);
  void later(const char* name, int& value, int /*missing*/, int low, int high, const char* help) {
    (*this)(name, value, low, high, help);
  }
  void later(const char* name, double& value, double /*missing*/, double low, double high, const char* help) {
    (*this)(name, value, low, high, help);
  }
  void later(const char* name, bool value, const char* help) { (*this)(name, value, help); }
  void later(const char* name, const std::string& value, const char* help) { add(name, value, help); }
  void later(const char*, const std::vector<int>&, int, int, const char*) {}  // a file's alone
  void choice(const char* name, const std::string& value, const std::vector<std::string>& known, const char* help) {
    std::string names;
    for (const std::string& one : known) names += (names.empty() ? "" : ", ") + one;
    add(name, value, names + "; " + help);
  }
  void limit(const char* name, const std::optional<double>& /*value*/, Amount /*amount*/, const char* help) {
    add(name, "0", std::string(help) + "; 0: no limit");
    regroup(verb_, kLimits, {flag_of(name).c_str()});
  }
  /// The values the user gave, for read_options().
  [[nodiscard]] const Json& given() const { return given_; }

 private:
  void add(const std::string& name, const std::string& default_text, const std::string& help);
  CLI::App& verb_;
  std::string group_;
  Json given_ = Json::object();
};

void add_data(CLI::App& app, Common& common);
void add_cost(CLI::App& app, Common& common);
void add_design(CLI::App& app, Common& common);
void add_train(CLI::App& app, Common& common);
void add_quantize(CLI::App& app, Common& common);
void add_eval(CLI::App& app, Common& common);
void add_listen(CLI::App& app, Common& common);
void add_export(CLI::App& app, Common& common);
void add_search(CLI::App& app, Common& common);
void add_worker(CLI::App& app, Common& common);
void add_status(CLI::App& app, Common& common);
void add_trials(CLI::App& app, Common& common);
void add_pareto(CLI::App& app, Common& common);
void add_report(CLI::App& app, Common& common);
void add_bench(CLI::App& app, Common& common);
void add_replay(CLI::App& app, Common& common);
void add_list(CLI::App& app, Common& common);
void add_completions(CLI::App& app, Common& common);  ///< and the man page

}  // namespace kws::cli
