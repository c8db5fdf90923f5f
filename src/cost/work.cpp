#include "work.h"

#include <algorithm>
#include <cmath>

namespace kws {
namespace {

/// Instructions and cycles of one run of each part.
struct Coefficients {
  Terms instructions, cycles;
};
#include "work_table.inc"

double halves(double count) { return std::ceil(count / 2); }
double fours(int count) { return std::ceil(count / 4.0); }
double whole_fours(int count) { return std::floor(count / 4.0); }

/// Elements of a kernel that lie inside the map, summed over the outputs of one direction.
double inside(const WindowAxis& a) {
  int sum = 0;
  for (int at = 0; at < a.out; ++at) {
    const int first = at * a.stride - a.before();
    for (int k = 0; k < a.kernel; ++k) {
      const int element = first + k * a.dilation;
      sum += element >= 0 && element < a.in ? 1 : 0;
    }
  }
  return sum;
}

/// Windows that lie inside the map, in one direction.
int whole_windows(const WindowAxis& a) {
  int whole = 0;
  for (int at = 0; at < a.out; ++at) {
    const int first = at * a.stride - a.before();
    whole += first >= 0 && first + a.span() <= a.in ? 1 : 0;
  }
  return whole;
}

struct LayerTerms {
  const Layer& layer;
  bool helium;  ///< steps of 16 bytes in place of 4, see kws_products4 of kws_kernels_lanes.h
  bool dsp;     ///< short windows are widened, see kws_two_positions of kws_kernels_conv.c
  const Shape& in = layer.input;
  const Shape& out = layer.output;
  Kernel kernel = kernel_of(layer);

  [[nodiscard]] double positions() const { return double{1} * out.time * out.freq; }

  /// Whole words, or vectors, in n bytes; what comes behind them: bytes, or one vector in part.
  [[nodiscard]] double words_in(int n) const { return std::floor(n / (helium ? 16.0 : 4.0)); }
  [[nodiscard]] double tail_of(int n) const { return helium ? (n % 16 != 0 ? 1.0 : 0.0) : n % 4; }

  /// kws_four_rows for `rows` rows of n weights: calls, words, tails.
  struct Rows {
    double calls, words, tails;
    Rows(const LayerTerms& t, double rows_of_four, int n)
        : calls(rows_of_four), words(rows_of_four * t.words_in(n)), tails(rows_of_four * t.tail_of(n)) {}
  };

  [[nodiscard]] Terms dense(int units) const {
    const int n = in.elements();
    if (units < 4) return {1, 0, 0, 0, double(units), 0, double(n)};
    const Rows rows(*this, fours(units), n);
    return {1, rows.calls, rows.words, rows.tails, double(units), double(units % 4 != 0)};
  }

  /// Two positions, two channels (with Helium four) at a time.
  struct Blocks {
    double pairs = 0, count = 0, words = 0, tails = 0;
    double alone = 0;        ///< elements of pairs with few channels or elements
    double short_words = 0;  ///< with the DSP extension, of windows that are widened once
    double widened = 0;
  };
  [[nodiscard]] Blocks blocks(int n) const {
    Blocks b{.pairs = halves(positions())};
    if (dsp && n < 4) {
      b.alone = b.pairs * fours(out.channels) * n;
    } else if (out.channels < (helium ? 4 : 2)) {
      b.alone = b.pairs * n;
    } else {
      const bool widens = dsp && n <= 64;
      b.count = b.pairs * (helium ? fours(out.channels) : halves(out.channels));
      b.tails = b.count * tail_of(n);
      (widens ? b.short_words : b.words) = b.count * words_in(n);
      if (widens) b.widened = b.pairs * words_in(n);
    }
    return b;
  }

  Terms operator()(const Conv2d& op) const {
    if (kernel == Kernel::dense) return dense(op.filters);
    const int n = op.kernel.time * op.kernel.freq * in.channels;
    const Blocks b = blocks(n);
    const double pairs = b.pairs;
    if (kernel == Kernel::pointwise) return {1, pairs, b.count, b.words, b.tails, b.alone, b.short_words, b.widened};
    if (kernel == Kernel::conv2d_dilated) {
      const double windows = 2 * pairs;
      return {1,           pairs,   windows * op.kernel.time * op.kernel.freq,
              windows * n, b.count, b.words,
              b.tails,     b.alone, b.short_words,
              b.widened};
    }
    // Rows of the windows are copied where they lie inside the map, and filled first where they do so in part.
    const double repeat = 2 * pairs / positions();
    const WindowAxes axes = axes_of(layer, op);
    const int whole = whole_windows(axes.freq);
    const int row = op.kernel.freq * in.channels;
    // With the DSP extension, which Helium has too, rows of up to eight bytes need no look at each where the whole
    // window lies inside.
    const double quick = (dsp || helium) && row >= 4 && row <= 8
                             ? double{1} * whole_windows(axes.time) * whole * op.kernel.time * repeat
                             : 0;
    const double rows_inside = inside(axes.time) * out.freq * repeat - quick;
    const double bytes = inside(axes.time) * inside(axes.freq) * repeat * in.channels - quick * row;
    const double rows = 2 * pairs * op.kernel.time;
    const double filled = rows - inside(axes.time) * whole * repeat;
    // Long aligned rows are copied by words.
    const bool by_words = in.channels % 4 == 0 && row >= 16;
    return {1,
            pairs,
            rows_inside,
            by_words ? bytes : 0,
            by_words ? 0 : bytes,
            filled,
            filled * row,
            b.count,
            b.words,
            b.tails,
            b.alone,
            b.short_words,
            b.widened,
            quick};
  }
  Terms operator()(const Depthwise2d& op) const {
    const double taps = double{1} * op.kernel.time * op.kernel.freq;
    const WindowAxes axes = axes_of(layer, op);
    const double channels = in.channels;
    if (kernel == Kernel::depthwise_large) {
      // Up to 32 taps at once; windows that lie inside the map, or all of a line, are found by a table then.
      const bool once = taps <= 32;
      const bool lines = in.channels <= 64 && out.freq > 1;
      const bool one_line = in.channels <= 64 && in.freq * out.freq * op.kernel.freq == 1;
      const int times = one_line ? out.time : whole_windows(axes.time);
      const double found = once ? double{1} * times * (lines ? out.freq : whole_windows(axes.freq)) : 0;
      const double searched = (positions() - found) * std::ceil(channels / (once ? 64 : 32));
      const double parts = positions() * std::ceil(taps / 32);
      const double all = positions() * taps;
      const double eights = helium ? std::floor(channels / 8) : 0;
      const double quads = std::floor((channels - 8 * eights) / 4);
      const double singles = in.channels % 4;
      return {1,           positions(),     found * taps,  searched,       searched * taps, quads * parts,
              quads * all, singles * parts, singles * all, eights * parts, eights * all};
    }
    // Of 64 channels each, and with the DSP extension of two positions, for one that is left over twice the same.
    const double chunks = std::ceil(channels / 64);
    const double blocks = dsp ? halves(positions()) : positions();
    const double windows = chunks * blocks * (dsp ? 2 : 1);
    // Rows that lie inside the map with all their taps need no look at each.
    const double quick = windows / positions() * inside(axes.time) * whole_windows(axes.freq) * op.kernel.freq;
    const int at_once = helium ? 8 : 4;
    const double quads = blocks * std::floor(double(in.channels) / at_once);
    const double alone = dsp && int(positions()) % 2 != 0 ? whole_fours(in.channels) : 0;
    const double singles = blocks * (in.channels % at_once);
    return {1,
            blocks,
            blocks * chunks,
            windows * op.kernel.time,
            quick,
            windows * taps - quick,
            quads - alone,
            (quads - alone) * taps,
            singles,
            singles * taps,
            alone,
            alone * taps,
            dsp && chunks > 1 ? blocks * chunks * taps : 0};
  }
  Terms operator()(const AvgPool2d& op) const {
    // Four channels at once, as long as their sums fit into 16 bits. Over time alone, frequencies are channels.
    const double rows = kernel == Kernel::avg_pool_rows ? in.time : 1;
    const int channels = op.over_freq ? in.channels : in.step();
    const double mean_of = in.elements() / (rows * channels);
    const double quads = mean_of < 256 ? rows * whole_fours(channels) : 0;
    const double singles = rows * channels - 4 * quads;
    return {1, rows, quads, quads * mean_of, singles, singles * mean_of};
  }
  Terms operator()(const Add& /*op*/) const {
    const AddRows rows = add_rows(layer);
    const double count = double{1} * rows.outer * rows.inner;
    const bool together = rows.count % 4 == 0;
    return {1, double(rows.outer), together ? double(rows.outer) : count, count * whole_fours(rows.count),
            count * (rows.count % 4)};
  }
  Terms operator()(const Activate& /*op*/) const {
    return {1, whole_fours(out.elements()), double(out.elements() % 4)};
  }
  Terms operator()(const Dense& op) const { return dense(op.units); }
  Terms operator()(const Gru& op) const {
    const double groups = in.time * fours(op.cells);
    const Rows x(*this, 3 * groups, in.step());
    const Rows h(*this, 3 * groups, op.cells);
    const double units = double{1} * in.time * op.cells;
    return {1,
            double(in.time),
            groups,
            x.words + h.words,
            x.tails + h.tails,
            units,
            op.sequence ? double(in.time) : 0,
            op.sequence ? units : 0};
  }
  Terms operator()(const Lstm& op) const {
    const int outputs = out.channels;
    const double groups = in.time * fours(op.cells);
    const Rows x(*this, 4 * groups, in.step());
    const Rows h(*this, 4 * groups, outputs);
    const Rows projection(*this, op.projection > 0 ? in.time * fours(outputs) : 0, op.cells);
    const double units = double{1} * in.time * op.cells;
    return {1,
            double(in.time),
            groups,
            x.words + h.words + projection.words,
            x.tails + h.tails + projection.tails,
            units,
            op.peepholes ? units : 0,
            projection.calls,
            op.projection > 0 ? double{1} * in.time * outputs : 0};
  }
};

}  // namespace

Task frame_task(const FrontEndNumbers& n) { return n.integer ? Task::frame_integer : Task::frame_float; }

std::string_view task_name(Task task) {
  switch (task) {
    case Task::frame_float:
      return "frame_float";
    case Task::frame_integer:
      return "frame_integer";
    case Task::loop:
      return "loop";
    case Task::stream:
      return "stream";
  }
  return kernel_name(static_cast<Kernel>(task));
}

Terms layer_terms(const Layer& layer, Core core) {
  return std::visit(LayerTerms{.layer = layer,
                               .helium = core == Core::m55,
                               .dsp = core == Core::m4 || core == Core::m7 || core == Core::m33},
                    layer.op);
}

Terms frame_terms(const FrontEndNumbers& n) {
  return {1,
          double(n.window),
          double(n.fft),
          n.fft * std::log2(n.fft),
          double(n.bins),
          double(n.mel_bins),
          double{1} * n.mel_bins * n.rows,
          double(n.rows),
          double(n.values)};
}

Terms loop_terms(const Graph& graph) { return {1, static_cast<double>(graph.layers().size())}; }

Terms stream_terms(const FrontEndNumbers& n, const StreamNumbers& stream, const Graph& graph) {
  double moved = graph.input().elements();
  if (stream.flow) {
    moved = 0;
    for (const StreamPlan::Ring& ring : stream.flow->rings) moved += ring.moved() * stream.calls();
  }
  return {1,
          double(stream.frames),
          double{1} * stream.frames * n.stride,
          double{1} * stream.frames * std::max(0, n.window - n.stride),
          double(graph.output().elements()),
          moved};
}

FirmwareCost::Work work_of(Task task, const Terms& terms, Core core) {
  const Coefficients& c = of(kWork[static_cast<std::size_t>(task)], core);
  FirmwareCost::Work work;
  for (std::size_t i = 0; i < kTerms; ++i) {
    work.instructions += c.instructions[i] * terms[i];
    work.cycles += c.cycles[i] * terms[i];
  }
  return work;
}

}  // namespace kws
