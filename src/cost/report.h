#pragma once

#include <nlohmann/json_fwd.hpp>

#include "kws/cost/firmware.h"

namespace kws {

/// cost_to_json() of an export with `options`.
nlohmann::ordered_json cost_to_json(const Design& design, const FirmwareOptions& options);

}  // namespace kws
