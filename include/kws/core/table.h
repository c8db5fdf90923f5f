#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace kws {

/// Rows of text for people (aligned columns) and for programs (CSV, quoted as in RFC 4180, lines ended by "\n"). Cells
/// may hold names of anybody's: what would drive a terminal, or a spreadsheet would compute, comes out as text.
class Table {
 public:
  explicit Table(std::vector<std::string> columns) : columns_(std::move(columns)) {}
  /// One cell per column.
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  [[nodiscard]] std::size_t rows() const { return rows_.size(); }
  /// Aligned columns, numbers to the right; ends with a newline.
  [[nodiscard]] std::string text() const;
  /// The same for a terminal: columns from the first on that does not fit are left out, but never the first of all; a
  /// last one that holds words is broken into lines where there is room for some.
  [[nodiscard]] std::string text(std::size_t width) const;
  /// Names of the columns that text(width) leaves out.
  [[nodiscard]] std::vector<std::string> left_out(std::size_t width) const;
  /// The same rows with these columns, in this order. throws Error (Exit::usage) for a name that is none.
  [[nodiscard]] Table only(const std::vector<std::string>& names) const;
  /// The same rows, of their columns these before the others; a name that is none is passed over.
  [[nodiscard]] Table first(const std::vector<std::string>& names) const;
  [[nodiscard]] std::string csv() const;

 private:
  /// Of each column, as people see it.
  [[nodiscard]] std::vector<std::size_t> widths() const;
  struct Fit {
    std::size_t columns = 0;  ///< that are shown
    std::size_t wrapped = 0;  ///< width of the last one where its words are broken into lines, else 0
  };
  [[nodiscard]] Fit fit(std::size_t width) const;
  std::vector<std::string> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// 1234567 -> "1,234,567"
std::string grouped(long long value);
/// "1 epoch", "1,000 epochs"
std::string counted(long long value, const std::string& noun);
/// Fixed notation with `digits` after the point.
std::string fixed(double value, int digits);
/// "1 s", "1.5 s"
std::string seconds_text(int milliseconds);
/// 0.8971 -> "89.71 %"
std::string percent(double share);
/// 0.8971, 0.0083 -> "89.71 ± 0.83 %"
std::string percent(double share, double error);

}  // namespace kws
