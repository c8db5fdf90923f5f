#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace kws {

/// Text as it may stand between tags and in a quoted attribute; control characters become spaces.
std::string html_text(std::string_view text);
/// The same of text whose lines stay apart.
std::string html_lines(const std::string& text);

/// The file `name` of search/report/ or search/designer/ with each {{NAME}} replaced by one of `texts` or else by the
/// file of that name; what they hold stays as it is.
std::string filled_page(const std::string& name, std::map<std::string, std::string> texts);

/// A table with a header row, whose first column holds the headers of the rows.
class HtmlTable {
 public:
  enum class Kind { text, number, prose };  ///< numbers stand to the right, prose is broken into lines
  struct Column {
    std::string name;
    Kind kind = Kind::text;
  };
  /// caption, names and cells are plain text.
  HtmlTable(std::string caption, std::vector<Column> columns)
      : caption_(std::move(caption)), columns_(std::move(columns)) {}
  /// One cell per column.
  void add(const std::vector<std::string>& cells);
  /// In a box that scrolls where the table is wider than the page.
  [[nodiscard]] std::string html() const;

 private:
  std::string caption_;
  std::vector<Column> columns_;
  std::string rows_;
};

}  // namespace kws
