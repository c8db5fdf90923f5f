#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "kws/cost/cost.h"

namespace kws {
namespace {

constexpr int kWord = 4;  ///< places begin at words: scratch holds 16-bit values, and kernels load four bytes at once

int aligned(int bytes) { return (bytes + kWord - 1) / kWord * kWord; }

/// How close a layer's output may come to an input that is still being read, and the scratch beside both.
struct Overlap {
  int below = 0;    ///< least distance of the two beginnings when the output lies below and positions run upwards
  int above = 0;    ///< of the two ends when it lies above and positions run from last to first
  int scratch = 0;  ///< bytes; what the kernels' KWS_..._SCRATCH macros say, the exported code checks it
};

/// One direction of a convolution, seen from the end at which it begins.
struct Axis {
  int in, out, kernel, stride, pad;
  /// First element that output `at` reads.
  [[nodiscard]] int first(int at) const { return std::clamp(at * stride - pad, 0, in); }
};

/// Positions are computed in blocks; a block writes when it has been read (`gathered`) or while it is read.
int distance(const Axis& time, const Axis& freq, int in_channels, int out_channels, int block, bool gathered) {
  const int count = time.out * freq.out;
  int lowest = time.in * freq.in * in_channels;  // of all that later blocks read
  int result = 0;
  for (int i = (count - 1) / block * block; i >= 0; i -= block) {
    // The last block of an uneven number repeats a position rather than being smaller.
    const int begin = std::max(0, std::min(i, count - block));
    const int end = std::min(begin + block, count);
    const int later = lowest;
    for (int at = begin; at < end; ++at) {
      const int address = (time.first(at / freq.out) * freq.in + freq.first(at % freq.out)) * in_channels;
      lowest = std::min(lowest, address);
    }
    const bool last = i == (count - 1) / block * block;
    if (!gathered || !last) result = std::max(result, end * out_channels - (gathered ? later : lowest));
  }
  return result;
}

struct OverlapOf {
  const Layer& layer;
  const Shape& in = layer.input;
  const Shape& out = layer.output;
  Kernel function = kernel_of(layer);

  Overlap convolution(const WindowAxes& axes, int block, bool gathered) const {
    const auto axis_of = [](const WindowAxis& a) { return Axis{a.in, a.out, a.span(), a.stride, a.before()}; };
    Axis time = axis_of(axes.time);
    Axis freq = axis_of(axes.freq);
    Overlap result;
    result.below = distance(time, freq, in.channels, out.channels, block, gathered);
    // Seen from the end: what the last window leaves over takes the place of the padding before the first.
    for (Axis* axis : {&time, &freq}) axis->pad = (axis->out - 1) * axis->stride - axis->pad + axis->kernel - axis->in;
    result.above = distance(time, freq, in.channels, out.channels, block, gathered);
    return result;
  }

  Overlap operator()(const Conv2d& op) const {
    if (function == Kernel::dense) return {.below = out.elements(), .above = out.elements()};
    if (function == Kernel::pointwise) return convolution(axes_of(layer, op), 2, false);
    Overlap result = convolution(axes_of(layer, op), 2, true);
    result.scratch = 2 * op.kernel.time * op.kernel.freq * in.channels;
    return result;
  }
  Overlap operator()(const Depthwise2d& op) const { return convolution(axes_of(layer, op), 1, false); }
  /// A channel's mean is written when all of the channel is read; the next channel begins one byte on.
  Overlap operator()(const AvgPool2d& /*op*/) const { return {.below = 0, .above = out.elements()}; }
  Overlap operator()(const Add& /*op*/) const { return {.below = out.elements(), .above = out.elements()}; }
  Overlap operator()(const Activate& /*op*/) const { return {.below = 0, .above = 0}; }
  Overlap operator()(const Dense& /*op*/) const { return {.below = out.elements(), .above = out.elements()}; }
  /// The output of the last step is written when nothing is left to read. int16 cell state [n], int8 m8 [n], h8
  /// [output]
  Overlap operator()(const Lstm& op) const {
    return {.scratch = 3 * op.cells + (op.projection > 0 ? op.projection : op.cells)};
  }
  /// A step is read before its output is written. int16 h16 [n], int8 h8 [n]
  Overlap operator()(const Gru& op) const {
    if (!op.sequence) return {.scratch = 3 * op.cells};
    const int growth = std::max(0, (in.time - 1) * (op.cells - in.step()));
    return {.below = growth, .above = out.elements(), .scratch = 3 * op.cells};
  }
};

/// Scratch of the functions in kws_cmsis.c, as their KWS_CMSIS_..._SCRATCH macros say.
int cmsis_nn_scratch(const Layer& layer) {
  const int channels = layer.output.channels;
  if (const auto* op = std::get_if<Depthwise2d>(&layer.op)) {
    return 8 * channels + op->kernel.time * op->kernel.freq * std::max(2 * channels, 4 * 124);
  }
  if (kernel_of(layer) != Kernel::conv2d) return 4 * channels;
  const Extent kernel = std::get<Conv2d>(layer.op).kernel;
  return 8 * channels + (kernel.time * kernel.freq * layer.input.channels + 15) / 16 * 64;
}

Overlap overlap_of(const Layer& layer, ArenaKind kind) {
  Overlap overlap = std::visit(OverlapOf{layer}, layer.op);
  if (kind == ArenaKind::kernels) return overlap;
  const bool depthwise = std::holds_alternative<Depthwise2d>(layer.op);
  if (on_cmsis_nn(layer)) overlap.scratch = cmsis_nn_scratch(layer);
  if (on_cmsis_nn(layer) || depthwise) overlap.below = overlap.above = layer.output.elements();
  return overlap;
}

/// A tensor lies at the bottom of the arena or at its top.
enum Place : std::size_t { bottom, top };
constexpr std::array<Place, 2> kPlaces = {bottom, top};

/// Bytes of arena with which a layer may go from one place to another; none: it never may.
std::optional<int> bytes_needed(const Overlap& overlap, int in, int out, Place from, Place to) {
  const int larger = aligned(std::max(in, out));
  // What lies at the top begins at a word, so its end may stand up to three bytes before the arena's.
  const int in_slack = aligned(in) - in;
  const int out_slack = aligned(out) - out;
  if (from == to) {
    const bool allowed = from == bottom ? overlap.below == 0 : overlap.above == 0 && out_slack <= in_slack;
    return allowed ? std::optional(larger + aligned(overlap.scratch)) : std::nullopt;
  }
  if (overlap.scratch > 0) return aligned(in) + aligned(out) + aligned(overlap.scratch);
  return std::max(larger,
                  to == bottom ? aligned(in) + aligned(overlap.below) : aligned(in + overlap.above + out_slack));
}

}  // namespace

ArenaPlan plan_arena(const Graph& graph, ArenaKind kind) {
  const std::vector<Layer>& layers = graph.layers();
  const std::size_t count = layers.size();
  const auto out_bytes = [&](std::size_t i) {
    return i + 1 == count ? 0 : layers[i].output.elements();  // the last output is the caller's
  };
  std::vector<Overlap> overlaps;
  overlaps.reserve(count);
  for (const Layer& layer : layers) {
    overlaps.push_back(overlap_of(layer, kind));
  }
  if (count > 0) overlaps.back().below = overlaps.back().above = 0;

  // least[i][place]: the smallest arena for layers 0 .. i-1 whose tensor i lies at `place`, and where i-1 lies then.
  struct Best {
    int bytes = std::numeric_limits<int>::max();
    Place from = bottom;
  };
  std::vector<std::array<Best, 2>> least(count + 1);
  for (Best& best : least[0]) best.bytes = aligned(graph.input().elements());
  for (std::size_t i = 0; i < count; ++i) {
    for (const Place from : kPlaces) {
      for (const Place to : kPlaces) {
        const auto needed = bytes_needed(overlaps[i], layers[i].input.elements(), out_bytes(i), from, to);
        if (!needed || least[i][from].bytes == std::numeric_limits<int>::max()) continue;
        const int bytes = std::max(least[i][from].bytes, *needed);
        if (bytes < least[i + 1][to].bytes) least[i + 1][to] = {bytes, from};
      }
    }
  }

  ArenaPlan plan;
  Place to = least[count][bottom].bytes <= least[count][top].bytes ? bottom : top;
  plan.bytes = least[count][to].bytes;
  plan.steps.resize(count);
  for (std::size_t i = count; i-- > 0;) {
    const Place from = least[i + 1][to].from;
    const int in = layers[i].input.elements();
    const int out = out_bytes(i);
    ArenaPlan::Step& step = plan.steps[i];
    step.input_offset = from == bottom ? 0 : plan.bytes - aligned(in);
    step.output_offset = to == bottom ? 0 : plan.bytes - aligned(out);
    step.reverse = to == top;
    step.scratch_bytes = overlaps[i].scratch;
    if (from != to) {
      step.scratch_offset = aligned(to == bottom ? out : in);
    } else {
      step.scratch_offset = from == bottom ? aligned(std::max(in, out)) : 0;
    }
    to = from;
  }
  return plan;
}

}  // namespace kws
