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
using testing::TemporaryFolder;
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
void expect_sound(const std::string& html) {
  EXPECT_EQ(fault_of(html), "");
  for (const char* bad : {"http:", "https:", "<script", "url(", "nan", "NaN", "inf"}) {
    // The one word that looks like a number that is none.
    EXPECT_EQ(count(html, bad), std::string_view(bad) == "inf" ? count(html, "inference") : 0U) << bad;
  }
  EXPECT_EQ(count(html, "<svg"), count(html, "role=\"img\" aria-labelledby=") + count(html, "aria-hidden=\"true\""));
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
  const TemporaryFolder folder;
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
                                "</td><td>" + best.proposal.design.type() + "</td>"));
    EXPECT_THAT(html, HasSubstr("<td class=\"number\">" + percent(best.result()->int8_validation) + "</td>"));
    EXPECT_TRUE(is_finalist(best.proposal.number));
  }
  EXPECT_THAT(html, HasSubstr("<td class=\"number\">89.00 %</td>")) << "the test accuracy";
  for (const Trial& trial : view.trials) {
    EXPECT_EQ(count(html, " data-trial=\"" + std::to_string(trial.proposal.number) + "\""), 2U);
  }
  EXPECT_EQ(count(html, " data-trial=\""), 2 * view.trials.size());
}

TEST(ReportHtml, EveryTypeHasAMarkerOfItsOwn) {
  StudyView view = empty_view();
  Proposer proposer(view.options);
  std::set<std::string> types;
  for (int number = 0; types.size() < network_types().size(); ++number) {
    add(view, proposer.propose(0, number, {})->proposal);
    view.trials.back().rungs.push_back({.epochs = 1, .decided = "", .result = TrialResult{}, .failure = ""});
    types.insert(view.trials.back().proposal.design.type());
  }
  const std::string html = report_html(view);
  expect_sound(html);
  std::set<std::string> shapes;
  for (std::size_t at = html.find("<li>"); shapes.size() < types.size(); at = html.find("<li>", at + 1)) {
    const std::size_t d = html.find(" d=\"", at);
    EXPECT_TRUE(shapes.insert(html.substr(d, html.find("/>", d) - d)).second) << html.substr(at, 200);
  }
}

TEST(ReportHtml, IsTheSameForAnyNumberOfThreads) {
  std::set<std::string> pages;
  for (const int threads : {1, 3}) {
    const TemporaryFolder folder;
    SearchOptions options = two_budgets();
    options.threads = threads;
    studied(options, folder.path / "study");
    pages.insert(read_file(folder.path / "study" / "report.html"));
  }
  EXPECT_EQ(pages.size(), 1U);
}

TEST(ReportHtml, AnInterruptedSearchLeavesOneThatTellsIt) {
  const TemporaryFolder folder;
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
    view.trials.back().proposal.design.name = "<b>&\"'\x01";
  }
  view.trials[0].rungs = {{.epochs = 9, .decided = "", .result = TrialResult{.int8_validation = 0.5}, .failure = ""}};
  view.trials[1].rungs = {{.epochs = 1, .decided = "", .result = {}, .failure = "1 < 2 & 3"}};
  view.trials[1].state = TrialState::failed;
  view.trials[1].reason = "1 < 2 & 3";
  view.study = "a<b";
  view.data = "</p>";
  const std::string html = report_html(view);
  expect_sound(html);
  EXPECT_THAT(html, HasSubstr("<td>&lt;b&gt;&amp;&quot;&#39; </td>"));
  EXPECT_THAT(html, HasSubstr("<td class=\"prose\">1 &lt; 2 &amp; 3</td>"));
  EXPECT_THAT(html, HasSubstr("<h1>Search: a&lt;b</h1>"));
}

TEST(ReportHtml, AStudyWithoutResultsIsReadable) {
  const std::string empty = report_html(empty_view());
  expect_sound(empty);
  EXPECT_THAT(empty, HasSubstr("No trial has a result yet."));
  EXPECT_THAT(empty, HasSubstr("No trial that keeps small or medium has a result."));

  const TemporaryFolder folder;
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
    view.trials.back().rungs.push_back({.epochs = 1, .decided = "", .result = TrialResult{}, .failure = ""});
  }
  const std::string html = report_html(view);
  expect_sound(html);
  EXPECT_THAT(html, HasSubstr("Left out here: 3 more trials; trials.csv has all."));
  EXPECT_EQ(count(html, " data-trial=\""), 2U * 203U) << "the pictures have all";
}

}  // namespace
}  // namespace kws
