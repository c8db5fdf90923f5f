#include "kws/core/table.h"

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "kws/core/text.h"

namespace kws {
namespace {

/// Columns on a terminal: UTF-8 continuation bytes take none.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

/// Digits with separators, sign, unit of percent; "-" and "" stand for a missing number.
bool looks_like_number(std::string_view cell) {
  return cell.find_first_not_of("0123456789+-±.,% eE") == std::string_view::npos && !cell.starts_with('e') &&
         !cell.starts_with('E');
}

/// Quoted where commas or lines would end it. What a spreadsheet would compute gets a quote mark that makes it text;
/// control characters and broken UTF-8 are spelt out, as on a terminal.
std::string csv_cell(const std::string& cell) {
  std::string text = printable(cell);
  if (!text.empty() && std::string_view("=+-@").find(text[0]) != std::string_view::npos && !looks_like_number(text)) {
    text.insert(0, "'");
  }
  if (text.find_first_of(",\"") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string csv_line(const std::vector<std::string>& cells) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) line += (i == 0 ? "" : ",") + csv_cell(cells[i]);
  return line + '\n';
}

}  // namespace

std::string Table::text() const {
  std::vector<std::size_t> widths;
  std::vector<bool> right;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    std::size_t width = width_of(columns_[c]);
    bool numbers = !rows_.empty();
    for (const auto& row : rows_) {
      width = std::max(width, width_of(printable(row.at(c))));
      numbers = numbers && looks_like_number(row[c]);
    }
    widths.push_back(width);
    right.push_back(numbers);
  }
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string text;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      const std::string cell = printable(cells[c]);
      const std::string gap(widths[c] - width_of(cell), ' ');
      text += (c == 0 ? "" : "  ") + (right[c] ? gap + cell : cell + gap);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    return text + '\n';
  };
  std::string text = line(columns_);
  for (const auto& row : rows_) text += line(row);
  return text;
}

std::string Table::csv() const {
  std::string text = csv_line(columns_);
  for (const auto& row : rows_) text += csv_line(row);
  return text;
}

std::string grouped(long long value) {
  std::string digits = std::to_string(value);
  const std::size_t first = value < 0 ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string fixed(double value, int digits) {
  const int size = std::snprintf(nullptr, 0, "%.*f", digits, value);
  std::string text(static_cast<std::size_t>(size) + 1, '\0');
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  text.pop_back();
  return text;
}

std::string percent(double share) { return fixed(100.0 * share, 2) + " %"; }
std::string percent(double share, double error) {
  return fixed(100.0 * share, 2) + " ± " + fixed(100.0 * error, 2) + " %";
}

}  // namespace kws
