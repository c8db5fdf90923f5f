#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <memory>

#include "cli.h"
#include "kws/core/table.h"
#include "kws/cost/board.h"
#include "kws/cost/budget.h"
#include "kws/families/design.h"
#include "kws/model/model.h"
#include "model_source.h"
#include "rows.h"

namespace kws::cli {
namespace {

namespace fs = std::filesystem;

struct ListOptions {
  std::string what;
  std::string folder;
  Output format;
};

Json types() {
  Json rows = Json::array();
  for (const std::string& type : network_types()) {
    Json dials = Json::array();
    for (const Dial& dial : dials_of(type)) {
      dials.push_back({{"name", dial.name},
                       {"low", dial.range.low},
                       {"high", dial.range.high},
                       {"step", dial.range.step},
                       {"least", dial.range.least},
                       {"most", dial.range.most},
                       {"help", dial.help}});
    }
    rows.push_back({{"type", type}, {"summary", type_summary(type)}, {"dials", std::move(dials)}});
  }
  return rows;
}

/// What a search takes by default; of a dial that stands still, what a space file may ask for.
std::string range_of(const Json& dial) {
  const std::string low = dial["low"].dump();
  if (dial["low"] == dial["high"]) return low + " (" + dial["least"].dump() + " to " + dial["most"].dump() + ")";
  const int step = dial["step"];
  return low + " to " + dial["high"].dump() + (step > 1 ? " by " + std::to_string(step) : "");
}

/// One line for each type, and one for each number that a search chooses of it.
Json flat_types() {
  Json rows = Json::array();
  for (const Json& type : types()) {
    rows.push_back({{"type", type["type"]}, {"dial", ""}, {"range", ""}, {"summary", type["summary"]}});
    for (const Json& dial : type["dials"]) {
      rows.push_back(
          {{"type", type["type"]}, {"dial", dial["name"]}, {"range", range_of(dial)}, {"summary", dial["help"]}});
    }
  }
  return rows;
}

Json budgets() {
  Json rows = Json::array();
  for (const Budget& budget : standard_budgets()) {
    Json& row = rows.emplace_back(Json{{"name", budget.name}});
    for (const Measure& measure : measures()) {
      if (const auto& limit = budget.limits[measure.id]) row[measure.column] = std::llround(*limit);
    }
  }
  return rows;
}

Json boards() {
  Json rows = Json::array();
  for (const Board& board : standard_boards()) {
    rows.push_back({{"name", board.name},
                    {"core", core_name(board.core)},
                    {"clock_hz", board.clock_hz},
                    {"flash_bytes", board.flash_bytes},
                    {"ram_bytes", board.ram_bytes},
                    {"fpu", board.fpu},
                    {"summary", board.summary},
                    {"source", board.source}});
  }
  return rows;
}

Json design_row(const Design& design) {
  const CostTotals totals = hello_edge_totals(build_graph(design));
  return {{"name", design.name}, {"type", design.type()}, {"memory_bytes", totals.memory_bytes}, {"ops", totals.ops}};
}

/// Those that every verb knows by name.
Json designs() {
  Json rows = Json::array();
  for (const Design& design : known_designs()) rows.push_back(design_row(design));
  return rows;
}

fs::path folder_of(const ListOptions& options) {
  return options.folder.empty() ? config_folder() : fs::path(options.folder);
}

/// JSON files below `folder`, by path.
std::vector<fs::path> json_files(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> files;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() == ".json") files.push_back(it->path());
  }
  if (error) {
    throw Error(folder.string() + ": " + error.message() + "; name another one with --folder", Exit::usage);
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// Every model folder below `folder`, by path.
Json models(const fs::path& folder) {
  Json rows = Json::array();
  for (const fs::path& file : json_files(folder)) {
    if (file.filename() != "model.json") continue;
    const Model model = model_without_weights(file.parent_path());
    const ModelMetrics& m = model.metrics;
    Json row = design_row(model.design);
    row["keywords"] = keywords_of(model).size();
    row["epochs"] = m.epochs;
    row["seed"] = model.training.seed;
    row["float_test"] = m.float_test ? Json(*m.float_test) : Json();
    row["int8_test"] = m.int8_test ? Json(*m.int8_test) : Json();
    row["int8_test_error"] = m.int8_test_error ? Json(*m.int8_test_error) : Json();
    row["folder"] = file.parent_path().string();
    rows.push_back(std::move(row));
  }
  return rows;
}

/// Files of training options that `train --config` knows by name.
Json recipes() {
  Json rows = Json::array();
  for (const fs::path& file : json_files(config_folder() / "recipes")) {
    TrainOptions options;
    const Json given = load_json(file.string());
    read_options(given, options, file.string(), "");
    rows.push_back({{"name", file.stem().string()},
                    {"epochs", options.epochs},
                    {"tuning_epochs", options.tuning_epochs},
                    {"peak_rate", options.optimizer.peak_rate},
                    {"mask_ms", std::lround(options.mask_ms)},
                    {"gain_db", options.augment.gain_db},
                    {"dc_offset", options.augment.dc_offset}});
  }
  return rows;
}

/// Every design file below `folder`; JSON files of another schema are passed over.
Json configs(const fs::path& folder) {
  Json rows = Json::array();
  for (const fs::path& file : json_files(folder)) {
    const Json json = load_json(file.string());
    if (!json.is_object() || json.value("schema", Json()) != "kwsmith.design/1") continue;
    rows.push_back(design_row(design_from_json(json, file.string())));
    rows.back()["file"] = file.string();
  }
  return rows;
}

void print(const Json& rows, const ListOptions& options) {
  if (options.format == Format::json) {
    std::cout << text_of(Json{{"schema", "kwsmith.list/1"}, {options.what, rows}}, 2) << '\n';
    return;
  }
  if (rows.empty()) return;
  if (options.what == "models") {  // whose figures are shares
    print_rows(rows, options.format, {"name", "type", "int8_test", "memory_bytes", "ops"});
    return;
  }
  std::vector<std::string> columns;
  for (const auto& item : rows[0].items()) columns.push_back(item.key());
  Table table(columns);
  for (const Json& row : rows) {
    std::vector<std::string> cells;
    for (const Json& value : row) {
      const std::string& column = columns[cells.size()];
      cells.push_back(value.is_string()           ? value.get<std::string>()
                      : value.is_boolean()        ? std::string(value.get<bool>() ? "yes" : "no")
                      : value.is_number_integer() ? whole_number(column, value.get<long long>(), options.format)
                                                  : text_of(value));
    }
    table.add(std::move(cells));
  }
  print_table(table, options.format);
}

void run(const ListOptions& options) {
  if (!options.folder.empty() && options.what != "configs" && options.what != "models") {
    throw Error("list --folder: is looked through for configs and models alone; leave it out", Exit::usage);
  }
  print(options.what == "types"     ? (options.format == Format::json ? types() : flat_types())
        : options.what == "budgets" ? budgets()
        : options.what == "boards"  ? boards()
        : options.what == "designs" ? designs()
        : options.what == "recipes" ? recipes()
        : options.what == "models"  ? models(folder_of(options))
                                    : configs(folder_of(options)),
        options);
}

}  // namespace

void add_list(CLI::App& app, Common& /*common*/) {
  CLI::App* verb = app.add_subcommand(
      "list", "Show what there is to choose from: types, budgets, boards, designs, models, recipes or configs");
  const auto options = std::make_shared<ListOptions>();
  verb->add_option("WHAT", options->what,
                   "types, budgets, boards; designs, models and recipes that go by their names; configs: design files "
                   "of a folder")
      ->required()
      ->check(one_of({"types", "budgets", "boards", "designs", "models", "recipes", "configs"}));
  verb->add_option("--folder", options->folder,
                   "where `list configs` and `list models` look (default: what comes with kwsmith)");
  add_format(*verb, options->format);
  verb->callback([options] { run(*options); });
}

}  // namespace kws::cli
