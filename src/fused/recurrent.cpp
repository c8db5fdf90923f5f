// LSTM and GRU layers. Arrays over time are [step][capacity][pitch]; cells and gates are padded to whole groups.
#include <variant>

#include "step.h"

namespace kws::fused {
namespace {

/// What both cells have in common: the product with the input, whose rows are (clip, step) pairs.
class Recurrent : public Step {
 protected:
  Recurrent(const Layer& layer, const LayerParameters& slot, int cells, int gates, const Stored& in, bool first,
            int capacity)
      : slot_(slot),
        steps_(layer.input.time),
        capacity_(capacity),
        pitch_(padded(cells)),
        gate_axis_{gates, cells, pitch_},
        weight_(gate_axis_, {layer.input.freq, layer.input.channels, in.pitch}, !first),
        bias_(gate_axis_.length()),
        d_bias_(static_cast<std::size_t>(4 * pitch_)),
        gates_(blocks(steps_, 4 * pitch_)),
        x_(in.plain() ? 0 : in.size() * capacity),
        d_x_(in.plain() || first ? 0 : in.size() * capacity) {}

  [[nodiscard]] std::ptrdiff_t blocks(int count, int pitch) const {
    return static_cast<std::ptrdiff_t>(count) * capacity_ * pitch;
  }
  [[nodiscard]] float* gates(int step) { return gates_.data() + blocks(step, 4 * pitch_); }

  void begin(const Pass& pass, const Stored& in) {
    weight_.pack(pass.parameters + slot_.weight);
    pack_vector(gate_axis_, pass.parameters + slot_.bias, bias_.data());
    if (x_.size() > 0) {
      pass.kernels.activate(static_cast<std::ptrdiff_t>(pass.clips) * in.positions(), in.pitch, in.y, in.activation,
                            x_.data());
    }
  }
  /// Pre-activations of one step from the input alone.
  void multiply_input(const Pass& pass, const Stored& in, int step) {
    const int columns = gate_axis_.length();
    pass.kernels.gemm({pass.clips, columns, weight_.inputs(), value(in) + step * in.time, in.clip, 1, weight_.forward(),
                       columns, gates(step), 4 * pitch_, bias_.data(), false});
  }

  void begin_backward() {
    weight_.clear_gradient();
    std::ranges::fill(d_bias_, 0.0);
  }
  /// From the gradients of one step's pre-activations.
  void input_gradients(const Pass& pass, const Stored& in, int step, float* d_in) {
    const Kernels& k = pass.kernels;
    const int columns = gate_axis_.length();
    k.gemm({weight_.inputs(), columns, pass.clips, value(in) + step * in.time, 1, in.clip, gates(step), 4 * pitch_,
            weight_.gradient(), columns, nullptr, true});
    k.sums(pass.clips, 4 * pitch_, gates(step), d_bias_.data());
    if (d_in == nullptr) return;
    float* to = d_x_.size() > 0 ? d_x_.data() : d_in;
    k.gemm({pass.clips, weight_.inputs(), columns, gates(step), 4 * pitch_, 1, weight_.backward(), weight_.inputs(),
            to + step * in.time, in.clip, nullptr, false});
  }
  void finish_backward(const Pass& pass, const Stored& in, float* d_in) {
    weight_.collect(pass.gradients + slot_.weight);
    collect_vector(gate_axis_, d_bias_.data(), pass.gradients + slot_.bias);
    if (d_in != nullptr && d_x_.size() > 0) {
      pass_back(pass.kernels, in, 0, static_cast<std::ptrdiff_t>(pass.clips) * in.positions(), d_x_.data(), d_in);
    }
  }

  LayerParameters slot_;
  int steps_, capacity_;
  int pitch_;  // padded cells
  Axis gate_axis_;
  PackedMatrix weight_;
  Buffer bias_;
  std::vector<double> d_bias_;
  Buffer gates_;  // [steps][capacity][4][pitch]: values, on the way back gradients

 private:
  [[nodiscard]] const float* value(const Stored& in) const { return x_.size() > 0 ? x_.data() : in.y; }
  Buffer x_, d_x_;  // activated input and its gradient, where the input is not stored as it is read
};

class LstmStep : public Recurrent {
 public:
  LstmStep(const Layer& layer, const Lstm& op, const LayerParameters& slot, const Stored& in, bool first, int capacity)
      : Recurrent(layer, slot, op.cells, 4, in, first, capacity),
        projected_(op.projection > 0),
        peepholes_{3, op.cells, pitch_},
        h_pitch_(padded(layer.output.channels)),
        recurrent_(gate_axis_, {1, layer.output.channels, h_pitch_}, true),
        projection_({1, projected_ ? op.projection : 0, projected_ ? h_pitch_ : 0}, {1, op.cells, pitch_}, true),
        peephole_(op.peepholes ? peepholes_.length() : 0),
        d_peephole_(peephole_.size()),
        c_(blocks(steps_ + 1, pitch_)),
        m_(projected_ ? blocks(steps_, pitch_) : 0),
        h_(blocks(steps_ + 1, h_pitch_)),
        d_h_(blocks(1, h_pitch_)),
        d_m_(projected_ ? blocks(1, pitch_) : 0),
        d_c_(blocks(1, pitch_)) {
    out_.shape = layer.output;
    out_.pitch = h_pitch_;
    out_.clip = out_.time = h_pitch_;
    out_.y = h(steps_);
  }

  void forward(const Pass& pass, const Stored& in) override {
    const Kernels& k = pass.kernels;
    const int n = pass.clips;
    begin(pass, in);
    recurrent_.pack(pass.parameters + slot_.recurrent_weight);
    if (projected_) projection_.pack(pass.parameters + slot_.projection_weight);
    if (peephole_.size() > 0) pack_vector(peepholes_, pass.parameters + slot_.peephole, peephole_.data());
    for (int t = 0; t < steps_; ++t) {
      multiply_input(pass, in, t);
      if (t > 0) {
        k.gemm({n, 4 * pitch_, h_pitch_, h(t), h_pitch_, 1, recurrent_.forward(), 4 * pitch_, gates(t), 4 * pitch_,
                nullptr, true});
      }
      k.lstm({n, pitch_}, gates(t), c(t), peephole(), c(t + 1), m(t));
      if (projected_) {
        k.gemm({n, h_pitch_, pitch_, m(t), pitch_, 1, projection_.forward(), h_pitch_, h(t + 1), h_pitch_, nullptr,
                false});
      }
    }
  }

  void backward(const Pass& pass, const Stored& in, const float* dz, float* d_in) override {
    const Kernels& k = pass.kernels;
    const int n = pass.clips;
    begin_backward();
    recurrent_.clear_gradient();
    projection_.clear_gradient();
    d_peephole_.clear();
    d_c_.clear();
    std::copy_n(dz, static_cast<std::ptrdiff_t>(n) * h_pitch_, d_h_.data());
    for (int t = steps_ - 1; t >= 0; --t) {
      if (projected_) {
        k.gemm({pitch_, h_pitch_, n, m(t), 1, pitch_, d_h_.data(), h_pitch_, projection_.gradient(), h_pitch_, nullptr,
                true});
        k.gemm({n, pitch_, h_pitch_, d_h_.data(), h_pitch_, 1, projection_.backward(), pitch_, d_m_.data(), pitch_,
                nullptr, false});
      }
      k.lstm_backward({n, pitch_}, gates(t), c(t), c(t + 1), projected_ ? d_m_.data() : d_h_.data(), peephole(),
                      d_c_.data(), peephole_.size() > 0 ? d_peephole_.data() : nullptr);
      input_gradients(pass, in, t, d_in);
      if (t == 0) break;
      k.gemm({h_pitch_, 4 * pitch_, n, h(t), 1, h_pitch_, gates(t), 4 * pitch_, recurrent_.gradient(), 4 * pitch_,
              nullptr, true});
      k.gemm({n, h_pitch_, 4 * pitch_, gates(t), 4 * pitch_, 1, recurrent_.backward(), h_pitch_, d_h_.data(), h_pitch_,
              nullptr, false});
    }
    finish_backward(pass, in, d_in);
    recurrent_.collect(pass.gradients + slot_.recurrent_weight);
    if (projected_) projection_.collect(pass.gradients + slot_.projection_weight);
    for (int gate = 0; gate < 3 && peephole_.size() > 0; ++gate) {
      std::copy_n(d_peephole_.data() + gate * pitch_, peepholes_.size,
                  pass.gradients + slot_.peephole + gate * peepholes_.size);
    }
  }

 private:
  [[nodiscard]] float* c(int step) { return c_.data() + blocks(step, pitch_); }
  [[nodiscard]] float* h(int step) { return h_.data() + blocks(step, h_pitch_); }
  [[nodiscard]] float* m(int step) { return projected_ ? m_.data() + blocks(step, pitch_) : h(step + 1); }
  [[nodiscard]] const float* peephole() const { return peephole_.size() > 0 ? peephole_.data() : nullptr; }

  bool projected_;
  Axis peepholes_;
  int h_pitch_;
  PackedMatrix recurrent_, projection_;
  Buffer peephole_, d_peephole_;
  Buffer c_, m_, h_;  // states before the first step and after each
  Buffer d_h_, d_m_, d_c_;
};

class GruStep : public Recurrent {
 public:
  GruStep(const Layer& layer, const Gru& op, const LayerParameters& slot, const Stored& in, bool first, int capacity)
      : Recurrent(layer, slot, op.cells, 3, in, first, capacity),
        sequence_(op.sequence),
        recurrent_(gate_axis_, {1, op.cells, pitch_}, true),
        h_(blocks(steps_ + 1, pitch_)),
        d_h_(blocks(1, pitch_)) {
    out_.shape = layer.output;
    out_.pitch = pitch_;
    out_.clip = pitch_;
    out_.time = blocks(1, pitch_);
    out_.y = h(sequence_ ? 1 : steps_);
  }

  void forward(const Pass& pass, const Stored& in) override {
    const Kernels& k = pass.kernels;
    const int n = pass.clips;
    begin(pass, in);
    recurrent_.pack(pass.parameters + slot_.recurrent_weight);
    for (int t = 0; t < steps_; ++t) {
      multiply_input(pass, in, t);
      // The new state's recurrent part stays apart from its input part: the reset gate scales it alone.
      k.gemm({n, 2 * pitch_, pitch_, h(t), pitch_, 1, recurrent_.forward(), 3 * pitch_, gates(t), 4 * pitch_, nullptr,
              true});
      k.gemm({n, pitch_, pitch_, h(t), pitch_, 1, recurrent_.forward() + 2 * pitch_, 3 * pitch_, gates(t) + 3 * pitch_,
              4 * pitch_, nullptr, false});
      k.gru({n, pitch_}, gates(t), h(t), h(t + 1));
    }
  }

  void backward(const Pass& pass, const Stored& in, const float* dz, float* d_in) override {
    const Kernels& k = pass.kernels;
    const int n = pass.clips;
    const std::ptrdiff_t values = static_cast<std::ptrdiff_t>(n) * pitch_;
    begin_backward();
    recurrent_.clear_gradient();
    d_h_.clear();
    for (int t = steps_ - 1; t >= 0; --t) {
      float* d_h = d_h_.data();
      if (sequence_ || t == steps_ - 1) {
        const float* from = sequence_ ? dz + t * out_.time : dz;
        for (std::ptrdiff_t i = 0; i < values; ++i) d_h[i] += from[i];
      }
      k.gru_backward({n, pitch_}, gates(t), h(t), d_h);
      input_gradients(pass, in, t, d_in);
      const float* d_gates = gates(t);
      const float* d_past = d_gates + 3 * pitch_;
      k.gemm({pitch_, 2 * pitch_, n, h(t), 1, pitch_, d_gates, 4 * pitch_, recurrent_.gradient(), 3 * pitch_, nullptr,
              true});
      k.gemm({pitch_, pitch_, n, h(t), 1, pitch_, d_past, 4 * pitch_, recurrent_.gradient() + 2 * pitch_, 3 * pitch_,
              nullptr, true});
      k.gemm(
          {n, pitch_, 2 * pitch_, d_gates, 4 * pitch_, 1, recurrent_.backward(), pitch_, d_h, pitch_, nullptr, true});
      k.gemm({n, pitch_, pitch_, d_past, 4 * pitch_, 1,
              recurrent_.backward() + static_cast<std::ptrdiff_t>(2) * pitch_ * pitch_, pitch_, d_h, pitch_, nullptr,
              true});
    }
    finish_backward(pass, in, d_in);
    recurrent_.collect(pass.gradients + slot_.recurrent_weight);
  }

 private:
  [[nodiscard]] float* h(int step) { return h_.data() + blocks(step, pitch_); }

  bool sequence_;
  PackedMatrix recurrent_;
  Buffer h_;  // state before the first step and after each
  Buffer d_h_;
};

}  // namespace

std::unique_ptr<Step> make_lstm(const Layer& layer, const LayerParameters& slot, const Stored& in, bool first,
                                int capacity) {
  return std::make_unique<LstmStep>(layer, std::get<Lstm>(layer.op), slot, in, first, capacity);
}

std::unique_ptr<Step> make_gru(const Layer& layer, const LayerParameters& slot, const Stored& in, bool first,
                               int capacity) {
  return std::make_unique<GruStep>(layer, std::get<Gru>(layer.op), slot, in, first, capacity);
}

}  // namespace kws::fused
