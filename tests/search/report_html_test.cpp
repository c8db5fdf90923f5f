#include "kws/search/report_html.h"

#include <gmock/gmock.h>

#include <set>

#include "kws/core/files.h"
#include "kws/core/table.h"
#include "kws/search/finalists.h"
#include "kws/search/proposals.h"
#include "kws/search/ranking.h"
#include "kws/search/reports.h"
#include "studied.h"

namespace kws {
namespace {

using testing::FakeEvaluator;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::studied;
using testing::StudyFolder;
using testing::two_budgets;

bool is_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == ':'; }

/// What is wrong with the attributes behind a tag's name, "": nothing. Each must be ` name="value"`.
std::string attribute_fault(std::string_view rest) {
  while (!rest.empty()) {
    if (rest[0] != ' ') return "no space before an attribute";
    rest.remove_prefix(1);
    std::size_t end = 0;
    while (end < rest.size() && is_name(rest[end])) ++end;
    if (end == 0 || rest.substr(end, 2) != "=\"") return "an attribute without a quoted value";
    const std::size_t close = rest.find('"', end + 2);
    if (close == std::string_view::npos) return "an open quote";
    if (rest.substr(end + 2, close - end - 2).find('<') != std::string_view::npos) return "< in an attribute";
    rest.remove_prefix(close + 1);
  }
  return "";
}

/// What follows a `&` must be an entity that the page uses.
std::string text_fault(std::string_view text) {
  for (std::size_t at = text.find('&'); at != std::string_view::npos; at = text.find('&', at + 1)) {
    bool known = false;
    for (const std::string_view entity : {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"}) {
      known = known || text.substr(at, entity.size()) == entity;
    }
    if (!known) return "a bare &";
  }
  return text.find('>') == std::string_view::npos ? "" : "a bare >";
}

constexpr std::string_view kScriptEnd = "</script>";

/// The page without the text of its scripts, which ends at the first kScriptEnd as in browsers.
std::string without_scripts(std::string_view html) {
  std::string rest;
  for (std::size_t at = html.find("<script"); at != std::string_view::npos; at = html.find("<script")) {
    const std::size_t begin = html.find('>', at) + 1, end = html.find(kScriptEnd, begin);
    if (end == std::string_view::npos) break;
    rest += html.substr(0, begin);
    html.remove_prefix(end);
    rest += html.substr(0, kScriptEnd.size());
    html.remove_prefix(kScriptEnd.size());
  }
  return rest + std::string(html);
}

/// The text of the document that the pictures are drawn from.
std::string document_text(const std::string& html) {
  const std::string begin = R"(<script type="application/json" id="data">)";
  const std::size_t at = html.find(begin) + begin.size();
  return html.substr(at, html.find(kScriptEnd, at) - at);
}
Json document(const std::string& html) { return Json::parse(document_text(html)); }

/// Numbers of the trials that the first study's pictures have.
std::multiset<int> drawn_trials(const std::string& html) {
  const Json json = document(html);
  const auto column = std::ranges::find(json["columns"], "trial") - json["columns"].begin();
  std::multiset<int> numbers;
  for (const Json& trial : json["studies"][0]["trials"])
    numbers.insert(trial["row"][static_cast<std::size_t>(column)].get<int>());
  return numbers;
}

/// The first place where the page breaks the rules of XML, "": nowhere. Every tag must be closed, in order.
std::string fault_of(std::string_view html) {
  constexpr std::string_view kType = "<!DOCTYPE html>\n";
  if (!html.starts_with(kType)) return "no document type";
  html.remove_prefix(kType.size());
  std::vector<std::string> open;
  while (!html.empty()) {
    const std::size_t begin = html.find('<');
    const std::string_view text = html.substr(0, begin);
    if (const std::string fault = text_fault(text); !fault.empty()) return fault + " in " + std::string(text);
    if (begin == std::string_view::npos) break;
    const std::size_t end = html.find('>', begin);
    if (end == std::string_view::npos) return "an open tag";
    std::string_view tag = html.substr(begin + 1, end - begin - 1);
    html.remove_prefix(end + 1);
    if (tag.starts_with('/')) {
      if (open.empty() || open.back() != tag.substr(1)) return "</" + std::string(tag.substr(1)) + "> closes nothing";
      open.pop_back();
      continue;
    }
    const bool closed = tag.ends_with('/');
    if (closed) tag.remove_suffix(1);
    std::size_t name = 0;
    while (name < tag.size() && is_name(tag[name])) ++name;
    if (name == 0) return "a bare <";
    const std::string fault = attribute_fault(tag.substr(name));
    if (!fault.empty()) return fault + " in <" + std::string(tag) + ">";
    if (!closed) open.emplace_back(tag.substr(0, name));
  }
  return open.empty() ? "" : "<" + open.back() + "> is never closed";
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

/// What every page must be.
void expect_sound(const std::string& page) {
  EXPECT_EQ(count(page, "<script"), 3U) << "the document, d3 and ours";
  EXPECT_EQ(count(page, kScriptEnd), 3U);
  EXPECT_EQ(document_text(page).find_first_of("<>&"), std::string::npos);
  EXPECT_EQ(document(page)["schema"], "kwsmith.report/1");
  const std::string html = without_scripts(page);
  EXPECT_EQ(fault_of(html), "");
  EXPECT_THAT(html, HasSubstr("default-src 'none'"));
  for (const char* bad : {"http:", "https:", "url(", "nan", "NaN", "inf"}) {
    // The one word that looks like a number that is none.
    EXPECT_EQ(count(html, bad), std::string_view(bad) == "inf" ? count(html, "inference") : 0U) << bad;
  }
  EXPECT_EQ(count(html, "<th "), count(html, "<th scope=\""));
  EXPECT_EQ(count(html, "<th>"), 0U);
  EXPECT_EQ(count(html, "<table>"), count(html, "<caption>"));
}

/// A trial of that proposal, with its costs.
void add(StudyView& view, const Proposal& proposal) {
  const std::vector<Trial> trial{{.proposal = proposal}};
  view.trials.push_back(facts_of(trial, view.options).front());
}

StudyView empty_view() { return {.study = "none", .options = two_budgets(), .data = "recordings", .trials = {}}; }

TEST(ReportHtml, TheCheckerFindsFaults) {
  const std::string head = "<!DOCTYPE html>\n";
  EXPECT_EQ(fault_of(head + "<a b=\"1\"><c/>&amp;</a>\n"), "");
  for (const char* bad : {"<a>", "</a>", "<a><b></a></b>", "<a b=1/>", "<a b/>", "<a b=\"1/>", "<a b=\"1\"c=\"2\"/>",
                          "&", "1 < 2", "1 > 2"}) {
    EXPECT_NE(fault_of(head + bad), "") << bad;
  }
}

TEST(ReportHtml, ShowsBudgetsWinnersAndEveryTrial) {
  const StudyFolder folder;
  SearchOptions options = two_budgets();
  options.finalists = 1;
  studied(options, folder.path);
  const std::string html = read_file(folder.path / "report.html");
  expect_sound(html);
  const StudyView view = view_study(folder.path.string());
  EXPECT_EQ(report_html(view), html) << "whoever writes it";
  EXPECT_THAT(html, HasSubstr("small (81,920 bytes of memory, 6,000,000 operations) and medium (204,800"));
  EXPECT_THAT(html, HasSubstr("Fingerprint of the recordings: recordings."));
  EXPECT_THAT(html, Not(HasSubstr("not come to its end")));
  for (const Budget& budget : options.budgets()) {
    const TrialFacts& best = *best_trial(view.trials, budget.name);
    EXPECT_THAT(html, HasSubstr("<th scope=\"row\">" + budget.name + "</th><td>" + best.proposal.design.name +
                                "</td><td class=\"number\">" + percent(best.result()->int8_validation) +
                                "</td><td class=\"number\">89.00 %</td><td>" + best.proposal.design.type() + "</td>"))
        << "accuracies first, for phones";
    EXPECT_TRUE(is_finalist(best.proposal.number));
  }
  std::multiset<int> all;
  for (const Trial& trial : view.trials) all.insert(trial.proposal.number);
  EXPECT_EQ(drawn_trials(html), all);
  EXPECT_THAT(html, HasSubstr("/best/small --out firmware_small\n")) << "what comes next";
  EXPECT_THAT(html, HasSubstr("/best/medium --out firmware_medium\n")) << "into a folder of its own";
}

TEST(ReportHtml, AnExportForABoardNamesOne) {
  const StudyFolder folder;
  SearchOptions options = two_budgets();
  options.budget_names.clear();
  options.limits[MeasureId::load] = 0.8;
  options.clock_hz = 64'000'000;
  studied(options, folder.path);
  const StudyView view = view_study(folder.path.string());
  const Json study = document(report_html(view))["studies"][0];
  const std::string command = study["export"].begin().value();
  EXPECT_TRUE(command.ends_with(" --out firmware --board BOARD")) << command << ": only its user knows which";
}

TEST(ReportHtml, AnExportIsShownWhereAFolderHoldsTheModel) {
  const StudyFolder folder;
  studied(two_budgets(), folder.path);
  StudyView view = view_study(folder.path.string());
  const auto exports = [&] { return document(report_html(view))["studies"][0]["export"]; };
  EXPECT_EQ(exports().size(), 2U);
  view.study = "postgresql://host/kws";
  const std::string html = report_html(view);
  expect_sound(html);
  EXPECT_THAT(html, Not(HasSubstr("kwsmith export"))) << "neither in the document nor beside it";
  EXPECT_TRUE(exports().empty());
  EXPECT_EQ(document(html)["studies"][0]["best"].size(), 2U);
  view.study = folder.path.string();
  view.tests.clear();
  EXPECT_THAT(report_html(view), Not(HasSubstr("kwsmith export"))) << "it is written at the end of the search";
}

TEST(ReportHtml, TellsWhatTheWinnersModelHasHeard) {
  const StudyFolder folder;
  studied(two_budgets(), folder.path);
  const StudyView view = view_study(folder.path.string());
  const TrialFacts& best = *best_trial(view.trials, "small");
  const std::filesystem::path file = folder.path / "best" / "small" / "model.json";
  std::filesystem::create_directories(file.parent_path());
  const std::string told =
      "In 0.5 hours of labelled sound it finds 80.00 ± 4.00 % of 100 keywords with 2.00 false accepts an hour";
  Json model = {{"design", design_to_json(best.proposal.design)}, {"metrics", {{"epochs", 1}}}};
  write_file(file, text_of(model));
  EXPECT_THAT(report_html(view), Not(HasSubstr("labelled sound"))) << "it has not listened yet";
  model["metrics"]["heard"] = {{"hours", 0.5}, {"words", 100}, {"found", 80}, {"false_accepts", 1}};
  write_file(file, text_of(model));
  EXPECT_THAT(report_html(view), HasSubstr(told));
  model["design"]["classes"] = 11;
  write_file(file, text_of(model));
  EXPECT_THAT(report_html(view), Not(HasSubstr("labelled sound"))) << "another design";
}

TEST(ReportHtml, DrawsFromCostsCurvesAndDesigns) {
  const StudyFolder folder;
  studied(two_budgets(), folder.path);
  const StudyView view = view_study(folder.path.string());
  const Json json = document(report_html(view));
  EXPECT_EQ(json["types"], Json(network_types()));
  EXPECT_EQ(json["landmarks"].size(), known_designs().size());
  const Json& study = json["studies"][0];
  EXPECT_EQ(study["budgets"][0]["limits"]["memory_bytes"], 81920.0);
  std::size_t expected = 0;
  for (std::size_t i = 0; i < view.trials.size(); ++i) {
    const Json& drawn = study["trials"][i];
    EXPECT_EQ(drawn["row"].size(), json["columns"].size());
    EXPECT_EQ(design_hash(design_from_json(drawn["design"], "page")), design_hash(view.trials[i].proposal.design));
    EXPECT_EQ(drawn["rungs"].size(), view.trials[i].rungs.size());
    EXPECT_EQ(drawn["rungs"][0][1], view.trials[i].rungs[0].result->int8_validation);
    expected += drawn.contains("expected") ? 1U : 0U;
    std::int64_t macs = 0;
    for (const Json& layer : drawn["layers"]) macs += layer["macs"].get<std::int64_t>();
    EXPECT_EQ(macs, view.trials[i].macs) << "rows add up";
  }
  EXPECT_GT(expected, 0U);
  EXPECT_LT(expected, view.trials.size());
}

TEST(ReportHtml, ShowsSeveralStudies) {
  std::vector<StudyView> views = {empty_view(), empty_view()};
  views[1].study = "other";
  const std::string html = report_html(views);
  expect_sound(html);
  EXPECT_THAT(html, HasSubstr("<h1>Search: none, other</h1>"));
  EXPECT_EQ(document(html)["studies"][1]["name"], "other");
}

TEST(ReportHtml, ComparesTheFrontsOfStudiesThatHaveTheSameBudget) {
  const StudyFolder folder;
  SearchOptions options = two_budgets();
  studied(options, folder.path / "both");
  options.budget_names = {"small"};
  studied(options, folder.path / "small");
  const std::vector<StudyView> views = {view_study((folder.path / "both").string()),
                                        view_study((folder.path / "small").string())};
  const std::string html = report_html(views);
  expect_sound(html);
  const std::string table = html.substr(html.find("<h2>Studies compared</h2>"));
  EXPECT_EQ(count(table.substr(0, table.find("</table>")), "<th scope=\"row\">small</th>"), 2U);
  EXPECT_EQ(count(table.substr(0, table.find("</table>")), "<th scope=\"row\">medium</th>"), 0U) << "one study has it";
  EXPECT_THAT(report_html(views[0]), Not(HasSubstr("Studies compared")));
}

TEST(ReportHtml, IsTheSameForAnyNumberOfThreads) {
  std::set<std::string> pages;
  for (const int threads : {1, 3}) {
    const StudyFolder folder;
    SearchOptions options = two_budgets();
    options.threads = threads;
    studied(options, folder.path / "study");
    pages.insert(read_file(folder.path / "study" / "report.html"));
  }
  EXPECT_EQ(pages.size(), 1U);
}

TEST(ReportHtml, AnInterruptedSearchLeavesOneThatTellsIt) {
  const StudyFolder folder;
  FakeEvaluator evaluator;
  std::atomic<int> left = 9;
  evaluator.before_run = [&](const Proposal&, int) {
    if (left-- <= 0) throw Interrupted{};
  };
  studied(two_budgets(), folder.path, evaluator);
  const std::string html = read_file(folder.path / "report.html");
  expect_sound(html);
  EXPECT_THAT(html, HasSubstr("not come to its end"));
  EXPECT_THAT(html, HasSubstr("The test split is read once"));
  EXPECT_EQ(report_html(view_study(folder.path.string())), html);
}

TEST(ReportHtml, EscapesWhatTheStudySays) {
  StudyView view = empty_view();
  Proposer proposer(view.options);
  for (int number = 0; number < 2; ++number) {
    add(view, proposer.propose(0, number, {})->proposal);
    view.trials.back().proposal.design.name = "<b>&\"'\x01</script>{{data}}";
  }
  view.trials[0].rungs = {{.epochs = 9, .reason = "", .result = TrialResult{.int8_validation = 0.5}, .failure = ""}};
  view.trials[1].rungs = {{.epochs = 1, .reason = "", .result = {}, .failure = "1 < 2 & 3"}};
  view.trials[1].state = TrialState::failed;
  view.trials[1].reason = "1 < 2 & 3";
  view.study = "a<b";
  view.data = "</p>";
  const std::string html = report_html(view);
  expect_sound(html);
  EXPECT_THAT(html, HasSubstr("<td>&lt;b&gt;&amp;&quot;&#39; &lt;/script&gt;{{data}}</td>"));
  EXPECT_EQ(document(html)["studies"][0]["trials"][0]["design"]["name"], "<b>&\"'\x01</script>{{data}}");
  EXPECT_THAT(html, HasSubstr("<td class=\"prose\">1 &lt; 2 &amp; 3</td>"));
  EXPECT_THAT(html, HasSubstr("<h1>Search: a&lt;b</h1>"));
}

TEST(ReportHtml, AStudyWithoutResultsIsReadable) {
  const std::string empty = report_html(empty_view());
  expect_sound(empty);
  EXPECT_THAT(empty, HasSubstr("No trial has a result yet."));
  EXPECT_THAT(empty, HasSubstr("No trial that keeps small or medium has a result."));

  const StudyFolder folder;
  FakeEvaluator evaluator;
  evaluator.before_run = [](const Proposal&, int) { throw Error("no memory"); };
  EXPECT_THROW(studied(two_budgets(), folder.path, evaluator), Error);
  const std::string failed = read_file(folder.path / "report.html");
  expect_sound(failed);
  EXPECT_THAT(failed, HasSubstr("No trial has a result yet."));
  EXPECT_EQ(count(failed, "<td class=\"prose\">no memory</td>"), 28U);
}

TEST(ReportHtml, LongTablesEndWithWhatIsLeftOut) {
  StudyView view = empty_view();
  Proposer proposer(view.options);
  const Proposal proposal = proposer.propose(0, 0, {})->proposal;
  for (int number = 0; number < 203; ++number) {
    add(view, proposal);
    view.trials.back().proposal.number = number;
    view.trials.back().rungs.push_back({.epochs = 1, .reason = "", .result = TrialResult{}, .failure = ""});
  }
  const std::string html = report_html(view);
  expect_sound(html);
  EXPECT_THAT(html, HasSubstr("Left out here: 3 more trials; trials.csv has all."));
  EXPECT_EQ(drawn_trials(html).size(), 203U) << "the pictures have all";
}

}  // namespace
}  // namespace kws
