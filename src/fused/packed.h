#pragma once

#include "buffer.h"

namespace kws::fused {

/// One side of a matrix: `groups` runs of `size` elements, each padded to `pitch` (gates of a cell, taps of a kernel).
struct Axis {
  int groups, size, pitch;
  [[nodiscard]] int length() const { return groups * pitch; }
  /// Without the padding behind the last group, which is as good as not there.
  [[nodiscard]] int used() const { return length() - (pitch - size); }
};

/// A product over all elements of an axis.
template <class Value>
Depth depth_of(Axis axis) {
  constexpr int kDepth = Storage<Value>::kDepth;
  if (axis.groups == 1 || axis.size == axis.pitch) return {whole_factors<Value>(axis.used()) / kDepth};
  return {whole_factors<Value>(axis.size) / kDepth, axis.groups, axis.pitch / kDepth};
}

/// A weight matrix in the orders that the products read, with its gradient; padding is zero. In the flat arrays it is
/// [out groups * out size][in groups * in size]. Its depth is padded to whole factors.
template <class Value>
class PackedMatrix {
 public:
  /// with_backward: the input's gradient will be wanted too.
  PackedMatrix(Axis out, Axis in, bool with_backward);

  void pack(const Kernels<Value>& kernels, const float* flat);
  void collect(float* flat_gradient) const;

  [[nodiscard]] int inputs() const { return whole_factors<Value>(in_.length()); }
  [[nodiscard]] int outputs() const { return out_.length(); }
  [[nodiscard]] Depth input_depth() const { return depth_of<Value>(in_); }
  [[nodiscard]] Depth output_depth() const { return depth_of<Value>(out_); }
  [[nodiscard]] int used_inputs() const { return in_.used(); }  ///< rows of the gradient that are not all padding
  [[nodiscard]] const Factor<Value>* forward() const { return forward_.data(); }  ///< [inputs / kDepth][outputs]
  /// [outputs / kDepth][inputs], from the factors of output `first` on
  [[nodiscard]] const Factor<Value>* backward(int first = 0) const {
    return backward_ + static_cast<std::ptrdiff_t>(first) / kDepth * inputs();
  }
  [[nodiscard]] float* gradient() { return gradient_.data(); }  ///< [inputs][outputs]
  void clear_gradient() { gradient_.clear(); }

 private:
  template <class Visit>
  void each_row(const Visit& visit) const;

  static constexpr int kDepth = Storage<Value>::kDepth;

  Axis out_, in_;
  Buffer<Factor<Value>> forward_;
  Buffer<Value> rows_;            // [outputs][inputs]
  Buffer<Factor<Value>> turned_;  // rows_ as factors along the outputs, where a value is none by itself
  const Factor<Value>* backward_ = nullptr;
  Buffer<float> gradient_;
};

/// A vector per output channel, padded group by group like the columns of a matrix.
void pack_vector(Axis axis, const float* flat, float* packed);
void collect_vector(Axis axis, const double* packed, float* flat);

}  // namespace kws::fused
