#pragma once

#include <string>

#include "kws/cost/budget.h"

namespace kws {

/// `options` on the core of the part, with its hop, where they have none, with carried state and without a unit for
/// floats, where it says so.
FirmwareOptions on_part(const FirmwareOptions& options, const Part& part);
/// What that hop comes to: whole strides of the frames.
int counted_hop_ms(const FeatureOptions& features, const Graph& graph, const FirmwareOptions& options);

/// Operations by the paper's rule for a second of audio: of whole windows as often as decisions come (ten times, where
/// frames allow it and nothing else is asked for), or of the columns that a network that flows computes.
std::int64_t ops_per_second(const FeatureOptions& features, const Graph& graph, const FirmwareOptions& options);

/// What would keep the budget's limits of time, one clause.
std::string time_remedy(const Design& design, const Budget& budget, const FirmwareOptions& options);

}  // namespace kws
