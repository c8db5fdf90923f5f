#include "packed.h"

namespace kws::fused {

template <class Value>
PackedMatrix<Value>::PackedMatrix(Axis out, Axis in, bool with_backward)
    : out_(out),
      in_(in),
      forward_(static_cast<std::ptrdiff_t>(inputs()) / kDepth * outputs()),
      rows_(with_backward ? static_cast<std::ptrdiff_t>(inputs()) * outputs() : 0),
      turned_(kDepth > 1 ? rows_.size() / kDepth : 0),
      gradient_(static_cast<std::ptrdiff_t>(inputs()) * outputs()) {}

/// Calls visit(packed row, packed first column, flat offset) for every run of in_.size inputs.
template <class Value>
template <class Visit>
void PackedMatrix<Value>::each_row(const Visit& visit) const {
  std::ptrdiff_t flat = 0;
  for (int group = 0; group < out_.groups; ++group) {
    for (int n = 0; n < out_.size; ++n) {
      for (int run = 0; run < in_.groups; ++run, flat += in_.size) {
        visit(group * out_.pitch + n, run * in_.pitch, flat);
      }
    }
  }
}

template <class Value>
void PackedMatrix<Value>::pack(const Kernels<Value>& kernels, const float* flat) {
  const std::ptrdiff_t columns = outputs();
  const bool with_backward = rows_.size() > 0;
  auto* forward = reinterpret_cast<Value*>(forward_.data());
  each_row([&](int row, int first, std::ptrdiff_t offset) {
    const float* from = flat + offset;
    Value* back = rows_.data() + static_cast<std::ptrdiff_t>(row) * inputs() + first;
    for (int k = 0; k < in_.size; ++k) {
      const Value value = stored<Value>(from[k]);
      const std::ptrdiff_t depth = first + k;
      forward[(depth / kDepth * columns + row) * kDepth + depth % kDepth] = value;
      if (with_backward) back[k] = value;
    }
  });
  if (with_backward) backward_ = kernels.factors(outputs(), inputs(), rows_.data(), inputs(), turned_.data());
}

template <class Value>
void PackedMatrix<Value>::collect(float* flat_gradient) const {
  const std::ptrdiff_t columns = outputs();
  each_row([&](int row, int first, std::ptrdiff_t offset) {
    const float* from = gradient_.data() + first * columns + row;
    for (int k = 0; k < in_.size; ++k) flat_gradient[offset + k] = from[k * columns];
  });
}

template class PackedMatrix<float>;
template class PackedMatrix<Bf16>;

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
