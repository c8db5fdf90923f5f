#include "kws/cost/firmware.h"

#include "sizes.h"

namespace kws {

FirmwareCost firmware_cost(const FeatureOptions& features, const Graph& graph, const FirmwareOptions& options) {
  FirmwareCost cost;
  fill_sizes(cost, features, graph, options);
  return cost;
}

}  // namespace kws
