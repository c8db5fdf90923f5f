#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>

#include "kernels.h"

namespace kws::fused {

/// Up to the next multiple that a product over pairs needs.
template <class Value>
int whole_factors(int depth) {
  constexpr int kDepth = Storage<Value>::kDepth;
  return (depth + kDepth - 1) / kDepth * kDepth;
}

/// Rounds to the nearest, ties to even; not for NaN.
inline Bf16 to_bf16(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  return static_cast<Bf16>((bits + 0x7FFFU + (bits >> 16 & 1U)) >> 16);
}
inline float to_float(Bf16 x) { return std::bit_cast<float>(static_cast<std::uint32_t>(x) << 16); }
inline float to_float(float x) { return x; }
template <class Value>
Value stored(float x) {
  if constexpr (std::is_same_v<Value, float>) {
    return x;
  } else {
    return to_bf16(x);
  }
}

/// Values at a cache line's start, zero at first, with a register of slack behind the last one.
template <class T>
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::ptrdiff_t count) : count_(count) {
    const std::size_t wanted = static_cast<std::size_t>(count + kMostLanes) * sizeof(T);
    const std::size_t alignment = wanted < kHugePage ? 64 : kHugePage;
    const std::size_t bytes = (wanted + alignment - 1) / alignment * alignment;
    data_.reset(static_cast<T*>(std::aligned_alloc(alignment, bytes)));
    if (data_ == nullptr) throw std::bad_alloc();
    // Activations are tens of megabytes: pages of 4 KiB would not fit the address cache. Refusal costs time alone.
    if (alignment == kHugePage) madvise(data_.get(), bytes, MADV_HUGEPAGE);
    std::fill_n(data_.get(), count + kMostLanes, T{});
  }
  [[nodiscard]] T* data() { return data_.get(); }
  [[nodiscard]] const T* data() const { return data_.get(); }
  [[nodiscard]] std::ptrdiff_t size() const { return count_; }
  void clear() { std::fill_n(data_.get(), count_, T{}); }

 private:
  static constexpr std::size_t kHugePage = std::size_t{1} << 21;
  struct Free {
    void operator()(T* p) const { std::free(p); }
  };
  std::unique_ptr<T, Free> data_;
  std::ptrdiff_t count_ = 0;
};

}  // namespace kws::fused
