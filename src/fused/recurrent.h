// What LSTM and GRU layers share. Arrays over time are [step][capacity][pitch]; cells and gates are padded to whole
// registers.
#pragma once

#include <algorithm>
#include <optional>
#include <type_traits>
#include <vector>

#include "rounding.h"
#include "step.h"

namespace kws::fused {

inline std::optional<Grid> grid_of(const Quant* quant) {
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
            Format format)
      : slot_(slot),
        steps_(layer.input.time),
        capacity_(format.capacity),
        pitch_(format.padded(cells)),
        gate_axis_{gates, cells, pitch_},
        weight_(gate_axis_, {layer.input.freq, layer.input.channels, in.pitch}, !first),
        bias_(gate_axis_.length()),
        d_bias_(static_cast<std::size_t>(4 * pitch_)),
        gates_(blocks(steps_, 4 * pitch_)),
        rounded_(kDepth > 1 ? blocks(1, 4 * pitch_) : 0),
        gate_pairs_(pairs(4 * pitch_)),
        x_pairs_(pairs(weight_.inputs())),
        x_(in.plain() ? 0 : in.size() * format.capacity),
        d_x_(in.plain() || first ? 0 : in.size() * format.capacity) {}

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

  bool add_to_gradient(bool /*second*/) override { return false; }

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
      pass_back(pass.kernels, in, 0, static_cast<std::ptrdiff_t>(pass.clips) * in.positions(), d_x_.data(), false,
                d_in);
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

}  // namespace kws::fused
