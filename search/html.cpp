#include "html.h"

namespace kws {
namespace {

/// Colours of the types are those of Okabe and Ito, which colour-blind people can tell apart, darker on white; the
/// names --t0, --t1 .. are those of mark_svg().
constexpr std::string_view kPageStyle = R"(
:root { color-scheme: light dark; --paper: #fff; --ink: #1a1a1a; --soft: #5c5c5c; --line: #d5d5d5; --stripe: #f5f5f5;
  --t0: #1a1a1a; --t1: #b87a00; --t2: #2b8cc4; --t3: #00805c; --t4: #00548c; --t5: #c44a00; --t6: #a8457f;
  --t7: #6b6b00; --t8: #7a3fb0; --t9: #a03030; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #16181b; --ink: #ececec; --soft: #a8a8a8; --line: #3c4046; --stripe: #1f2226;
    --t0: #ececec; --t1: #e69f00; --t2: #7cc7f0; --t3: #1fb98c; --t4: #5f9ee0; --t5: #f0763a; --t6: #de9cc3;
    --t7: #cfcf5a; --t8: #b794f0; --t9: #ef8a8a; }
}
body { margin: 0 auto; max-width: 76rem; padding: 1rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.2; }
h2 { font-size: 1.2rem; margin: 2rem 0 0.5rem; }
p { margin: 0.5rem 0; max-width: 48rem; overflow-wrap: anywhere; }
.note, caption { color: var(--soft); font-size: 0.9rem; }
.box { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: 0.3rem; }
caption span { display: inline-block; max-width: calc(100vw - 2rem); }
th, td { padding: 0.2rem 0.45rem; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th { vertical-align: bottom; border-bottom: 2px solid var(--soft); }
tbody tr:nth-child(even) { background: var(--stripe); }
tbody th { font-weight: 600; }
tbody th, td { white-space: nowrap; }
.number { text-align: right; }
td.prose { white-space: normal; min-width: 16rem; }
.legend { display: flex; flex-wrap: wrap; gap: 0.2rem 1.2rem; padding: 0; margin: 0.5rem 0; list-style: none; }
.legend svg { width: 16px; height: 16px; vertical-align: -3px; margin-right: 0.3rem; }
.plot { display: block; width: 100%; max-width: 60rem; height: auto; }
.plot text { fill: var(--ink); font-size: 12px; }
.plot .grid { stroke: var(--line); stroke-width: 1; }
.plot .axis { stroke: var(--soft); stroke-width: 1; }
.plot .limit { stroke: var(--soft); stroke-width: 1.5; stroke-dasharray: 6 4; }
.plot .front { stroke: var(--ink); stroke-width: 1.2; fill: none; }
.plot .ring { stroke: var(--ink); stroke-width: 1.5; fill: none; }
.plot .label { font-weight: 600; paint-order: stroke; stroke: var(--paper); stroke-width: 4px; }
.mark { stroke-width: 1.5; stroke: currentColor; fill: var(--paper); }
.mark.full { fill: currentColor; }
.mark.pale, .curve.pale { opacity: 0.4; }
.curve { fill: none; stroke: currentColor; stroke-width: 1; }
.curve.strong { stroke-width: 2.5; }
.t0 { color: var(--t0); } .t1 { color: var(--t1); } .t2 { color: var(--t2); } .t3 { color: var(--t3); }
.t4 { color: var(--t4); } .t5 { color: var(--t5); } .t6 { color: var(--t6); } .t7 { color: var(--t7); }
.t8 { color: var(--t8); } .t9 { color: var(--t9); }
@media (max-width: 40rem) {
  body { padding: 0.6rem; }
  .plot text { font-size: 19px; }
}
@media print {
  :root { color-scheme: light; --paper: #fff; --ink: #000; --soft: #444; --line: #bbb; --stripe: #fff;
    --t0: #000; --t1: #b87a00; --t2: #2b8cc4; --t3: #00805c; --t4: #00548c; --t5: #c44a00; --t6: #a8457f;
    --t7: #6b6b00; --t8: #7a3fb0; --t9: #a03030; }
  body { max-width: none; font-size: 10pt; }
  .box { overflow: visible; }
  table { font-size: 7pt; }
  th, td { padding: 0.1rem 0.3rem; }
  .plot, tr { break-inside: avoid; }
  h2 { break-after: avoid; }
}
)";

std::string class_of(const HtmlTable::Column& column) {
  switch (column.kind) {
    case HtmlTable::Kind::number:
      return " class=\"number\"";
    case HtmlTable::Kind::prose:
      return " class=\"prose\"";
    case HtmlTable::Kind::text:
      return "";
  }
  return "";
}

}  // namespace

std::string html_text(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&#39;";
        break;
      default:
        safe += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
  }
  return safe;
}

void HtmlTable::add(const std::vector<std::string>& cells) {
  rows_ += "<tr>";
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const std::string tag = i == 0 ? "th" : "td";
    rows_ += "<" + tag + (i == 0 ? " scope=\"row\"" : "") + class_of(columns_[i]) + ">" + html_text(cells.at(i)) +
             "</" + tag + ">";
  }
  rows_ += "</tr>\n";
}

std::string HtmlTable::html() const {
  std::string head;
  for (const Column& column : columns_) {
    head += "<th scope=\"col\"" + class_of(column) + ">" + html_text(column.name) + "</th>";
  }
  const std::string caption = html_text(caption_);
  // A box that scrolls must be reachable by the keyboard, and then needs a name.
  return "<div class=\"box\" role=\"region\" tabindex=\"0\" aria-label=\"" + caption + "\"><table>\n<caption><span>" +
         caption + "</span></caption>\n<thead><tr>" + head + "</tr></thead>\n<tbody>\n" + rows_ +
         "</tbody>\n</table></div>\n";
}

std::string html_page(const std::string& title, const std::string& body) {
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>" +
         html_text(title) + "</title>\n<style>" + std::string(kPageStyle) + "</style>\n</head>\n<body>\n<main>\n" +
         body + "</main>\n</body>\n</html>\n";
}

}  // namespace kws
