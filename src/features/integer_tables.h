#pragma once

#include "kws/features/front_end.h"

namespace kws {

/// The float tables in the fixed-point formats of kws_frontend_integer.h.
FrontEnd::IntegerTables integer_tables_of(const FrontEnd::Tables& tables);

}  // namespace kws
