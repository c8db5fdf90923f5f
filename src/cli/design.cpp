#include <filesystem>
#include <iostream>
#include <memory>

#include "cli.h"
#include "design_source.h"
#include "kws/core/files.h"
#include "kws/cost/budget.h"
#include "kws/search/designer.h"
#include "kws/search/view.h"
#include "log.h"
#include "serving.h"
#include "target.h"

namespace kws::cli {
namespace {

struct DesignVerb {
  std::string design, study, out;
  Target target;
  int hop_ms = 0;
  bool carry_state = false;
  Serving serving;
};

/// The first known design that keeps what is asked for.
Design first_known(const Budget& budget, const FirmwareOptions& firmware) {
  std::vector<Design> designs = known_designs();
  for (Design& design : designs) {
    if (over_budget(design, budget, firmware).empty()) return std::move(design);
  }
  return std::move(designs.front());
}

DesignerOptions page_options(const DesignVerb& verb) {
  DesignerOptions options;
  options.firmware = {.hop_ms = verb.hop_ms, .carry_state = verb.carry_state};
  const Budget own = verb.target.budget();
  const std::optional<Board> board = verb.target.board();
  options.start = verb.design.empty() ? first_known(own, options.firmware) : design_named(verb.design);
  options.budgets = standard_budgets();
  // Limits that no board brings stand beside the published budgets.
  if (!board && (own.limits.limits(true) || own.limits.limits(false))) options.budgets.push_back(own);
  if (board) {
    options.places.push_back({*board, own, verb.target.board_text});
    options.board = board->name;
  }
  for (const Board& other : standard_boards()) {
    if (!board || other.name != board->name)
      options.places.push_back({other, verb.target.budget_on(other), other.name});
  }
  options.core = own.core;
  if (!verb.target.core.empty()) options.flags += " --core " + verb.target.core;
  for (const Measure& measure : measures()) {
    if (const std::optional<double>& limit = verb.target.given[measure.id])
      options.flags += " " + flag_of(measure.option) + " " + measure.json(*limit).dump();
  }
  options.study = verb.study;
  options.file = verb.out;
  return options;
}

/// What the page says of its view: the chosen board and how the network runs there.
struct View {
  std::string board;
  FirmwareOptions firmware;
};

View view_asked(const WebRequest& request) {
  View view;
  if (const auto found = request.query.find("board"); found != request.query.end()) view.board = found->second;
  if (const auto found = request.query.find("hop_ms"); found != request.query.end()) {
    const Json value = Json::parse(found->second, nullptr, false);
    if (!value.is_number_integer() || value < 0 || value > kLongestHop) {
      throw Error("hop_ms: " + found->second + " is out of range; 0 to " + std::to_string(kLongestHop), Exit::usage);
    }
    view.firmware.hop_ms = value;
  }
  const auto carry = request.query.find("carry_state");
  view.firmware.carry_state = carry != request.query.end() && carry->second == "true";
  return view;
}

WebAnswer json_answer(const Json& json) { return {.body = text_of(json, 2) + "\n"}; }

void add_pages(LocalServer& server, const DesignerOptions& options) {
  const auto design_in = [](const WebRequest& request) {
    return design_from_json(parse_json(request.body, "design"), "design");
  };
  server.get("/", [&](const WebRequest&) { return WebAnswer{.body = designer_html(options), .type = "text/html"}; });
  server.post("/api/dials", [](const WebRequest& request) {
    return json_answer(turned_design(parse_json(request.body, "request")));
  });
  server.post("/api/cost", [&, design_in](const WebRequest& request) {
    const View view = view_asked(request);
    const Place* place = place_named(options, view.board);
    const std::optional<Board> board = place == nullptr ? std::nullopt : std::optional(place->board);
    const Budget budget = place == nullptr ? Budget{.name = {}, .limits = {}, .core = options.core} : place->budget;
    return json_answer(cost_document(Json::array({cost_to_json(design_in(request), board, budget, view.firmware)})));
  });
  server.post("/api/fit", [&, design_in](const WebRequest& request) {
    const View view = view_asked(request);
    return json_answer(fit_of(options, design_in(request), view.board, view.firmware));
  });
  server.get("/api/landmarks", [&](const WebRequest& request) {
    const View view = view_asked(request);
    std::optional<StudyView> study;
    if (!options.study.empty()) study = view_study(options.study);
    return json_answer(landmarks_of(options, study ? &*study : nullptr, view.board, view.firmware));
  });
  if (options.file.empty()) return;
  server.post("/api/save", [&, design_in](const WebRequest& request) {
    write_file(options.file, text_of(design_to_json(design_in(request)), 2) + "\n");
    log().info("saved {}", options.file);
    return WebAnswer{.body = "saved " + options.file + "\n", .type = "text/plain"};
  });
}

int run(const DesignVerb& verb) {
  const DesignerOptions options = page_options(verb);
  if (!verb.study.empty()) view_study(verb.study);  // what is wrong with it is said at once
  if (!verb.out.empty()) {
    const std::filesystem::path folder = std::filesystem::absolute(verb.out).parent_path();
    if (!std::filesystem::is_directory(folder)) {
      throw Error("--out: " + folder.string() + ": no such folder; make it first", Exit::usage);
    }
  }
  LocalServer server(verb.serving.port);
  add_pages(server, options);
  std::cout << server.url() << std::endl;  // at once, also into a file
  log().info("open this page in a browser of this machine; Ctrl-C ends it");
  verb.serving.show(server);
  server.run();
  return static_cast<int>(Exit::done);
}

}  // namespace

void add_design(CLI::App& app, Common& common) {
  const auto verb = std::make_shared<DesignVerb>();
  CLI::App* sub = app.add_subcommand(
      "design", "Change a design by hand on a page that shows at once what it takes, for a browser of this machine");
  sub->add_option("DESIGN", verb->design, std::string(kDesignHelp) + "; without one, a published one that fits");
  verb->target.add_to(*sub, "the page says where a design needs more");
  sub->add_option("--hop-ms", verb->hop_ms, kHopHelp)->check(CLI::Range(0, kLongestHop));
  sub->add_flag("--carry-state", verb->carry_state, kCarryHelp);
  sub->add_option("--study", verb->study, "a search, folder or URL, whose best trials are shown beside the design");
  sub->add_option("--out", verb->out, "file that the page saves the design to, besides the browser's downloads");
  verb->serving.add_to(*sub);
  sub->callback([verb, &common] { common.exit_code = run(*verb); });
}

}  // namespace kws::cli
