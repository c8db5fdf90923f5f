// LSTM and GRU layers. Arrays over time are [step][capacity][pitch]; cells and gates are padded to whole groups.
#include <optional>
#include <variant>

#include "rounding.h"
#include "step.h"

namespace kws::fused {
namespace {

std::optional<Grid> grid_of(const Quant* quant) {
  return quant != nullptr ? std::optional(Grid(*quant)) : std::nullopt;
}

/// States of float networks alone are rounded to grids.
template <class Value>
void round_states(const Grid& grid, std::ptrdiff_t count, const Value* from, Value* to) {
  if constexpr (std::is_same_v<Value, float>) round_to(grid, count, from, to);
}
template <class Value>
void pass_states(const Grid& grid, std::ptrdiff_t count, const Value* from, float* gradient) {
  if constexpr (std::is_same_v<Value, float>) pass_rounding(grid, count, from, gradient, gradient);
}

/// What both cells have in common: the product with the input, whose rows are (clip, step) pairs.
template <class Value>
class Recurrent : public Step<Value> {
 protected:
  static constexpr int kDepth = Storage<Value>::kDepth;

  Recurrent(const Layer& layer, const LayerParameters& slot, int cells, int gates, const Stored<Value>& in, bool first,
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
        rounded_(kDepth > 1 ? blocks(1, 4 * pitch_) : 0),
        gate_pairs_(pairs(4 * pitch_)),
        x_pairs_(pairs(weight_.inputs())),
        x_(in.plain() ? 0 : in.size() * capacity),
        d_x_(in.plain() || first ? 0 : in.size() * capacity) {}

  [[nodiscard]] std::ptrdiff_t blocks(int count, int pitch) const {
    return static_cast<std::ptrdiff_t>(count) * capacity_ * pitch;
  }
  /// Values of so many clips' rows.
  static std::ptrdiff_t rows(int clips, int pitch) { return static_cast<std::ptrdiff_t>(clips) * pitch; }
  /// Room for a step's rows as a product's depth, where values are no factors by themselves.
  [[nodiscard]] std::ptrdiff_t pairs(int pitch) const {
    return kDepth > 1 ? static_cast<std::ptrdiff_t>(whole_factors<Value>(capacity_)) / kDepth * pitch : 0;
  }
  /// Factors along the depth that the clips of a batch are.
  static Depth clips_depth(const Pass<Value>& pass) { return {whole_factors<Value>(pass.clips) / kDepth}; }
  [[nodiscard]] float* gates(int step) { return gates_.data() + blocks(step, 4 * pitch_); }

  void begin(const Pass<Value>& pass, const Stored<Value>& in) {
    weight_.pack(pass.kernels, pass.parameters + slot_.weight);
    pack_vector(gate_axis_, pass.parameters + slot_.bias, bias_.data());
    if (x_.size() > 0) {
      pass.kernels.activate(static_cast<std::ptrdiff_t>(pass.clips) * in.positions(), in.pitch, in.y, in.activation,
                            x_.data());
    }
  }
  /// Pre-activations of one step from the input alone.
  void multiply_input(const Pass<Value>& pass, const Stored<Value>& in, int step) {
    const int columns = gate_axis_.length();
    pass.kernels.gemm({pass.clips, columns, weight_.input_depth(), row_factors(value(in) + step * in.time),
                       in.clip / kDepth, 1, weight_.forward(), columns, gates(step), 4 * pitch_, bias_.data(), false});
  }

  void begin_backward() {
    weight_.clear_gradient();
    std::ranges::fill(d_bias_, 0.0);
  }
  /// From the gradients of one step's pre-activations, which d_gates_ and gate_factors_ then point to.
  void input_gradients(const Pass<Value>& pass, const Stored<Value>& in, int step, Value* d_in) {
    const Kernels<Value>& k = pass.kernels;
    const int columns = gate_axis_.length(), inputs = weight_.inputs();
    d_gates_ = k.narrow(static_cast<std::ptrdiff_t>(pass.clips) * 4 * pitch_, gates(step), rounded_.data());
    gate_factors_ = k.factors(pass.clips, 4 * pitch_, d_gates_, 4 * pitch_, gate_pairs_.data());
    const Factor<Value>* x = k.factors(pass.clips, inputs, value(in) + step * in.time, in.clip, x_pairs_.data());
    k.gemm({weight_.used_inputs(), columns, clips_depth(pass), x, 1, kDepth > 1 ? inputs : in.clip, gate_factors_,
            4 * pitch_, weight_.gradient(), columns, nullptr, true});
    k.sums(pass.clips, 4 * pitch_, d_gates_, d_bias_.data());
    if (d_in == nullptr) return;
    if (d_x_.size() > 0) {
      k.gemm({pass.clips, inputs, weight_.output_depth(), row_factors(d_gates_), 4 * pitch_ / kDepth, 1,
              weight_.backward(), inputs, d_x_.data() + step * in.time, in.clip, nullptr, false});
    } else {
      k.gemm_kept({pass.clips, inputs, weight_.output_depth(), row_factors(d_gates_), 4 * pitch_ / kDepth, 1,
                   weight_.backward(), inputs, d_in + step * in.time, in.clip, nullptr, false});
    }
  }
  void finish_backward(const Pass<Value>& pass, const Stored<Value>& in, Value* d_in) {
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
  PackedMatrix<Value> weight_;
  Buffer<float> bias_;
  std::vector<double> d_bias_;
  Buffer<float> gates_;  // [steps][capacity][4][pitch]: values, on the way back gradients
  // Of the step under way: gradients of the pre-activations, as rows and as a product's depth.
  const Value* d_gates_ = nullptr;
  const Factor<Value>* gate_factors_ = nullptr;

 private:
  [[nodiscard]] const Value* value(const Stored<Value>& in) const { return x_.size() > 0 ? x_.data() : in.y; }
  Buffer<Value> rounded_;
  Buffer<Factor<Value>> gate_pairs_, x_pairs_;
  Buffer<Value> x_;    // activated input and
  Buffer<float> d_x_;  // its gradient, where the input is not stored as it is read
};

template <class Value>
class LstmStep : public Recurrent<Value> {
  using Base = Recurrent<Value>;
  using Base::blocks, Base::rows, Base::gates, Base::clips_depth, Base::kDepth;
  using Base::slot_, Base::steps_, Base::pitch_, Base::gate_axis_, Base::d_gates_, Base::gate_factors_, Base::out_;

 public:
  LstmStep(const Layer& layer, const Lstm& op, const LayerParameters& slot, const Stored<Value>& in, bool first,
           int capacity, const Quant* rounded)
      : Base(layer, slot, op.cells, 4, in, first, capacity),
        projected_(op.projection > 0),
        m_grid_(grid_of(rounded != nullptr ? &kStateQuant : nullptr)),
        h_grid_(grid_of(projected_ ? rounded : nullptr)),
        peepholes_{3, op.cells, pitch_},
        h_pitch_(padded(layer.output.channels)),
        recurrent_(gate_axis_, {1, layer.output.channels, h_pitch_}, true),
        projection_({1, projected_ ? op.projection : 0, projected_ ? h_pitch_ : 0}, {1, op.cells, pitch_}, true),
        peephole_(op.peepholes ? peepholes_.length() : 0),
        d_peephole_(peephole_.size()),
        c_(blocks(steps_ + 1, pitch_)),
        m_(projected_ || m_grid_ ? blocks(steps_, pitch_) : 0),
        h_(blocks(steps_ + 1, h_pitch_)),
        rounded_m_(h_grid_ ? blocks(steps_, pitch_) : 0),
        product_(h_grid_ ? blocks(steps_, h_pitch_) : 0),
        d_h_(blocks(1, h_pitch_)),
        d_m_(projected_ ? blocks(1, pitch_) : 0),
        d_c_(blocks(1, pitch_)),
        d_h_rounded_(kDepth > 1 && projected_ ? d_h_.size() : 0),
        h_pairs_(this->pairs(h_pitch_)),
        m_pairs_(projected_ ? this->pairs(pitch_) : 0) {
    out_.shape = layer.output;
    out_.pitch = h_pitch_;
    out_.clip = out_.time = h_pitch_;
    out_.y = h(steps_);
  }

  void forward(const Pass<Value>& pass, const Stored<Value>& in) override {
    const Kernels<Value>& k = pass.kernels;
    const int n = pass.clips;
    this->begin(pass, in);
    recurrent_.pack(k, pass.parameters + slot_.recurrent_weight);
    if (projected_) projection_.pack(k, pass.parameters + slot_.projection_weight);
    if (peephole_.size() > 0) pack_vector(peepholes_, pass.parameters + slot_.peephole, peephole_.data());
    for (int t = 0; t < steps_; ++t) {
      this->multiply_input(pass, in, t);
      if (t > 0) {
        k.gemm({n, 4 * pitch_, recurrent_.input_depth(), row_factors(h(t)), h_pitch_ / kDepth, 1, recurrent_.forward(),
                4 * pitch_, gates(t), 4 * pitch_, nullptr, true});
      }
      k.lstm({n, pitch_}, gates(t), c(t), peephole(), c(t + 1), m(t));
      if (m_grid_) round_states(*m_grid_, rows(n, pitch_), m(t), seen_m(t));
      if (projected_) {
        k.gemm_kept({n, h_pitch_, projection_.input_depth(), row_factors(seen_m(t)), pitch_ / kDepth, 1,
                     projection_.forward(), h_pitch_, product(t), h_pitch_, nullptr, false});
      }
      if (h_grid_) round_states(*h_grid_, rows(n, h_pitch_), product(t), h(t + 1));
    }
  }

  void backward(const Pass<Value>& pass, const Stored<Value>& in, const Value* dz, Value* d_in) override {
    const Kernels<Value>& k = pass.kernels;
    const int n = pass.clips;
    this->begin_backward();
    recurrent_.clear_gradient();
    projection_.clear_gradient();
    d_peephole_.clear();
    d_c_.clear();
    std::transform(dz, dz + rows(n, h_pitch_), d_h_.data(), [](Value g) { return to_float(g); });
    for (int t = steps_ - 1; t >= 0; --t) {
      if (h_grid_) pass_states(*h_grid_, rows(n, h_pitch_), product(t), d_h_.data());
      if (projected_) {
        const Value* d_h = k.narrow(rows(n, h_pitch_), d_h_.data(), d_h_rounded_.data());
        k.gemm({projection_.used_inputs(), h_pitch_, clips_depth(pass),
                k.factors(n, pitch_, seen_m(t), pitch_, m_pairs_.data()), 1, pitch_,
                k.factors(n, h_pitch_, d_h, h_pitch_, h_pairs_.data()), h_pitch_, projection_.gradient(), h_pitch_,
                nullptr, true});
        k.gemm({n, pitch_, projection_.output_depth(), row_factors(d_h), h_pitch_ / kDepth, 1, projection_.backward(),
                pitch_, d_m_.data(), pitch_, nullptr, false});
      }
      float* d_m = projected_ ? d_m_.data() : d_h_.data();
      if (m_grid_) pass_states(*m_grid_, rows(n, pitch_), m(t), d_m);
      k.lstm_backward({n, pitch_}, gates(t), c(t), c(t + 1), d_m, peephole(), d_c_.data(),
                      peephole_.size() > 0 ? d_peephole_.data() : nullptr);
      this->input_gradients(pass, in, t, d_in);
      if (t == 0) break;
      k.gemm({recurrent_.used_inputs(), 4 * pitch_, clips_depth(pass),
              k.factors(n, h_pitch_, h(t), h_pitch_, h_pairs_.data()), 1, h_pitch_, gate_factors_, 4 * pitch_,
              recurrent_.gradient(), 4 * pitch_, nullptr, true});
      k.gemm({n, h_pitch_, recurrent_.output_depth(), row_factors(d_gates_), 4 * pitch_ / kDepth, 1,
              recurrent_.backward(), h_pitch_, d_h_.data(), h_pitch_, nullptr, false});
    }
    this->finish_backward(pass, in, d_in);
    recurrent_.collect(pass.gradients + slot_.recurrent_weight);
    if (projected_) projection_.collect(pass.gradients + slot_.projection_weight);
    for (int gate = 0; gate < 3 && peephole_.size() > 0; ++gate) {
      std::copy_n(d_peephole_.data() + gate * pitch_, peepholes_.size,
                  pass.gradients + slot_.peephole + gate * peepholes_.size);
    }
  }

 private:
  [[nodiscard]] float* c(int step) { return c_.data() + blocks(step, pitch_); }
  [[nodiscard]] Value* h(int step) { return h_.data() + blocks(step, h_pitch_); }
  [[nodiscard]] Value* m(int step) { return m_.size() > 0 ? m_.data() + blocks(step, pitch_) : h(step + 1); }
  /// m as the projection, or the next step, reads it.
  [[nodiscard]] Value* seen_m(int step) {
    if (!m_grid_) return m(step);
    return projected_ ? rounded_m_.data() + blocks(step, pitch_) : h(step + 1);
  }
  /// Of the projection, before it is rounded.
  [[nodiscard]] Value* product(int step) { return h_grid_ ? product_.data() + blocks(step, h_pitch_) : h(step + 1); }
  [[nodiscard]] const float* peephole() const { return peephole_.size() > 0 ? peephole_.data() : nullptr; }

  bool projected_;
  std::optional<Grid> m_grid_, h_grid_;
  Axis peepholes_;
  int h_pitch_;
  PackedMatrix<Value> recurrent_, projection_;
  Buffer<float> peephole_, d_peephole_;
  Buffer<float> c_;      // states before the first step and after each
  Buffer<Value> m_, h_;  // likewise
  Buffer<Value> rounded_m_, product_;
  Buffer<float> d_h_, d_m_, d_c_;
  Buffer<Value> d_h_rounded_;
  Buffer<Factor<Value>> h_pairs_, m_pairs_;
};

template <class Value>
class GruStep : public Recurrent<Value> {
  using Base = Recurrent<Value>;
  using Base::blocks, Base::rows, Base::gates, Base::clips_depth, Base::kDepth;
  using Base::slot_, Base::steps_, Base::pitch_, Base::gate_axis_, Base::d_gates_, Base::gate_factors_, Base::out_;

 public:
  GruStep(const Layer& layer, const Gru& op, const LayerParameters& slot, const Stored<Value>& in, bool first,
          int capacity, const Quant* rounded)
      : Base(layer, slot, op.cells, 3, in, first, capacity),
        sequence_(op.sequence),
        grid_(grid_of(rounded)),
        recurrent_(gate_axis_, {1, op.cells, pitch_}, true),
        h_(blocks(steps_ + 1, pitch_)),
        kept_(kDepth > 1 || grid_ ? h_.size() : 0),
        d_h_(blocks(1, pitch_)),
        d_kept_(grid_ ? blocks(1, pitch_) : 0),
        h_pairs_(this->pairs(pitch_)) {
    out_.shape = layer.output;
    out_.pitch = pitch_;
    out_.clip = pitch_;
    out_.time = blocks(1, pitch_);
    out_.y = kept(sequence_ ? 1 : steps_);
  }

  void forward(const Pass<Value>& pass, const Stored<Value>& in) override {
    const Kernels<Value>& k = pass.kernels;
    const int n = pass.clips;
    this->begin(pass, in);
    recurrent_.pack(k, pass.parameters + slot_.recurrent_weight);
    for (int t = 0; t < steps_; ++t) {
      this->multiply_input(pass, in, t);
      // The new state's recurrent part stays apart from its input part: the reset gate scales it alone.
      const Factor<Value>* past = row_factors(kept(t));
      const Depth depth = recurrent_.input_depth();
      k.gemm({n, 2 * pitch_, depth, past, pitch_ / kDepth, 1, recurrent_.forward(), 3 * pitch_, gates(t), 4 * pitch_,
              nullptr, true});
      k.gemm({n, pitch_, depth, past, pitch_ / kDepth, 1, recurrent_.forward() + 2 * pitch_, 3 * pitch_,
              gates(t) + 3 * pitch_, 4 * pitch_, nullptr, false});
      k.gru({n, pitch_}, gates(t), h(t), h(t + 1));
      keep(k, n, t + 1);
    }
  }

  void backward(const Pass<Value>& pass, const Stored<Value>& in, const Value* dz, Value* d_in) override {
    const Kernels<Value>& k = pass.kernels;
    const int n = pass.clips;
    const std::ptrdiff_t values = rows(n, pitch_);
    this->begin_backward();
    recurrent_.clear_gradient();
    d_h_.clear();
    d_kept_.clear();
    float* d_h = d_h_.data();
    float* d_kept = grid_ ? d_kept_.data() : d_h;  // of the state as others read it
    for (int t = steps_ - 1; t >= 0; --t) {
      if (sequence_ || t == steps_ - 1) {
        const Value* from = sequence_ ? dz + t * out_.time : dz;
        for (std::ptrdiff_t i = 0; i < values; ++i) d_kept[i] += to_float(from[i]);
      }
      if (grid_) {
        pass_rounding(*grid_, values, h(t + 1), d_kept, d_kept);
        for (std::ptrdiff_t i = 0; i < values; ++i) d_h[i] += d_kept[i];
        d_kept_.clear();
      }
      k.gru_backward({n, pitch_}, gates(t), h(t), d_h);
      this->input_gradients(pass, in, t, d_in);
      const int columns = 4 * pitch_;
      const Factor<Value>* past = k.factors(n, pitch_, kept(t), pitch_, h_pairs_.data());
      k.gemm({gate_axis_.size, 2 * pitch_, clips_depth(pass), past, 1, pitch_, gate_factors_, columns,
              recurrent_.gradient(), 3 * pitch_, nullptr, true});
      k.gemm({gate_axis_.size, pitch_, clips_depth(pass), past, 1, pitch_, gate_factors_ + 3 * pitch_, columns,
              recurrent_.gradient() + 2 * pitch_, 3 * pitch_, nullptr, true});
      k.gemm({n, pitch_, depth_of<Value>({2, gate_axis_.size, pitch_}), row_factors(d_gates_), columns / kDepth, 1,
              recurrent_.backward(), pitch_, d_kept, pitch_, nullptr, true});
      k.gemm({n, pitch_, recurrent_.input_depth(), row_factors(d_gates_ + 3 * pitch_), columns / kDepth, 1,
              recurrent_.backward(2 * pitch_), pitch_, d_kept, pitch_, nullptr, true});
    }
    this->finish_backward(pass, in, d_in);
    recurrent_.collect(pass.gradients + slot_.recurrent_weight);
  }

 private:
  [[nodiscard]] float* h(int step) { return h_.data() + blocks(step, pitch_); }

  /// What products and the next layer read: a state that small updates add up in must not be rounded itself.
  [[nodiscard]] Value* kept(int step) {
    if constexpr (kDepth == 1) {
      if (!grid_) return h(step);
    }
    return kept_.data() + blocks(step, pitch_);
  }
  void keep(const Kernels<Value>& kernels, int clips, int step) {
    if constexpr (kDepth == 1) {
      if (grid_) round_to(*grid_, rows(clips, pitch_), h(step), kept(step));
    } else {
      kernels.narrow(rows(clips, pitch_), h(step), kept(step));
    }
  }

  bool sequence_;
  std::optional<Grid> grid_;
  PackedMatrix<Value> recurrent_;
  Buffer<float> h_;  // state before the first step and after each
  Buffer<Value> kept_;
  Buffer<float> d_h_, d_kept_;
  Buffer<Factor<Value>> h_pairs_;
};

}  // namespace

template <class Value>
std::unique_ptr<Step<Value>> make_lstm(const Layer& layer, const LayerParameters& slot, const Stored<Value>& in,
                                       bool first, int capacity, const Quant* rounded) {
  return std::make_unique<LstmStep<Value>>(layer, std::get<Lstm>(layer.op), slot, in, first, capacity, rounded);
}
template std::unique_ptr<Step<float>> make_lstm(const Layer&, const LayerParameters&, const Stored<float>&, bool, int,
                                                const Quant*);
template std::unique_ptr<Step<Bf16>> make_lstm(const Layer&, const LayerParameters&, const Stored<Bf16>&, bool, int,
                                               const Quant*);

template <class Value>
std::unique_ptr<Step<Value>> make_gru(const Layer& layer, const LayerParameters& slot, const Stored<Value>& in,
                                      bool first, int capacity, const Quant* rounded) {
  return std::make_unique<GruStep<Value>>(layer, std::get<Gru>(layer.op), slot, in, first, capacity, rounded);
}
template std::unique_ptr<Step<float>> make_gru(const Layer&, const LayerParameters&, const Stored<float>&, bool, int,
                                               const Quant*);
template std::unique_ptr<Step<Bf16>> make_gru(const Layer&, const LayerParameters&, const Stored<Bf16>&, bool, int,
                                              const Quant*);

}  // namespace kws::fused
