#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kws/export/c_export.h"

namespace kws {

struct StreamDecision {
  int frame = 0;  ///< from 1
  int label = 0;
  int score = 0;      ///< Q15
  int detected = -1;  ///< a label, or -1
  std::vector<std::int8_t> logits;
  friend bool operator==(const StreamDecision&, const StreamDecision&) = default;
};
/// Host reference of streaming, own code apart from the exported C: all decisions about pcm [any length].
std::vector<StreamDecision> stream_reference(const ExportModel& model, const StreamOptions& options,
                                             std::span<const std::int16_t> pcm);

}  // namespace kws
