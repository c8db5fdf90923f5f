#include "cli.h"

#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <string>
#include <thread>

#include "help.h"
#include "kws/train/trainer.h"
#include "log.h"

namespace kws::cli {

int Common::thread_count() const {
  if (threads > 0) return threads;
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

void get_ready_to_train() {
  if (const std::string warning = prepare_training(); !warning.empty()) log().warn(warning);
}

CLI::Validator in_range(double low, double high) {
  return {[low, high](std::string& text) -> std::string {
            double value = 0.0;
            if (CLI::detail::lexical_cast(text, value) && value >= low && value <= high) return "";
            return "value " + text + " not in range [" + fixed(low, 2) + " - " + fixed(high, 2) + "]";
          },
          ""};
}

CLI::Validator one_of(const std::vector<std::string>& words) {
  return {[words](std::string& text) -> std::string {
            if (std::ranges::find(words, text) != words.end()) return "";
            std::string known;
            for (const std::string& word : words) known += (known.empty() ? "" : ", ") + word;
            return "\"" + text + "\" is none of " + known;
          },
          ""};
}

void add_format(CLI::App& verb, Output& output, const std::string& other, const std::string& meaning) {
  const std::map<std::string, Format> names = {{"table", Format::table}, {"json", Format::json}, {"csv", Format::csv}};
  if (other.empty()) {
    verb.add_option("--format", output.format, "table, json or csv")->transform(one_of(names))->default_str("table");
  } else {
    const auto choose = [&output, names, other](const std::string& word) {
      if (const auto found = names.find(word); found != names.end()) {
        output.format = found->second;
      } else {
        output.other = word;
      }
    };
    verb.add_option_function<std::string>("--format", choose, "table, json or csv; " + meaning)
        ->check(one_of({"table", "json", "csv", other}))
        ->default_str("table");
  }
  verb.add_flag_callback(
          "--json", [&output] { output.format = Format::json; }, "short for --format json")
      ->excludes("--format");
  verb.add_flag("--wide", output.wide, "all columns of a table, however narrow the terminal");
  verb.add_option("--columns", output.columns, "only these columns of a table or CSV, separated by commas")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->excludes("--json");
}

void regroup(CLI::App& verb, const char* group, std::initializer_list<const char*> names) {
  for (const char* name : names) verb.get_option(name)->group(group);
}

void print_table(const Table& table, const Output& output) {
  if (!output.columns.empty()) return print_table(table.only(output.columns), {output.format, true, {}});
  if (output.format == Format::csv) {
    std::cout << table.csv();
    return;
  }
  if (output.wide || ::isatty(STDOUT_FILENO) == 0) {
    std::cout << table.text();
    return;
  }
  const std::size_t width = terminal_width(STDOUT_FILENO);
  std::cout << table.text(width) << std::flush;
  std::string names;
  for (const std::string& name : table.left_out(width)) names += (names.empty() ? "" : ", ") + name;
  if (!names.empty()) log().info("left out for want of width: {}; --wide shows them, --columns chooses", names);
}

std::string flag_of(std::string name) {
  std::ranges::replace(name, '_', '-');
  return "--" + name;
}

void Flags::operator()(const char* name, bool /*value*/, const char* help) {
  verb_
      .add_flag_callback(
          flag_of(name), [this, name] { given_[name] = true; }, help)
      ->group(group_);
}

void Flags::add(const std::string& name, const std::string& default_text, const std::string& help) {
  verb_
      .add_option_function<std::string>(
          flag_of(name),
          [this, name](const std::string& text) {
            // A number is read as a number; anything else stays text, and the strict reader says what is wrong with it.
            const Json value = Json::parse(text, nullptr, false);
            given_[name] = value.is_number() || value.is_boolean() ? value : Json(text);
          },
          help)
      ->default_str(default_text)
      ->group(group_);
}

}  // namespace kws::cli
