#pragma once

#include <array>

#include "kws/cost/firmware.h"
#include "sizes.h"

namespace kws {

/// What runs on the device in one piece, and is measured apart: each Kernel, and
enum class Task { frame_float = kKernels, frame_integer, loop, stream };
inline constexpr int kTasks = kKernels + 4;
inline Task task_of(Kernel kernel) { return static_cast<Task>(kernel); }
Task frame_task(const FrontEndNumbers& n);
std::string_view task_name(Task task);

/// How often each part of a task runs, from the loops of its C code; instructions and cycles are linear in them.
inline constexpr int kTerms = 14;
using Terms = std::array<double, kTerms>;

Terms layer_terms(const Layer& layer, Core core);
Terms frame_terms(const FrontEndNumbers& n);
/// Of kws_invoke, besides its layers.
Terms loop_terms(const Graph& graph);
/// Of kws_push and kws_step from one decision to the next, besides frames and network.
Terms stream_terms(const FrontEndNumbers& n, const StreamNumbers& stream, const Graph& graph);

/// Terms times the measured coefficients of src/cost/work_table.inc.
FirmwareCost::Work work_of(Task task, const Terms& terms, Core core);

}  // namespace kws
