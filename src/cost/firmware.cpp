#include "kws/cost/firmware.h"

#include "sizes.h"
#include "work.h"

namespace kws {
namespace {

using Work = FirmwareCost::Work;

Work& operator+=(Work& sum, const Work& part) {
  sum.instructions += part.instructions;
  sum.cycles += part.cycles;
  return sum;
}

Work frame_work(const FrontEndNumbers& n, Core core) { return work_of(frame_task(n), frame_terms(n), core); }

Work whole_hop(const Work& frame, const Work& invoke, const FrontEndNumbers& n, const StreamNumbers& stream,
               const Graph& graph, Core core) {
  Work hop = work_of(Task::stream, stream_terms(n, stream, graph), core);
  hop += {frame.instructions * stream.frames, frame.cycles * stream.frames};
  hop += invoke;
  return hop;
}

}  // namespace

FirmwareCost firmware_cost(const FeatureOptions& features, const Graph& graph, const FirmwareOptions& options) {
  FirmwareCost cost;
  fill_sizes(cost, features, graph, options);
  const FrontEndNumbers front_end(features);
  const StreamNumbers stream(features, options);
  cost.hop_ms = stream.frames * features.stride_ms;
  cost.layers.resize(graph.layers().size());
  for (const Core core : kCores) {
    const auto at = static_cast<std::size_t>(core);
    Work& invoke = cost.invoke[at];
    invoke = work_of(Task::loop, loop_terms(graph), core);
    for (std::size_t i = 0; i < cost.layers.size(); ++i) {
      const Layer& layer = graph.layers()[i];
      cost.layers[i][at] = work_of(task_of(kernel_of(layer)), layer_terms(layer, core), core);
      invoke += cost.layers[i][at];
    }
    cost.frame[at] = frame_work(front_end, core);
    cost.hop[at] = whole_hop(cost.frame[at], invoke, front_end, stream, graph, core);
  }
  return cost;
}

Work hop_work(const FeatureOptions& features, const Graph& graph, Core core, const FirmwareOptions& options) {
  const FrontEndNumbers front_end(features);
  Work invoke = work_of(Task::loop, loop_terms(graph), core);
  for (const Layer& layer : graph.layers())
    invoke += work_of(task_of(kernel_of(layer)), layer_terms(layer, core), core);
  return whole_hop(frame_work(front_end, core), invoke, front_end, StreamNumbers(features, options), graph, core);
}

}  // namespace kws
