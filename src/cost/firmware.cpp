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

Work frame_work(const FrontEndNumbers& n, const FirmwareOptions& options, Core core) {
  return work_of(frame_task(n), frame_terms(n), front_end_core(n, core, options.fpu));
}

Work layer_work(const Layer& layer, Core core) {
  return work_of(task_of(kernel_of(layer)), layer_terms(layer, core), core);
}

Work invoke_work(const Graph& graph, Core core) {
  Work work = work_of(Task::loop, loop_terms(graph), core);
  for (const Layer& layer : graph.layers()) work += layer_work(layer, core);
  return work;
}

/// The network of one decision.
Work network_work(const StreamNumbers& stream, const Graph& graph, Core core) {
  if (!stream.flow) return invoke_work(graph, core);
  Work work = work_of(Task::loop, loop_terms(graph), core);
  for (std::size_t i = 0; i < stream.flow->steps.size(); ++i) {
    const Work once = layer_work(stream.flow->steps[i].layer, core);
    for (int call = i < stream.flow->in_flow ? stream.calls() : 1; call > 0; --call) work += once;
  }
  return work;
}

Work whole_hop(const Work& frame, const Work& network, const FrontEndNumbers& n, const StreamNumbers& stream,
               const Graph& graph, Core core) {
  Work hop = work_of(Task::stream, stream_terms(n, stream, graph), core);
  hop += {frame.instructions * stream.frames, frame.cycles * stream.frames};
  hop += network;
  return hop;
}

}  // namespace

FirmwareCost firmware_cost(const FeatureOptions& features, const Graph& graph, const FirmwareOptions& options) {
  FirmwareCost cost;
  fill_sizes(cost, features, graph, options);
  const FrontEndNumbers front_end(features);
  const StreamNumbers stream(features, graph, options);
  cost.hop_ms = stream.frames * features.stride_ms;
  cost.report_core = options.core;
  cost.layers.resize(graph.layers().size());
  for (const Core core : kCores) {
    const auto at = static_cast<std::size_t>(core);
    for (std::size_t i = 0; i < cost.layers.size(); ++i) cost.layers[i][at] = layer_work(graph.layers()[i], core);
    cost.invoke[at] = invoke_work(graph, core);
    cost.frame[at] = frame_work(front_end, options, core);
    cost.network[at] = network_work(stream, graph, core);
    cost.hop[at] = whole_hop(cost.frame[at], cost.network[at], front_end, stream, graph, core);
  }
  return cost;
}

Work hop_work(const FeatureOptions& features, const Graph& graph, const FirmwareOptions& options) {
  const Core core = options.core;
  const FrontEndNumbers front_end(features);
  const StreamNumbers stream(features, graph, options);
  return whole_hop(frame_work(front_end, options, core), network_work(stream, graph, core), front_end, stream, graph,
                   core);
}

}  // namespace kws
