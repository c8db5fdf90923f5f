#include "kws/core/table.h"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <sstream>
#include <string_view>

#include "kws/core/error.h"
#include "kws/core/options.h"
#include "kws/core/text.h"

namespace kws {
namespace {

/// Digits with separators, sign, unit of percent; "-" and "" stand for a missing number.
bool looks_like_number(std::string_view cell) {
  return cell.find_first_not_of("0123456789+-±.,% eE") == std::string_view::npos && !cell.starts_with('e') &&
         !cell.starts_with('E');
}

/// The same with the unit of a size or a count.
bool looks_like_amount(std::string_view cell) {
  for (const std::string_view unit : {" KiB", " MiB", " M"}) {
    if (cell.ends_with(unit)) cell.remove_suffix(unit.size());
  }
  return looks_like_number(cell);
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

std::vector<std::size_t> Table::widths() const {
  std::vector<std::size_t> widths;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    std::size_t width = width_of(columns_[c]);
    for (const auto& row : rows_) width = std::max(width, width_of(printable(row.at(c))));
    widths.push_back(width);
  }
  return widths;
}

Table::Fit Table::fit(std::size_t width) const {
  constexpr std::size_t kLeastWords = 24;  // a narrower column of words is no help
  const std::vector<std::size_t> widths = this->widths();
  Fit fit;
  std::size_t taken = 0;
  for (; fit.columns < widths.size(); ++fit.columns) {
    const std::size_t gap = fit.columns == 0 ? 0 : 2;
    if (fit.columns > 0 && taken + gap + widths[fit.columns] > width) {
      const auto words = [&](const auto& row) { return row[fit.columns].find(' ') != std::string::npos; };
      const bool last = fit.columns + 1 == widths.size() && std::ranges::any_of(rows_, words);
      if (last && taken + gap + kLeastWords <= width) {
        fit.wrapped = width - taken - gap;
        ++fit.columns;
      }
      break;
    }
    taken += gap + widths[fit.columns];
  }
  return fit;
}

std::string Table::text() const { return text(std::numeric_limits<std::size_t>::max()); }

std::string Table::text(std::size_t width) const {
  const std::vector<std::size_t> widths = this->widths();
  const Fit fit = this->fit(width);
  std::vector<bool> right;
  for (std::size_t c = 0; c < fit.columns; ++c) {
    right.push_back(!rows_.empty() &&
                    std::ranges::all_of(rows_, [&](const auto& row) { return looks_like_amount(row[c]); }));
  }
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string text;
    for (std::size_t c = 0; c < fit.columns; ++c) {
      const std::string cell = printable(cells[c]);
      if (c > 0) text += "  ";
      if (fit.wrapped > 0 && c + 1 == fit.columns) {
        std::istringstream parts(wrapped(cell, 0, fit.wrapped));
        const std::string indent(width_of(text), ' ');
        std::string part;
        std::getline(parts, part);
        text += part;
        while (std::getline(parts, part)) text += '\n' + indent + part;
        continue;
      }
      const std::string gap(widths[c] - width_of(cell), ' ');
      text += right[c] ? gap + cell : cell + gap;
    }
    text.erase(text.find_last_not_of(' ') + 1);
    return text + '\n';
  };
  std::string text = line(columns_);
  for (const auto& row : rows_) text += line(row);
  return text;
}

std::vector<std::string> Table::left_out(std::size_t width) const {
  return {columns_.begin() + static_cast<std::ptrdiff_t>(fit(width).columns), columns_.end()};
}

Table Table::only(const std::vector<std::string>& names) const {
  std::vector<std::size_t> places;
  for (const std::string& name : names) {
    const auto found = std::ranges::find(columns_, name);
    if (found == columns_.end()) {
      throw Error(
          "column \"" + name + "\": unknown; " + did_you_mean(name, columns_, "one of " + word_list(columns_, ", ")),
          Exit::usage);
    }
    places.push_back(static_cast<std::size_t>(found - columns_.begin()));
  }
  Table chosen(names);
  for (const auto& row : rows_) {
    std::vector<std::string> cells;
    cells.reserve(places.size());
    for (const std::size_t place : places) cells.push_back(row[place]);
    chosen.add(std::move(cells));
  }
  return chosen;
}

Table Table::first(const std::vector<std::string>& names) const {
  std::vector<std::string> order;
  for (const std::string& name : names) {
    if (std::ranges::find(columns_, name) != columns_.end()) order.push_back(name);
  }
  for (const std::string& name : columns_) {
    if (std::ranges::find(names, name) == names.end()) order.push_back(name);
  }
  return only(order);
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

std::string counted(long long value, const std::string& noun) {
  return grouped(value) + " " + noun + (value == 1 ? "" : "s");
}

std::string fixed(double value, int digits) {
  const int size = std::snprintf(nullptr, 0, "%.*f", digits, value);
  std::string text(static_cast<std::size_t>(size) + 1, '\0');
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  text.pop_back();
  return text;
}

std::string seconds_text(int milliseconds) {
  std::string text = fixed(milliseconds / 1000.0, 3);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text + " s";
}

std::string percent(double share) { return fixed(100.0 * share, 2) + " %"; }
std::string percent(double share, double error) {
  return fixed(100.0 * share, 2) + " ± " + fixed(100.0 * error, 2) + " %";
}

}  // namespace kws
