#include "kws/search/report_html.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <map>
#include <set>

#include "heard.h"
#include "html.h"
#include "kws/core/median.h"
#include "kws/core/table.h"
#include "kws/core/text.h"
#include "kws/search/against_published.h"
#include "kws/search/finalists.h"
#include "kws/search/ranking.h"
#include "kws/search/rungs.h"
#include "kws/search/status.h"
#include "report_data.h"
#include "studies_compared.h"

namespace kws {

namespace {

/// What the sections of the page share, found once.
struct ReportFacts {
  const StudyView& view;
  std::vector<Budget> budgets;
  std::vector<TrialFacts> ranked;   ///< all that have a result, the best first
  std::set<int> front;              ///< front(): none beats them in accuracy, memory and operations
  std::map<std::string, int> best;  ///< of the budgets that have a result: best_trial()
};

constexpr std::size_t kMostRows = 200;  ///< of a table of trials
constexpr std::size_t kMostRungs = 8;   ///< columns of the table of types
constexpr auto kNumber = HtmlTable::Kind::number;
constexpr const char* kMissing = "\u2013";

ReportFacts report_facts_of(const StudyView& view) {
  ReportFacts facts{.view = view,
                    .budgets = view.options.budgets(),
                    .ranked = filter_trials(view, {.best = std::numeric_limits<int>::max()}),
                    .front = {},
                    .best = {}};
  const auto all = [](const TrialFacts&) { return true; };
  for (const TrialFacts* trial : front(view.trials, all)) facts.front.insert(trial->proposal.number);
  for (const Budget& budget : facts.budgets) {
    if (const TrialFacts* best = best_trial(view.trials, budget.name)) facts.best[budget.name] = best->proposal.number;
  }
  return facts;
}

std::string searched_words(const ReportFacts& facts) {
  const SearchOptions& options = facts.view.options;
  const StudyStatus status = status_of(facts.view);
  std::vector<std::string> budgets, states;
  for (const Budget& budget : facts.budgets) budgets.push_back(budget.name + " (" + budget.limits_text() + ")");
  for (const auto& [state, count] : status.trials)
    states.push_back(grouped(count) + " " + std::string(state_name(state)));
  const std::vector<std::string>& types = options.types;
  return "The search looked for designs of the " + std::string(types.size() == 1 ? "type " : "types ") +
         word_list(types, " and ") + " that keep the " + (budgets.size() == 1 ? "budget " : "budgets ") +
         word_list(budgets, " and ") + ", with seed " + std::to_string(options.seed) + ". It holds " +
         counted(static_cast<long long>(facts.view.trials.size()), "trial") + " (" + word_list(states, ", ") +
         "), trained for " + counted(status.epochs, "epoch") + " in all, up to " + grouped(options.epochs) +
         " each before the finalists. Fingerprint of the recordings: " +
         (facts.view.data.empty() ? "unknown" : facts.view.data) + ".";
}

std::string paragraph(const std::string& text, const std::string& classes = "") {
  return "<p" + (classes.empty() ? "" : " class=\"" + classes + "\"") + ">" + html_text(text) + "</p>\n";
}

std::string heading(const std::string& text) { return "<h2>" + html_text(text) + "</h2>\n"; }

/// "1,000,301 (3 anew)" of a finalist.
std::string trial_words(int number) {
  return grouped(number) + (is_finalist(number) ? " (" + grouped(finalist_of(number)) + " anew)" : "");
}

const TrialFacts& trial_numbered(const ReportFacts& facts, int number) {
  return *std::ranges::find(facts.ranked, number, [](const TrialFacts& trial) { return trial.proposal.number; });
}

std::vector<std::string> best_cells(const ReportFacts& facts, const Budget& budget) {
  std::vector<std::string> cells{budget.name};
  const auto best = facts.best.find(budget.name);
  if (best == facts.best.end()) return cells;
  const TrialFacts& shown = trial_numbered(facts, best->second);
  const auto test = facts.view.tests.find(best->second);
  const bool tested = test != facts.view.tests.end();
  for (const std::string& cell :
       {shown.proposal.design.name, accuracy_words(*shown.result()),
        tested ? accuracy_words(test->second.int8_accuracy, test->second.int8_error) : kMissing,
        shown.proposal.design.type(), trial_words(best->second), grouped(shown.rungs.back().epochs),
        percent(shown.result()->float_validation), tested ? percent(test->second.float_accuracy) : kMissing,
        grouped(shown.needs.memory_bytes), grouped(shown.needs.ops), grouped(shown.needs.firmware->flash_bytes),
        grouped(shown.needs.firmware->ram_bytes)}) {
    cells.push_back(cell);
  }
  return cells;
}

/// What a user does next with the best of a budget.
std::string next_steps(const ReportFacts& facts, const Budget& budget, const TrialFacts& best) {
  const std::string name = short_name(facts.view.study);
  const int number = best.proposal.number;
  std::string commands;
  if (const auto command = export_of(facts.view, budget, best)) commands += *command + "\n";
  commands += "kwsmith train " + shell_word(name + ":" + std::to_string(number)) + " --data DATA --epochs " +
              std::to_string(2 * best.proposal.training.all_epochs()) + " --out " +
              shell_word(budget.name + "_longer") + "\n";
  std::string takes;
  for (const Measure& row : measures()) {
    const std::optional<double> need = row.need(best.needs);
    if (!need) continue;
    const std::optional<double>& limit = budget.limits[row.id];
    takes += (takes.empty() ? "It takes " : ", ") + row.rounded_text(*need);
    if (limit) takes += " (" + fixed(100.0 * *need / *limit, 0) + " % of the limit)";
  }
  const SeedMean mean = seed_mean(facts.view.trials, best);
  if (mean.seeds > 1) {
    takes += ". Chosen by the mean of " + grouped(mean.seeds) + " seeds, " +
             percent(mean.accuracy, mean.error.value_or(0.0)) + " int8 validation";
  }
  if (!is_postgres_url(facts.view.study)) {
    const auto folder = std::filesystem::path(facts.view.study) / "best" / budget.name;
    if (const auto heard = heard_by_model(folder, best.proposal.design)) takes += ". " + heard_text(*heard);
  }
  if (const auto against = against_published(facts.view.trials, best, budget.name)) {
    takes += ". " + against_published_text(*against);
  }
  return "<h3>" + html_text(budget.name + ": " + best.proposal.design.name) + "</h3>\n" + paragraph(takes + ".") +
         "<pre class=\"commands\">" + html_lines(commands) + "</pre>\n";
}

std::string best_section(const ReportFacts& facts) {
  // What a phone shows without scrolling comes first.
  const std::vector<HtmlTable::Column> columns = {{"budget"},
                                                  {"design"},
                                                  {"int8 validation", kNumber},
                                                  {"int8 test", kNumber},
                                                  {"type"},
                                                  {"trial", kNumber},
                                                  {"epochs", kNumber},
                                                  {"float validation", kNumber},
                                                  {"float test", kNumber},
                                                  {"memory, bytes", kNumber},
                                                  {"operations", kNumber},
                                                  {"flash, bytes", kNumber},
                                                  {"RAM, bytes", kNumber}};
  HtmlTable table("The best design of each budget by int8 validation accuracy; flash and RAM of the export for core " +
                      std::string(core_name(facts.budgets.front().core)),
                  columns);
  constexpr std::size_t kTested = 3;  // column of the test split
  std::vector<std::string> without;
  bool tested = true;
  for (const Budget& budget : facts.budgets) {
    std::vector<std::string> cells = best_cells(facts, budget);
    if (cells.size() == 1) without.push_back(budget.name);
    cells.resize(columns.size(), kMissing);
    tested = tested && cells[kTested] != kMissing;
    table.add(cells);
  }
  std::string notes;
  for (const Budget& budget : facts.budgets) {
    const auto best = facts.best.find(budget.name);
    if (best == facts.best.end()) continue;
    notes += next_steps(facts, budget, trial_numbered(facts, best->second));
  }
  if (!without.empty())
    notes += paragraph("No trial that keeps " + word_list(without, " or ") + " has a result.", "note");
  if (!tested) notes += paragraph("The test split is read once, at the end of the search.", "note");
  return heading("Best design of each budget") + table.html() + notes;
}

/// At most kMostRungs, the first and the last among them.
std::vector<int> rung_columns(const SearchOptions& options) {
  std::vector<int> rungs = rungs_of(options.schedule());
  if (rungs.size() <= kMostRungs) return rungs;
  std::vector<int> some;
  for (std::size_t i = 0; i < kMostRungs; ++i) some.push_back(rungs[i * (rungs.size() - 1) / (kMostRungs - 1)]);
  return some;
}

/// int8 validation accuracy of a type's trials at a rung, finalists left out.
std::vector<double> accuracies_at(const ReportFacts& facts, const std::string& type, int epochs) {
  std::vector<double> accuracies;
  for (const Trial& trial : facts.view.trials) {
    if (trial.proposal.design.type() != type || is_finalist(trial.proposal.number)) continue;
    for (const Rung& rung : trial.rungs) {
      if (rung.result && rung.epochs == epochs) accuracies.push_back(rung.result->int8_validation);
    }
  }
  return accuracies;
}

std::string types_section(const ReportFacts& facts) {
  const std::vector<int> rungs = rung_columns(facts.view.options);
  std::vector<HtmlTable::Column> columns = {{"type"},
                                            {"trials", kNumber},
                                            {"finalists", kNumber},
                                            {"best", kNumber},
                                            {"median after " + counted(rungs.front(), "epoch"), kNumber}};
  for (const int rung : rungs) columns.push_back({"measured after " + grouped(rung), kNumber});
  HtmlTable table(
      "Trials of each network type; best and median of int8 validation accuracy; the last columns count "
      "the trials without finalists",
      columns);
  for (const std::string& type : network_types()) {
    const std::vector<TrialFacts> trials = filter_trials(facts.view, {.type = type});
    if (trials.empty()) continue;
    const auto finalists =
        std::ranges::count_if(trials, [](const Trial& one) { return is_finalist(one.proposal.number); });
    const auto best =
        std::ranges::find_if(facts.ranked, [&](const Trial& trial) { return trial.proposal.design.type() == type; });
    const std::vector<double> first = accuracies_at(facts, type, rungs.front());
    std::vector<std::string> cells = {type, grouped(static_cast<long long>(trials.size()) - finalists),
                                      grouped(finalists),
                                      best == facts.ranked.end() ? kMissing : accuracy_words(*best->result()),
                                      first.empty() ? kMissing : percent(median(first))};
    for (const int rung : rungs) {
      cells.push_back(grouped(static_cast<long long>(accuracies_at(facts, type, rung).size())));
    }
    table.add(cells);
  }
  return heading("Network types") + table.html();
}

/// The line below a table that does not hold all its rows.
std::string left_out(std::size_t rows) {
  if (rows <= kMostRows) return "";
  return paragraph(
      "Left out here: " + counted(static_cast<long long>(rows - kMostRows), "more trial") + "; trials.csv has all.",
      "note");
}

std::string trials_section(const ReportFacts& facts) {
  HtmlTable table("Trials that have a result, by int8 validation accuracy, the best first",
                  {{"trial", kNumber},
                   {"design"},
                   {"type"},
                   {"keeps"},
                   {"state"},
                   {"epochs", kNumber},
                   {"int8 validation", kNumber},
                   {"float validation", kNumber},
                   {"memory, bytes", kNumber},
                   {"operations", kNumber},
                   {"flash, bytes", kNumber},
                   {"RAM, bytes", kNumber},
                   {"none beats it"}});
  for (std::size_t i = 0; i < std::min(kMostRows, facts.ranked.size()); ++i) {
    const TrialFacts& trial = facts.ranked[i];
    const int number = trial.proposal.number;
    table.add({trial_words(number), trial.proposal.design.name, trial.proposal.design.type(),
               word_list(trial.fits, ", "), std::string(state_name(trial.state)), grouped(trial.rungs.back().epochs),
               accuracy_words(*trial.result()), percent(trial.result()->float_validation),
               grouped(trial.needs.memory_bytes), grouped(trial.needs.ops), grouped(trial.needs.firmware->flash_bytes),
               grouped(trial.needs.firmware->ram_bytes), facts.front.contains(number) ? "yes" : ""});
  }
  return heading("Trials") + table.html() + left_out(facts.ranked.size());
}

std::string failures_section(const StudyView& view) {
  const std::vector<TrialFacts> failed = filter_trials(view, {.state = std::string(state_name(TrialState::failed))});
  if (failed.empty()) return heading("Failures") + paragraph("No trial has failed.");
  HtmlTable table("Trials that failed, and why",
                  {{"trial", kNumber}, {"design"}, {"type"}, {"reason", HtmlTable::Kind::prose}});
  for (std::size_t i = 0; i < std::min(kMostRows, failed.size()); ++i) {
    const Proposal& proposal = failed[i].proposal;
    table.add({trial_words(proposal.number), proposal.design.name, proposal.design.type(), failed[i].reason});
  }
  return heading("Failures") + table.html() + left_out(failed.size());
}

/// The part that needs no scripts.
std::string study_section(const ReportFacts& facts, bool alone) {
  const StudyView& view = facts.view;
  const auto waiting = std::ranges::count(view.trials, TrialState::waiting, &Trial::state);
  std::string body = (alone ? "" : heading("Search: " + short_name(view.study))) + paragraph(searched_words(facts));
  if (waiting > 0 || view.trials.empty()) body += paragraph("The search has not come to its end.");
  body += best_section(facts);
  if (facts.ranked.empty()) body += paragraph("No trial has a result yet.");
  return body;
}

std::string tables_section(const ReportFacts& facts) {
  std::string body;
  if (std::ranges::any_of(facts.view.trials, begun)) body += types_section(facts);
  // Scripts put a table in its place that sorts and filters.
  if (!facts.ranked.empty()) body += "<section class=\"still\">\n" + trials_section(facts) + "</section>\n";
  return body + failures_section(facts.view);
}

}  // namespace

std::string report_html(std::span<const StudyView> views, ReportUse use) {
  std::string name, above, below;
  for (const StudyView& view : views) {
    name += (name.empty() ? "" : ", ") + short_name(view.study);
    const ReportFacts facts = report_facts_of(view);
    above += study_section(facts, views.size() == 1);
    below += tables_section(facts);
  }
  above += studies_compared(views);
  return filled_page("page.html", {{"served", use == ReportUse::served ? " data-served=\"true\"" : ""},
                                   {"connect", use == ReportUse::served ? "; connect-src 'self'" : ""},
                                   {"title", html_text("kwsmith: " + name)},
                                   {"above", "<h1>Search: " + html_text(name) + "</h1>\n" + above},
                                   {"below", below},
                                   {"data", script_text(report_data(views))}});
}

std::string report_html(const StudyView& view) { return report_html({&view, 1}); }

}  // namespace kws
