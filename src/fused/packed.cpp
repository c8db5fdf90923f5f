#include "packed.h"

namespace kws::fused {

PackedMatrix::PackedMatrix(Axis out, Axis in, bool with_backward)
    : out_(out),
      in_(in),
      forward_(static_cast<std::ptrdiff_t>(in.length()) * out.length()),
      backward_(with_backward ? static_cast<std::ptrdiff_t>(in.length()) * out.length() : 0),
      gradient_(static_cast<std::ptrdiff_t>(in.length()) * out.length()) {}

/// Calls visit(packed row, packed first column, flat offset) for every run of in_.size inputs.
template <class Visit>
void PackedMatrix::each_row(const Visit& visit) const {
  std::ptrdiff_t flat = 0;
  for (int group = 0; group < out_.groups; ++group) {
    for (int n = 0; n < out_.size; ++n) {
      for (int run = 0; run < in_.groups; ++run, flat += in_.size) {
        visit(group * out_.pitch + n, run * in_.pitch, flat);
      }
    }
  }
}

void PackedMatrix::pack(const float* flat) {
  const std::ptrdiff_t columns = outputs();
  const bool with_backward = backward_.size() > 0;
  each_row([&](int row, int first, std::ptrdiff_t offset) {
    const float* from = flat + offset;
    float* to = forward_.data() + first * columns + row;
    for (int k = 0; k < in_.size; ++k) to[k * columns] = from[k];
    if (with_backward)
      std::copy_n(from, in_.size, backward_.data() + static_cast<std::ptrdiff_t>(row) * inputs() + first);
  });
}

void PackedMatrix::collect(float* flat_gradient) const {
  const std::ptrdiff_t columns = outputs();
  each_row([&](int row, int first, std::ptrdiff_t offset) {
    const float* from = gradient_.data() + first * columns + row;
    for (int k = 0; k < in_.size; ++k) flat_gradient[offset + k] = from[k * columns];
  });
}

void pack_vector(Axis axis, const float* flat, float* packed) {
  for (int group = 0; group < axis.groups; ++group) {
    std::copy_n(flat + group * axis.size, axis.size, packed + group * axis.pitch);
  }
}

void collect_vector(Axis axis, const double* packed, float* flat) {
  for (int group = 0; group < axis.groups; ++group) {
    for (int i = 0; i < axis.size; ++i) {
      flat[group * axis.size + i] = static_cast<float>(packed[group * axis.pitch + i]);
    }
  }
}

}  // namespace kws::fused
