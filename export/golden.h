#pragma once

#include <cstdint>
#include <vector>

#include "c_text.h"
#include "kws/cost/stream_plan.h"
#include "stream_reference.h"

namespace kws {

/// The audio that PREFIX_selftest.c computes on the device: a chirp with noise that fades in steps.
std::vector<std::int16_t> selftest_audio(int samples);

/// FNV-1a of label, score, detection and logits of every decision, as PREFIX_selftest_stream() computes it.
std::uint32_t stream_hash(const std::vector<StreamDecision>& decisions);

/// sizeof(PREFIX_state) where pointers have 4 bytes.
///   flow  of the network, or null
std::int64_t stream_state_bytes(const ExportModel& model, const StreamOptions& options, const StreamPlan* flow);

/// The generated parts of PREFIX_golden.h, PREFIX_selftest.h and PREFIX_detect.h/.c.
Tokens golden_tokens(const ExportModel& model, const StreamOptions& options);
Tokens detector_tokens(const ExportModel& model, const StreamOptions& options);

}  // namespace kws
