#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <vector>

#include "kws/cost/cost.h"
#include "sizes.h"

namespace kws {
namespace {

constexpr int kWord = 4;  ///< places begin at words: scratch holds 16-bit values, and kernels load four bytes at once

int aligned(int bytes) { return (bytes + kWord - 1) / kWord * kWord; }

/// How close a layer's output may come to an input that is still being read, and the scratch beside both.
struct Overlap {
  int below = 0;          ///< least distance of the two beginnings when the output lies below and positions run upwards
  int above = 0;          ///< of the two ends when it lies above and positions run from last to first
  bool in_place = false;  ///< output and input may have the same beginning
  int scratch = 0;        ///< bytes; what the kernels' KWS_..._SCRATCH macros say, the exported code checks it
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
  /// An element is read before it is written, from the first to the last.
  Overlap operator()(const Add& /*op*/) const { return {.below = 0, .above = out.elements(), .in_place = true}; }
  Overlap operator()(const Activate& /*op*/) const { return {.below = 0, .above = out.elements(), .in_place = true}; }
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
  const bool window = std::holds_alternative<Depthwise2d>(layer.op) || std::holds_alternative<Conv2d>(layer.op);
  if (on_cmsis_nn(layer)) overlap.scratch = cmsis_nn_scratch(layer);
  if (on_cmsis_nn(layer) || window) overlap.below = overlap.above = layer.output.elements();
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
    const bool allowed =
        overlap.in_place || (from == bottom ? overlap.below == 0 : overlap.above == 0 && out_slack <= in_slack);
    return allowed ? std::optional(larger + aligned(overlap.scratch)) : std::nullopt;
  }
  if (overlap.scratch > 0) return aligned(in) + aligned(out) + aligned(overlap.scratch);
  return std::max(larger,
                  to == bottom ? aligned(in) + aligned(overlap.below) : aligned(in + overlap.above + out_slack));
}

/// The plan of a chain, whose tensors lie at the bottom and at the top by turns.
ArenaPlan plan_chain(const Graph& graph, const std::vector<Overlap>& overlaps) {
  const std::vector<Layer>& layers = graph.layers();
  const std::size_t count = layers.size();
  const auto out_bytes = [&](std::size_t i) {
    return i + 1 == count ? 0 : layers[i].output.elements();  // the last output is the caller's
  };

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

/// Places of tensors that live beyond the next layer, for an arena of a given size. Layers come one after the other;
/// each known way to have come so far is gone on with by every place that suits the next output, up to kMostWays.
class Placer {
 public:
  Placer(const Graph& graph, const std::vector<Overlap>& overlaps)
      : graph_(graph), overlaps_(overlaps), count_(graph.layers().size()) {}

  /// Bytes that no plan can do without.
  [[nodiscard]] int least_bytes() const {
    int least = aligned(bytes(0));
    for (std::size_t i = 0; i < count_; ++i) {
      int read = aligned(overlaps_[i].scratch);
      int written = read + aligned(bytes(i + 1));
      for (std::size_t t = 0; t <= i; ++t) {
        if (!lives(t, i)) continue;
        read += aligned(bytes(t));
        written += dies(t, i) ? 0 : aligned(bytes(t));
      }
      least = std::max({least, read, written});
    }
    return least;
  }

  [[nodiscard]] std::optional<ArenaPlan> plan(int arena_bytes) const {
    std::vector<Decision> decisions;
    std::vector<Way> ways;
    for (const int place : {0, arena_bytes - aligned(bytes(0))}) {
      ways.push_back({.alive = {{0, {place, place + bytes(0)}}}, .last = kNone});
    }
    for (std::size_t i = 0; i < count_; ++i) {
      std::vector<Way> next;
      for (const Way& way : ways) {
        for (const int place : candidates(way, i, arena_bytes)) {
          if (next.size() == kMostWays) break;
          const std::optional<ArenaPlan::Step> step = put(way, i, place, arena_bytes);
          if (!step) continue;
          Way longer{.alive = alive_after(way, i, place), .last = decisions.size()};
          // The same tensors are alive in all of them, in the same order.
          const bool known = std::ranges::any_of(next, [&](const Way& other) {
            return std::ranges::equal(other.alive, longer.alive, {}, &Placed::begin, &Placed::begin);
          });
          if (known) continue;
          decisions.push_back({.before = way.last, .step = *step});
          next.push_back(std::move(longer));
        }
      }
      ways = std::move(next);
    }
    if (ways.empty()) return std::nullopt;
    ArenaPlan plan{.steps = std::vector<ArenaPlan::Step>(count_), .bytes = arena_bytes};
    std::size_t at = ways.front().last;
    for (std::size_t i = count_; i-- > 0; at = decisions[at].before) plan.steps[i] = decisions[at].step;
    return plan;
  }

 private:
  static constexpr std::size_t kMostWays = 32;
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  struct Span {
    int begin, end;
    [[nodiscard]] bool overlaps(const Span& other) const { return begin < other.end && other.begin < end; }
  };
  struct Placed {
    std::size_t tensor;
    Span span;
    [[nodiscard]] int begin() const { return span.begin; }
  };
  struct Way {
    std::vector<Placed> alive;
    std::size_t last;  // decision
  };
  struct Decision {
    std::size_t before;
    ArenaPlan::Step step;
  };

  [[nodiscard]] int bytes(std::size_t tensor) const {
    return tensor == count_ ? 0 : graph_.shape(static_cast<TensorId>(tensor)).elements();  // the last is the caller's
  }
  [[nodiscard]] bool lives(std::size_t tensor, std::size_t layer) const {
    return graph_.last_reader(static_cast<TensorId>(tensor)) >= static_cast<int>(layer);
  }
  [[nodiscard]] bool dies(std::size_t tensor, std::size_t layer) const {
    return graph_.last_reader(static_cast<TensorId>(tensor)) == static_cast<int>(layer);
  }
  [[nodiscard]] static Span span_of(const Way& way, TensorId tensor) {
    return std::ranges::find(way.alive, static_cast<std::size_t>(tensor), &Placed::tensor)->span;
  }

  /// Tensors that layers behind i read, its own output among them.
  [[nodiscard]] std::vector<Placed> alive_after(const Way& way, std::size_t i, int place) const {
    std::vector<Placed> alive;
    for (const Placed& there : way.alive) {
      if (lives(there.tensor, i + 1)) alive.push_back(there);
    }
    if (lives(i + 1, i + 1)) alive.push_back({i + 1, {place, place + bytes(i + 1)}});
    return alive;
  }

  /// Places for the output of layer i: the ends, beside what is there, and as near to the input as the kernel allows.
  [[nodiscard]] std::vector<int> candidates(const Way& way, std::size_t i, int arena_bytes) const {
    const int size = bytes(i + 1);
    if (size == 0) return {0};
    std::vector<int> places = {0, arena_bytes - aligned(size)};
    for (const TensorId input : graph_.layers()[i].inputs) {
      const Span in = span_of(way, input);
      places.push_back((in.begin - overlaps_[i].below) / kWord * kWord);
      places.push_back(aligned(in.end + overlaps_[i].above - size));
    }
    for (const Placed& there : way.alive) {
      places.push_back(aligned(there.span.end));
      places.push_back((there.span.begin - size) / kWord * kWord);
    }
    return places;
  }

  /// True when an output may lie at `out` while layer i reads its input at `in` for the last time; sets `reverse` where
  /// it then has to run from last to first.
  [[nodiscard]] bool may_follow(std::size_t i, std::size_t input, const Span& in, const Span& out,
                                bool& reverse) const {
    if (!in.overlaps(out)) return true;
    const Layer& layer = graph_.layers()[i];
    if (input > 0 && layer.second != layer.input) return false;
    if (out.begin + overlaps_[i].below <= in.begin) return true;
    reverse = out.end >= in.end + overlaps_[i].above;
    return reverse;
  }

  /// Layer i of a way that has come to it, its output at `place`; none when it may not lie there.
  [[nodiscard]] std::optional<ArenaPlan::Step> put(const Way& way, std::size_t i, int place, int arena_bytes) const {
    const Layer& layer = graph_.layers()[i];
    const Span out{place, place + bytes(i + 1)};
    if (out.begin < 0 || out.end > arena_bytes) return std::nullopt;
    ArenaPlan::Step step;
    step.input_offset = span_of(way, layer.inputs.front()).begin;
    if (layer.inputs.size() > 1) step.second_offset = span_of(way, layer.inputs.back()).begin;
    step.output_offset = place;
    step.scratch_bytes = overlaps_[i].scratch;
    for (const Placed& there : way.alive) {
      if (!dies(there.tensor, i)) {
        if (there.span.overlaps(out)) return std::nullopt;
        continue;
      }
      for (std::size_t input = 0; input < layer.inputs.size(); ++input) {
        const bool reads = layer.inputs[input] == static_cast<TensorId>(there.tensor);
        if (reads && !may_follow(i, input, there.span, out, step.reverse)) return std::nullopt;
      }
    }
    if (step.scratch_bytes > 0) {
      std::vector<Span> taken;
      if (out.end > out.begin) taken.push_back(out);
      for (const Placed& there : way.alive) taken.push_back(there.span);
      std::ranges::sort(taken, {}, &Span::begin);
      for (const Span& there : taken) {
        if (there.begin >= step.scratch_offset + step.scratch_bytes) break;
        step.scratch_offset = std::max(step.scratch_offset, aligned(there.end));
      }
      if (step.scratch_offset + step.scratch_bytes > arena_bytes) return std::nullopt;
    }
    return step;
  }

  const Graph& graph_;
  const std::vector<Overlap>& overlaps_;
  std::size_t count_;
};

/// The smallest arena for which places are found, to about one in a hundred.
ArenaPlan plan_lifetimes(const Graph& graph, const std::vector<Overlap>& overlaps) {
  const Placer placer(graph, overlaps);
  const int least = placer.least_bytes();
  const int step = std::max(kWord, least / 128 / kWord * kWord);
  for (int bytes = least;; bytes += step) {
    if (std::optional<ArenaPlan> plan = placer.plan(bytes)) return *std::move(plan);
  }
}

}  // namespace

int scratch_bytes(const Layer& layer) { return overlap_of(layer, ArenaKind::kernels).scratch; }

ArenaPlan plan_arena(const Graph& graph, ArenaKind kind) {
  std::vector<Overlap> overlaps;
  for (const Layer& layer : graph.layers()) overlaps.push_back(overlap_of(layer, kind));
  if (!overlaps.empty()) overlaps.back().below = overlaps.back().above = 0;
  return graph.chain() ? plan_chain(graph, overlaps) : plan_lifetimes(graph, overlaps);
}

}  // namespace kws
