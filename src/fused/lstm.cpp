#include <algorithm>
#include <optional>
#include <variant>

#include "recurrent.h"

namespace kws::fused {
namespace {

template <class Value>
class LstmStep : public Recurrent<Value> {
  using Base = Recurrent<Value>;
  using Base::blocks, Base::rows, Base::gates, Base::clips_depth, Base::kDepth;
  using Base::slot_, Base::steps_, Base::pitch_, Base::gate_axis_, Base::d_gates_, Base::gate_factors_, Base::out_;

 public:
  LstmStep(const Layer& layer, const Lstm& op, const LayerParameters& slot, const Stored<Value>& in, bool first,
           Format format, const Quant* rounded)
      : Base(layer, slot, op.cells, 4, in, first, format),
        projected_(op.projection > 0),
        m_grid_(grid_of(rounded != nullptr ? &kStateQuant : nullptr)),
        h_grid_(grid_of(projected_ ? rounded : nullptr)),
        peepholes_{3, op.cells, pitch_},
        h_pitch_(format.padded(layer.output.channels)),
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

}  // namespace

template <class Value>
std::unique_ptr<Step<Value>> make_lstm(const Layer& layer, const LayerParameters& slot, const Stored<Value>& in,
                                       bool first, Format format, const Quant* rounded) {
  return std::make_unique<LstmStep<Value>>(layer, std::get<Lstm>(layer.op), slot, in, first, format, rounded);
}
template std::unique_ptr<Step<float>> make_lstm(const Layer&, const LayerParameters&, const Stored<float>&, bool,
                                                Format, const Quant*);
template std::unique_ptr<Step<Bf16>> make_lstm(const Layer&, const LayerParameters&, const Stored<Bf16>&, bool, Format,
                                               const Quant*);

}  // namespace kws::fused
