#include "kws/cost/cost.h"

#include <algorithm>
#include <iostream>
#include <memory>

#include "cli.h"
#include "design_source.h"
#include "kws/core/table.h"
#include "kws/core/text.h"
#include "kws/cost/budget.h"
#include "kws/cost/stream_plan.h"
#include "log.h"
#include "rows.h"
#include "target.h"

namespace kws::cli {
namespace {

struct CostOptions {
  std::vector<std::string> files;
  std::string budget;
  Target target;
  int hop_ms = 0;
  bool carry_state = false;
  std::vector<std::string> changes;
  bool layers = false;
  bool design = false;
  Output format;
};

/// A figure of a column as people or as programs read it.
std::string figure(const char* column, const Json& number, Format format) {
  return whole_number(column, number.get<long long>(), format);
}

Table summary_table(const Json& designs, Format format) {
  std::vector<std::string> columns = {"name", "type", "parameters", "macs", "memory_bytes", "ops"};
  for (const Budget& budget : standard_budgets()) columns.push_back(budget.name);
  const std::string core = designs.front()["firmware"]["core"];
  columns.insert(columns.end(), {"arena_bytes", "weight_bytes", "flash_bytes", "ram_bytes", core + "_cycles_low",
                                 core + "_cycles_high", "hop_ms", "ops_per_second"});
  Table table(columns);
  for (const Json& design : designs) {
    const Json& rule = design["hello_edge"];
    std::vector<std::string> cells = {design["name"], design["type"]};
    for (const char* name : {"parameters", "macs"}) cells.push_back(figure(name, design[name], format));
    for (const char* name : {"memory_bytes", "ops"}) cells.push_back(figure(name, rule[name], format));
    for (const Budget& budget : standard_budgets()) {
      const bool fits = std::find(rule["fits"].begin(), rule["fits"].end(), budget.name) != rule["fits"].end();
      cells.emplace_back(fits ? "yes" : "no");
    }
    const Json& firmware = design["firmware"];
    for (const char* name : {"arena_bytes", "weight_bytes", "flash_bytes", "ram_bytes"}) {
      cells.push_back(figure(name, firmware[name], format));
    }
    for (const char* end : {"low", "high"}) cells.push_back(figure("cycles", firmware["cycles"][core][end], format));
    for (const char* name : {"hop_ms", "ops_per_second"}) cells.push_back(figure(name, firmware[name], format));
    table.add(std::move(cells));
  }
  return table;
}

Table layer_table(const Json& designs, Format format) {
  const std::vector<std::string> figures = {"parameters", "macs", "ops", "working_bytes", "weight_bytes"};
  std::vector<std::string> columns = {"name", "layer", "op", "output"};
  columns.insert(columns.end(), figures.begin(), figures.end());
  const std::string core = designs.front()["firmware"]["core"];
  columns.push_back(core + "_instructions");
  Table table(columns);
  for (const Json& design : designs) {
    for (const Json& layer : design["layers"]) {
      const Json& out = layer["output"];
      std::vector<std::string> cells = {design["name"], layer["name"], layer["op"],
                                        out[0].dump() + "x" + out[1].dump() + "x" + out[2].dump()};
      for (const std::string& name : figures) cells.push_back(figure(name.c_str(), layer[name], format));
      cells.push_back(figure("instructions", layer["instructions"][core], format));
      table.add(std::move(cells));
    }
  }
  return table;
}

/// A row per design: what it takes of a board, in every format by the same columns; in a table first what decides.
Table board_table(const Json& designs, Format format) {
  Table table({"name", "board", "core", "flash_bytes", "ram_bytes", "fits", "hop_ms", "ms_low", "ms_high", "load_low",
               "load_high", "ops_per_second"});
  for (const Json& design : designs) {
    const Json& use = design["board"];
    std::vector<std::string> cells = {design["name"], use["name"], use["core"]};
    for (const char* name : {"flash_bytes", "ram_bytes"}) cells.push_back(figure(name, use[name], format));
    cells.emplace_back(use["fits"].get<bool>() ? "yes" : "no");
    cells.push_back(figure("hop_ms", use["hop_ms"], format));
    for (const Json& ms : use["ms"]) cells.push_back(fixed(ms.get<double>(), 2));
    for (const Json& load : use["load"]) {
      cells.push_back(format == Format::table ? percent(load.get<double>()) : fixed(load.get<double>(), 4));
    }
    cells.push_back(figure("ops_per_second", use["ops_per_second"], format));
    table.add(std::move(cells));
  }
  if (format != Format::table) return table;
  return table.first({"name", "board", "fits", "flash_bytes", "ram_bytes", "load_high", "ms_high", "hop_ms"});
}

void print(const Json& designs, const CostOptions& options) {
  if (options.format == Format::json) {
    std::cout << text_of(cost_document(designs), 2) << '\n';
    return;
  }
  const bool board = designs.front().contains("board");
  const Table table = options.layers ? layer_table(designs, options.format)
                      : board        ? board_table(designs, options.format)
                                     : summary_table(designs, options.format);
  print_table(table, options.format);
  if (board && options.format == Format::table) {
    std::cout << "times: " << designs.front()["board"]["basis"].get<std::string>() << '\n';
  }
}

/// A hop is a whole number of frames; export refuses another, here designs of different strides stand beside each other.
void tell_hops(const std::vector<Design>& designs, const Json& rows, int hop_ms, bool carry_state) {
  for (std::size_t i = 0; i < designs.size(); ++i) {
    const Json& counted = rows[i]["firmware"]["hop_ms"];
    if (hop_ms == 0) continue;
    if (const auto plan = carry_state ? plan_carried(build_graph(designs[i])) : std::nullopt) {
      const int step_ms = plan->frames * designs[i].features.stride_ms;
      if (counted.get<int>() % step_ms != 0) {
        log().warn(
            "{}: counted by whole windows; its state is carried on by {} ms, of which --hop-ms {} is no multiple",
            designs[i].name, step_ms, hop_ms);
      }
    }
    if (counted == hop_ms) continue;
    log().warn("{}: counted for a decision every {} ms; --hop-ms {} is no multiple of its frame stride, {} ms",
               designs[i].name, counted.get<int>(), hop_ms, designs[i].features.stride_ms);
  }
}

/// A line for every design that breaks a limit.
int complain(const std::vector<Design>& designs, const std::vector<Budget>& budgets, const FirmwareOptions& firmware) {
  Exit exit = Exit::done;
  for (const Design& design : designs) {
    for (const Budget& budget : budgets) {
      const std::string line = over_budget(design, budget, firmware);
      if (line.empty()) continue;
      std::cerr << "kwsmith: " << printable(line) << '\n';
      exit = Exit::over_budget;
    }
  }
  return static_cast<int>(exit);
}

int run(const CostOptions& options) {
  const Budget budget = options.budget.empty() ? Budget{} : budget_by_name(options.budget);
  const Budget own = options.target.budget();
  const std::optional<Board> board = options.target.board();
  const FirmwareOptions firmware{.hop_ms = options.hop_ms, .carry_state = options.carry_state};
  std::vector<Design> designs;
  Json rows = Json::array();
  for (const std::string& file : options.files) {
    const Design& design = designs.emplace_back(design_named(file, options.changes));
    rows.push_back(cost_to_json(design, board, own, firmware));
  }
  if (options.design) {
    for (const Design& design : designs) std::cout << text_of(design_to_json(design), 2) << '\n';
  } else {
    print(rows, options);
  }
  std::cout.flush();
  tell_hops(designs, rows, options.hop_ms, options.carry_state);
  const int exit = complain(designs, {budget, own}, firmware);
  for (const Design& design : designs) {
    if (exit != 0) break;
    if (const std::string line = board ? advice(*board, design) : ""; !line.empty()) log().warn(line);
  }
  return exit;
}

}  // namespace

void add_cost(CLI::App& app, Common& common) {
  CLI::App* verb = app.add_subcommand(
      "cost", "Count memory, operations, flash, RAM and time of designs, before anything is trained");
  const auto options = std::make_shared<CostOptions>();
  verb->add_option("DESIGN", options->files, kDesignHelp)->required();
  verb->add_option("--set", options->changes, "PATH=VALUE: look at a changed design, such as network.conv.filters=48")
      ->allow_extra_args(false);
  verb->add_flag("--design", options->design, "print the design file instead of its cost");
  verb->add_option("--budget", options->budget, "small, medium or large: exit 5 if a design breaks it");
  options->target.add_to(*verb);
  verb->add_option("--hop-ms", options->hop_ms, kHopHelp)->check(CLI::Range(0, kLongestHop));
  verb->add_flag("--carry-state", options->carry_state, kCarryHelp);
  verb->add_flag("--layers", options->layers, "a row per layer instead of a row per design");
  add_format(*verb, options->format);
  verb->callback([options, &common] { common.exit_code = run(*options); });
}

}  // namespace kws::cli
