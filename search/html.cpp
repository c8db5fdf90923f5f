#include "html.h"

namespace kws {

/// The files of search/report/ and search/designer/, and d3, by name.
std::map<std::string, std::string> embedded_pages();

namespace {

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

std::string html_lines(const std::string& text) {
  std::string lines;
  std::size_t from = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', from)) {
    lines += html_text(std::string_view(text).substr(from, end - from)) + "\n";
    from = end + 1;
  }
  return lines + html_text(std::string_view(text).substr(from));
}

std::string filled_page(const std::string& name, std::map<std::string, std::string> texts) {
  texts.merge(embedded_pages());
  const std::string& page = texts.at(name);
  std::string whole;
  std::size_t from = 0;
  for (std::size_t at = page.find("{{"); at != std::string::npos; at = page.find("{{", from)) {
    const std::size_t end = page.find("}}", at);
    whole += page.substr(from, at - from) + texts.at(page.substr(at + 2, end - at - 2));
    from = end + 2;
  }
  return whole + page.substr(from);
}

}  // namespace kws
