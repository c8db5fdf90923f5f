#include "rows.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <iomanip>
#include <sstream>
#include <string_view>

#include "kws/core/amount.h"
#include "kws/core/table.h"
#include "kws/cost/measure.h"

namespace kws::cli {
namespace {

constexpr const char* kError = "_error";

/// Four significant digits.
std::string short_number(double value) {
  std::ostringstream text;
  text << std::setprecision(4) << value;
  return text.str();
}

/// A figure that is no whole number, as people read it.
std::string figure_text(std::string_view name, double value) {
  for (const Measure& measure : measures()) {
    if (name == measure.column) return measure.amount(value);
  }
  constexpr std::array kShares = {"validation", "test", "seeds", "share", "accuracy"};
  const bool share =
      std::ranges::any_of(kShares, [&](const char* word) { return name.find(word) != std::string_view::npos; });
  return share ? percent(value) : short_number(value);
}

std::string cell(const std::string& name, const Json& value, Format format) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.get<std::string>();
  if (format == Format::csv) return text_of(value);
  if (value.is_number_integer()) return whole_number(name, value.get<long long>(), format);
  return figure_text(name, value.get<double>());
}

/// In a table for people the standard error stands behind its figure; in CSV it has a column.
bool is_error(const std::string& name, Format format) { return format != Format::csv && name.ends_with(kError); }

Table table_like(const Json& row, Format format) {
  std::vector<std::string> columns;
  for (const auto& [name, value] : row.items()) {
    if (!is_error(name, format)) columns.push_back(name);
  }
  return Table(columns);
}

}  // namespace

std::string share_cell(double share, Format format) {
  return format == Format::csv ? text_of(Json(share)) : percent(share);
}

std::string whole_number(std::string_view column, long long value, Format format) {
  const bool identifies = column == "seed" || column == "trial";  // nothing is counted
  if (format == Format::csv || identifies) return std::to_string(value);
  if (::isatty(STDOUT_FILENO) == 0) return grouped(value);
  const auto exact = static_cast<double>(value);
  if (column.ends_with("_bytes")) return rounded_amount(exact, Amount::bytes);
  if (column == "ops" || column == "macs") return rounded_amount(exact, Amount::count);
  return grouped(value);
}

void print_rows(const Json& rows, const Output& format, const std::vector<std::string>& first) {
  if (rows.empty()) return;
  Table table = table_like(rows.front(), format.format);
  for (const Json& row : rows) {
    std::vector<std::string> cells;
    for (const auto& [name, value] : row.items()) {
      if (is_error(name, format)) continue;
      const Json error = row.value(name + kError, Json());
      const bool both = format != Format::csv && value.is_number() && error.is_number();
      cells.push_back(both ? percent(value.get<double>(), error.get<double>()) : cell(name, value, format));
    }
    table.add(std::move(cells));
  }
  print_table(format == Format::table ? table.first(first) : table, format);
}

void require_columns(const Json& row, const Output& format) {
  if (format.format != Format::json) static_cast<void>(table_like(row, format.format).only(format.columns));
}

}  // namespace kws::cli
