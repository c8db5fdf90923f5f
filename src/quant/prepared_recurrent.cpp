// The two recurrent cells; int8_model.h gives every formula. Clips run side by side: a step's weights are read once for
// all of them.
#include <algorithm>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <vector>

#include "arithmetic.h"
#include "packed.h"
#include "prepared_layer.h"
#include "window_product.h"

namespace kws::int8 {

namespace {

/// What both cells share: the two products of a step, and the state that the second one reads.
class RecurrentLayer : public PreparedLayer {
 public:
  ///   gates    of the cell
  ///   outputs  length of the vector that the recurrent product reads
  RecurrentLayer(const Kernels& kernels, const Int8Layer& layer, const Plane& in, const Plane& out, int gates,
                 int cells, int outputs, int clips)
      : kernels_(kernels),
        main_(kernels, layer.main, gates, in, {1, in.shape.freq}),
        recurrent_(kernels, layer.recurrent, gates, outputs),
        in_(in),
        out_(out),
        gates_(gates),
        blocks_(blocks_of(kernels, cells)),
        state_blocks_(blocks_of(kernels, outputs)),
        clips_(clips),
        in_offset_(offsets(clips, in.size())),
        state_offset_(offsets(clips, state_blocks_ * kernels.cells)),
        gate_offset_(offsets(clips, gates * width())) {}

  [[nodiscard]] std::size_t scratch_bytes() const override {
    // ax, ah and a state of int16; h8 and m8
    return to_size(clips_) * (sizeof(std::int16_t) * to_size(2 * gates_ * width()) + state_bytes() +
                              cell_bytes(kernels_) * to_size(width()));
  }

 protected:
  /// The parts of the scratch memory.
  struct Parts {
    std::int16_t *ax, *ah, *state;  // [clips][gates][width] twice, [clips][width]
    void *h8, *m8;                  // cells [clips][state blocks], [clips][width]
  };

  /// Cells of a gate, padded.
  [[nodiscard]] int width() const { return blocks_ * kernels_.cells; }

  /// Of a clip: the state and h8, which lie side by side.
  [[nodiscard]] std::size_t state_bytes() const {
    return sizeof(std::int16_t) * to_size(width()) + cell_bytes(kernels_) * to_size(state_blocks_ * kernels_.cells);
  }

  [[nodiscard]] Parts start(const LayerRun& run) const {
    const std::ptrdiff_t gates = static_cast<std::ptrdiff_t>(run.clips) * gates_ * width();
    const std::ptrdiff_t cells = static_cast<std::ptrdiff_t>(run.clips) * width();
    const std::ptrdiff_t states = static_cast<std::ptrdiff_t>(run.clips) * state_blocks_ * kernels_.cells;
    Parts parts{};
    parts.ax = static_cast<std::int16_t*>(run.scratch);
    parts.ah = parts.ax + gates;
    parts.state = parts.ah + gates;
    parts.h8 = parts.state + cells;
    parts.m8 = at_cell(kernels_, parts.h8, states);
    std::fill_n(parts.state, cells, std::int16_t{0});
    fill_cells(kernels_, parts.h8, to_size(states), 0);
    if (run.state != nullptr && !run.state->empty()) {
      assert(run.clips == 1 && run.state->size() == state_bytes());
      std::memcpy(parts.state, run.state->data(), state_bytes());
    }
    return parts;
  }
  void finish(const LayerRun& run, const Parts& parts) const {
    if (run.state == nullptr) return;
    run.state->resize(state_bytes());
    std::memcpy(run.state->data(), parts.state, state_bytes());
  }

  void gates(const LayerRun& run, const Parts& parts, int t) const {
    ProductCall call = main_.call();
    call.in = at_cell(kernels_, run.in, in_.offset(t, 0));
    call.in_offset = in_offset_.data();
    call.count = run.clips;
    call.out = parts.ax;
    call.out_offset = gate_offset_.data();
    kernels_.gates(call);
    call = recurrent_.call();
    call.in = parts.h8;
    call.in_offset = state_offset_.data();
    call.count = run.clips;
    call.out = parts.ah;
    call.out_offset = gate_offset_.data();
    kernels_.gates(call);
  }

  /// h8 becomes the output of step t.
  void emit(const LayerRun& run, const Parts& parts, int t) const {
    const std::ptrdiff_t state = static_cast<std::ptrdiff_t>(state_blocks_) * kernels_.cells;
    for (int clip = 0; clip < run.clips; ++clip) {
      const auto* from = static_cast<const std::byte*>(at_cell(kernels_, parts.h8, clip * state));
      std::copy_n(from, to_size(state) * cell_bytes(kernels_),
                  static_cast<std::byte*>(at_cell(kernels_, run.out, clip * out_.size() + out_.offset(t, 0))));
    }
  }

  const Kernels& kernels_;
  WindowProduct main_, recurrent_;
  Plane in_, out_;
  int gates_, blocks_, state_blocks_, clips_;
  std::vector<std::int32_t> in_offset_, state_offset_, gate_offset_;
};

class GruLayer : public RecurrentLayer {
 public:
  GruLayer(const Kernels& kernels, const Int8Layer& layer, const Gru& op, const Plane& in, const Plane& out, int clips)
      : RecurrentLayer(kernels, layer, in, out, 3, op.cells, op.cells, clips), sequence_(op.sequence) {}

  void run(const LayerRun& run) const override {
    const Parts parts = start(run);
    const GruCall call{.ax = parts.ax,
                       .ah = parts.ah,
                       .h = parts.state,
                       .h8 = parts.h8,
                       .sigmoid = sigmoid_pairs().data(),
                       .count = run.clips,
                       .blocks = blocks_};
    for (int t = 0; t < in_.shape.time; ++t) {
      gates(run, parts, t);
      kernels_.gru(call);
      if (sequence_) emit(run, parts, t);
    }
    if (!sequence_) emit(run, parts, 0);
    finish(run, parts);
  }

 private:
  bool sequence_;
};

class LstmLayer : public RecurrentLayer {
 public:
  LstmLayer(const Kernels& kernels, const Int8Layer& layer, const Lstm& op, const Plane& in, const Plane& out,
            int clips)
      : RecurrentLayer(kernels, layer, in, out, 4, op.cells, op.projection > 0 ? op.projection : op.cells, clips),
        m8_offset_(offsets(clips, width())) {
    if (op.projection > 0) projection_ = WindowProduct(kernels, layer.projection, 1, op.cells);
    if (!op.peepholes) return;
    peephole_.resize(to_size(3 * width()));
    peephole_scaling_ = PackedScaling(to_size(3 * kernels.lanes()));
    for (int row = 0; row < 3; ++row) {
      for (int i = 0; i < width(); ++i) {
        const int cell = i / kernels.cells * kernels.cells + kernels.gate_channel(i % kernels.cells);
        if (cell >= op.cells) continue;
        peephole_[to_size(row * width() + i)] = layer.peephole[to_size(row * op.cells + cell)];
      }
      const auto at = to_size(row);
      for (int lane = 0; lane < kernels.lanes(); ++lane) {
        peephole_scaling_.set(to_size(row * kernels.lanes() + lane), 0, layer.peephole_multiplier[at],
                              layer.peephole_shift[at]);
      }
    }
  }

  void run(const LayerRun& run) const override {
    const Parts parts = start(run);
    const bool projects = projection_.blocks() > 0;
    const LstmCall call{.ax = parts.ax,
                        .ah = parts.ah,
                        .c = parts.state,
                        .m8 = projects ? parts.m8 : parts.h8,
                        .peephole = peephole_.empty() ? nullptr : peephole_.data(),
                        .peephole_scaling = peephole_scaling_.view(),
                        .sigmoid = sigmoid_pairs().data(),
                        .count = run.clips,
                        .blocks = blocks_};
    for (int t = 0; t < in_.shape.time; ++t) {
      gates(run, parts, t);
      kernels_.lstm(call);
      if (projects) project(run, parts);
    }
    emit(run, parts, 0);
    finish(run, parts);
  }

 private:
  void project(const LayerRun& run, const Parts& parts) const {
    ProductCall call = projection_.call();
    call.in = parts.m8;
    call.in_offset = m8_offset_.data();
    call.count = run.clips;
    call.out = parts.h8;
    call.out_offset = state_offset_.data();
    kernels_.product(call);
  }

  WindowProduct projection_;
  std::vector<std::int32_t> m8_offset_;
  std::vector<std::int16_t> peephole_;  // [3][width] in gate order
  PackedScaling peephole_scaling_;      // [3][lanes]
};

}  // namespace

std::unique_ptr<PreparedLayer> prepare_gru(const Kernels& kernels, const Int8Layer& layer, const Gru& op,
                                           const Plane& in, const Plane& out, int clips) {
  return std::make_unique<GruLayer>(kernels, layer, op, in, out, clips);
}

std::unique_ptr<PreparedLayer> prepare_lstm(const Kernels& kernels, const Int8Layer& layer, const Lstm& op,
                                            const Plane& in, const Plane& out, int clips) {
  return std::make_unique<LstmLayer>(kernels, layer, op, in, out, clips);
}

}  // namespace kws::int8
