#include "rows.h"

#include <iostream>

#include "kws/core/table.h"

namespace kws::cli {
namespace {

std::string cell(const std::string& name, const Json& value, Format format) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.get<std::string>();
  if (format == Format::csv) return text_of(value);
  if (value.is_number_integer()) return grouped(value.get<long long>());
  return name == "peak_rate" ? fixed(value.get<double>(), 5) : percent(value.get<double>());
}

}  // namespace

void print_rows(const Json& rows, Format format) {
  if (rows.empty()) return;
  std::vector<std::string> columns;
  for (const auto& [name, value] : rows.front().items()) columns.push_back(name);
  Table table(columns);
  for (const Json& row : rows) {
    std::vector<std::string> cells;
    for (const auto& [name, value] : row.items()) cells.push_back(cell(name, value, format));
    table.add(std::move(cells));
  }
  std::cout << (format == Format::csv ? table.csv() : table.text());
}

}  // namespace kws::cli
