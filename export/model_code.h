#pragma once

#include <set>
#include <string>

#include "c_text.h"
#include "kws/cost/cost.h"
#include "kws/cost/stream_plan.h"
#include "kws/export/c_export.h"

namespace kws {

/// The generated part of PREFIX_model.c.
struct ModelCode {
  std::string layers;              ///< constant arrays and parameter structures
  std::string table;               ///< rows of the table of layers
  std::string cmsis_table;         ///< the same with layers on CMSIS-NN and its own memory plan
  std::string cmsis_checks;        ///< that the plan's scratch is what kws_cmsis.h asks for
  std::string sizeof_sum;          ///< C expression: bytes of all arrays
  std::string constants;           ///< those bytes, as they lie in memory with the lower byte first
  bool adds_features = false;      ///< an Add's second input is the network's: -1 - its first byte in the table
  std::set<std::string> sections;  ///< kernels in use, as the markers in kws_kernels.h name them
  /// Of PREFIX_flow: parameters of the layers that flow, rows for all steps, rows for what is kept; else empty.
  std::string flow_layers, flow_table, flow_rings;
};
///   flow  how the layers run in a stream, or null
ModelCode model_code(const Int8Model& network, const ArenaPlan& plan, const ArenaPlan& cmsis_plan,
                     const StreamPlan* flow, const std::string& prefix);

/// Bytes of the arrays that model_code() writes for a layer.
std::int64_t array_bytes(const Int8Layer& layer);

}  // namespace kws
