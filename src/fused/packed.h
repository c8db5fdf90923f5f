#pragma once

#include "buffer.h"

namespace kws::fused {

/// One side of a matrix: `groups` runs of `size` elements, each padded to `pitch` (gates of a cell, taps of a kernel).
struct Axis {
  int groups, size, pitch;
  [[nodiscard]] int length() const { return groups * pitch; }
};

/// A weight matrix in the orders that the products read, with its gradient; padding is zero. In the flat arrays it is
/// [out groups * out size][in groups * in size].
class PackedMatrix {
 public:
  /// with_backward: the input's gradient will be wanted too.
  PackedMatrix(Axis out, Axis in, bool with_backward);

  void pack(const float* flat);
  void collect(float* flat_gradient) const;

  [[nodiscard]] int inputs() const { return in_.length(); }
  [[nodiscard]] int outputs() const { return out_.length(); }
  [[nodiscard]] const float* forward() const { return forward_.data(); }    ///< [inputs][outputs]
  [[nodiscard]] const float* backward() const { return backward_.data(); }  ///< [outputs][inputs]
  [[nodiscard]] float* gradient() { return gradient_.data(); }              ///< [inputs][outputs]
  void clear_gradient() { gradient_.clear(); }

 private:
  template <class Visit>
  void each_row(const Visit& visit) const;

  Axis out_, in_;
  Buffer forward_, backward_, gradient_;
};

/// A vector per output channel, padded group by group like the columns of a matrix.
void pack_vector(Axis axis, const float* flat, float* packed);
void collect_vector(Axis axis, const double* packed, float* flat);

}  // namespace kws::fused
