#pragma once

#include "cli.h"

namespace kws::cli {

/// Objects of equal keys as one table or CSV; no rows: nothing. For people shares stand in per cent and whole numbers
/// in groups of three.
void print_rows(const Json& rows, const Output& format);

}  // namespace kws::cli
