#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli.h"

namespace kws::cli {

/// A whole number of a table's column: on a terminal bytes in KiB or MiB and operations in millions, elsewhere to the
/// last digit; in CSV without groups of three.
std::string whole_number(std::string_view column, long long value, Format format);

/// A share: per cent in a table, in CSV the number.
std::string share_cell(double share, Format format);

/// Objects of equal keys as one table or CSV; no rows: nothing. For people shares stand in per cent and whole numbers
/// in groups of three.
///   first  columns that stand before the others in a table, so that a narrow terminal leaves out others
void print_rows(const Json& rows, const Output& format, const std::vector<std::string>& first = {});

/// For a verb that works long before it prints: throws for a column that rows like this one will not have.
void require_columns(const Json& row, const Output& format);

}  // namespace kws::cli
