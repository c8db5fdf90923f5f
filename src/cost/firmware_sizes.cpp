#include <algorithm>
#include <cstdint>
#include <variant>

#include "kws/core/audio.h"
#include "kws/cost/firmware.h"
#include "sizes.h"

namespace kws {
namespace {

std::int64_t aligned(std::int64_t bytes) { return (bytes + 3) / 4 * 4; }

/// What the linker takes besides the constants, measured by tests/firmware/calibrate.sh.
struct KernelCode {
  unsigned kernels;  ///< a bit for each Kernel in use
  PerCore<int> bytes;
};
#include "code_table.inc"
/// What kws_flow and kws_flow_decide take beyond kws_invoke_layer, as linked with cnn_s.
constexpr PerCore<int> kFlowCode = {116, 104, 104, 116, 104, 128};
/// What kws_column_sums_s8 and kws_avg_pool_sums_s8 take beyond kws_avg_pool_s8, as linked with ds_cnn_s.
constexpr PerCore<int> kSumsCode = {172, 116, -132, -128, -132, -128};
/// What a flow that carries state takes beyond another one, as linked with crnn_s.
constexpr PerCore<int> kCarryCode = {-54, -44, -60, -56, -44, -44};
/// The moves of kept columns, which a flow does without that keeps none, as linked with gru_s and lstm_s.
constexpr PerCore<int> kMoveCode = {142, 108, 112, 120, 108, 104};
/// memmove, which then is not linked unless the windows of audio overlap by more than a stride.
constexpr PerCore<int> kMemmove = {164, 252, 256, 256, 256, 256};

/// sizeof of the structure of parameters that a kernel reads, see export/runtime/kws_kernels.h.
std::int64_t parameter_bytes(Kernel kernel) {
  constexpr std::int64_t product = 4 * 4;
  switch (kernel) {
    case Kernel::pointwise:
    case Kernel::conv2d:
    case Kernel::depthwise:
      return 16 * 4 + product;
    case Kernel::conv2d_dilated:
      return 18 * 4 + product;
    case Kernel::depthwise_large:
      return 19 * 4 + product;
    case Kernel::dense:
      return 4 * 4 + product;
    case Kernel::avg_pool:
      return 5 * 4 + product;
    case Kernel::avg_pool_rows:
      return 6 * 4 + product;
    case Kernel::gru:
      return 4 * 4 + 2 * product;
    case Kernel::lstm:
      return 4 * 4 + 4 * product;
    case Kernel::add:
      return 8 * 4;
    case Kernel::activate:
      return 2 * 4;
  }
  return 0;
}

constexpr std::int64_t kColumnSumsParameters = 3 * 4;
constexpr std::int64_t kLayerRow = 6 * 4;  ///< of layer_table or flow_table in kws_model.c
constexpr std::int64_t kRingRow = 3 * 4;   ///< of ring_table there
constexpr std::int64_t kStreamCounters = 11 * 4;

std::int64_t label_bytes(int classes, std::span<const std::string> labels) {
  constexpr std::int64_t special = 12;  // "_silence_", "_unknown_"
  constexpr std::int64_t word = 8;
  std::int64_t bytes = 4 * std::int64_t{classes};
  if (labels.empty()) return bytes + std::min(2, classes) * special + std::max(0, classes - 2) * word;
  for (const std::string& label : labels) bytes += aligned(static_cast<std::int64_t>(label.size()) + 1);
  return bytes;
}

/// Kernels share functions, so code belongs to a set of kernels. A set that was not measured: the smallest larger one.
const PerCore<int>& kernel_code(unsigned kernels) {
  const KernelCode* best = &kKernelCode.back();
  for (const KernelCode& row : kKernelCode) {
    if ((row.kernels & kernels) != kernels) continue;
    if (std::popcount(row.kernels) < std::popcount(best->kernels)) best = &row;
  }
  return best->bytes;
}

}  // namespace

FrontEndNumbers::FrontEndNumbers(const FeatureOptions& o)
    : window(o.window_ms * kSamplesPerMs),
      stride(o.stride_ms * kSamplesPerMs),
      fft(fft_points(o)),
      mel_bins(o.mel_bins),
      rows(cosine_rows(o)),
      values(rows > 0 ? rows : mel_bins),
      integer(o.arithmetic == "integer") {
  const auto [first, last] = filter_bins(o);
  bins = last - first + 1;
}

ArrayBytes front_end_tables(const FrontEndNumbers& n) {
  constexpr std::int64_t fields = 14 * 4;  // of the structure kws_frontend, or kws_frontend_integer
  const std::int64_t number = n.integer ? 2 : 4;
  const auto numbers = [&](int count) { return ArrayBytes::of(number * std::int64_t{count}); };
  const ArrayBytes shared = ArrayBytes::of(fields) + numbers(n.window / 2 + 1) + numbers(n.fft / 4 + 1) +
                            numbers(n.bins) + ArrayBytes::of(n.mel_bins + 1) +
                            numbers(n.rows * ((n.mel_bins + 1) / 2)) + ArrayBytes::of(4 * std::int64_t{n.values});
  return n.integer ? shared + ArrayBytes::of(2 * std::int64_t{n.values}) + ArrayBytes::of(n.values)
                   : shared + ArrayBytes::of(4 * std::int64_t{n.values});
}

std::int64_t front_end_work(const FrontEndNumbers& n) { return 4 * std::int64_t{n.fft}; }

StreamNumbers::StreamNumbers(const FeatureOptions& features, const Graph& graph, const FirmwareOptions& options) {
  const int wanted_ms = options.hop_ms == 0
                            ? default_hop_ms(graph, features.stride_ms, options.flow, options.carry_state)
                            : options.hop_ms;
  frames = std::max(1, wanted_ms / features.stride_ms);
  if (options.carry_state) flow = plan_carried(graph, frames);
  if (options.flow && !flow) flow = plan_stream(graph, frames);
  const int hop_ms = frames * features.stride_ms;
  smoothing = std::max(1, (options.smoothing_ms + hop_ms / 2) / hop_ms);
}

void fill_sizes(FirmwareCost& cost, const FeatureOptions& features, const Graph& graph,
                const FirmwareOptions& options) {
  const FrontEndNumbers front_end(features);
  const StreamNumbers stream(features, graph, options);
  const int classes = graph.output().elements();
  ArrayBytes weights;
  std::int64_t parameters = 0;
  unsigned kernels = 0;
  std::int64_t rows = static_cast<std::int64_t>(graph.layers().size());
  bool sums = false, carried = false, still = false;
  const auto run = [&](const Layer& layer) {
    const Kernel kernel = kernel_of(layer);
    parameters += parameter_bytes(kernel);
    kernels |= 1U << static_cast<unsigned>(kernel);
  };
  for (const Layer& layer : graph.layers()) {
    weights = weights + constant_arrays(layer);
    if (!stream.flow) run(layer);
  }
  if (stream.flow) {
    rows = static_cast<std::int64_t>(stream.flow->steps.size());
    carried = stream.flow->carried;
    still = std::ranges::all_of(stream.flow->rings, [](const StreamPlan::Ring& ring) { return ring.moved() == 0; });
    for (const StreamPlan::Step& step : stream.flow->steps) {
      if (step.part == StreamPlan::Part::column_sums) {
        sums = true;
        parameters += kColumnSumsParameters;
      } else {
        run(step.layer);
      }
    }
  }
  const ArrayBytes tables = front_end_tables(front_end);
  // The table, and kws_detect_config.
  const ArrayBytes detector =
      ArrayBytes::of(2 * std::int64_t{options.exp_entries}) + ArrayBytes::of(aligned(2 * std::int64_t{classes}) + 16);
  cost.constants = {
      {{"weights", weights.bytes},
       {"layer_parameters", parameters},
       {"layer_table",
        kLayerRow * rows + (stream.flow ? kRingRow * static_cast<std::int64_t>(stream.flow->rings.size()) : 0)},
       {"labels", label_bytes(classes, options.labels)},
       {"front_end_tables", tables.bytes},
       {"detector_table", detector.bytes},
       {"alignment", weights.padding + tables.padding + detector.padding}}};

  cost.arena_bytes = plan_arena(graph).bytes;
  const std::int64_t frames = frame_count(features) + stream.frames - 1;
  std::int64_t arena = cost.arena_bytes, held = aligned(frames * front_end.values), columns = 0;
  if (stream.flow) {
    arena = std::max(stream.flow->arena_bytes, stream.flow->decision_arena_bytes);
    held = aligned(stream.flow->rings.front().bytes());
    columns = stream.flow->state_bytes - held;
    if (carried) columns += aligned(classes);  // the logits of the newest decision
  }
  cost.ram = {{{"network_arena", arena},
               {"front_end_beyond_arena", std::max<std::int64_t>(0, front_end_work(front_end) - arena)},
               {"stream_samples", 2 * std::int64_t{front_end.window}},
               {"stream_features", held},
               {"stream_columns", columns},
               {"stream_detector", aligned(20 + std::int64_t{2} * stream.smoothing * classes)},
               {"stream_counters", kStreamCounters}}};

  const PerCore<int>& kernel_bytes = kernel_code(kernels);
  for (std::size_t core = 0; core < kCores.size(); ++core) {
    const auto fixed = static_cast<std::size_t>(front_end_core(front_end, kCores[core], options.fpu));
    cost.code_bytes[core] = kernel_bytes[core] + kFixedCode[front_end.integer ? 1 : 0][fixed] +
                            (stream.flow ? kFlowCode[core] : 0) + (sums ? kSumsCode[core] : 0) +
                            (carried ? kCarryCode[core] : 0) - (still ? kMoveCode[core] : 0) -
                            (still && front_end.window <= 2 * front_end.stride ? kMemmove[core] : 0);
    cost.library_bytes[core] = kLibraryData[front_end.integer ? 1 : 0][fixed];
  }
}

FirmwareSizes FirmwareCost::sizes(Core core) const {
  FirmwareSizes total{.flash_bytes = of(code_bytes, core) + of(library_bytes, core),
                      .ram_bytes = of(library_bytes, core),
                      .arena_bytes = arena_bytes};
  for (const Row& row : constants) total.flash_bytes += row.bytes;
  for (const Row& row : ram) total.ram_bytes += row.bytes;
  return total;
}

FirmwareSizes firmware_sizes(const FeatureOptions& features, const Graph& graph, const FirmwareOptions& options) {
  FirmwareCost cost;
  fill_sizes(cost, features, graph, options);
  return cost.sizes(options.core);
}

Core front_end_core(const FrontEndNumbers& n, Core core, bool fpu) {
  return n.integer || fpu || !may_have_fpu(core) ? core : Core::m3;
}

bool soft_floats(const FeatureOptions& features, const FirmwareOptions& options) {
  return features.arithmetic != "integer" && (!options.fpu || !may_have_fpu(options.core));
}

}  // namespace kws
