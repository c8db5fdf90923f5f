#include <algorithm>
#include <optional>
#include <variant>

#include "recurrent.h"

namespace kws::fused {
namespace {

template <class Value>
class GruStep : public Recurrent<Value> {
  using Base = Recurrent<Value>;
  using Base::blocks, Base::rows, Base::gates, Base::clips_depth, Base::kDepth;
  using Base::slot_, Base::steps_, Base::pitch_, Base::gate_axis_, Base::d_gates_, Base::gate_factors_, Base::out_;

 public:
  GruStep(const Layer& layer, const Gru& op, const LayerParameters& slot, const Stored<Value>& in, bool first,
          Format format, const Quant* rounded)
      : Base(layer, slot, op.cells, 3, in, first, format),
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
std::unique_ptr<Step<Value>> make_gru(const Layer& layer, const LayerParameters& slot, const Stored<Value>& in,
                                      bool first, Format format, const Quant* rounded) {
  return std::make_unique<GruStep<Value>>(layer, std::get<Gru>(layer.op), slot, in, first, format, rounded);
}
template std::unique_ptr<Step<float>> make_gru(const Layer&, const LayerParameters&, const Stored<float>&, bool, Format,
                                               const Quant*);
template std::unique_ptr<Step<Bf16>> make_gru(const Layer&, const LayerParameters&, const Stored<Bf16>&, bool, Format,
                                              const Quant*);

}  // namespace kws::fused
