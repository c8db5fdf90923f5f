#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

#include "kernels.h"

namespace kws::fused {

inline int padded(int channels) { return (channels + kGroup - 1) / kGroup * kGroup; }

/// Floats at a cache line's start, zero at first, with a group of slack behind the last one.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::ptrdiff_t count) : count_(count) {
    const std::size_t wanted = static_cast<std::size_t>(count + kGroup) * sizeof(float);
    const std::size_t alignment = wanted < kHugePage ? 64 : kHugePage;
    const std::size_t bytes = (wanted + alignment - 1) / alignment * alignment;
    data_.reset(static_cast<float*>(std::aligned_alloc(alignment, bytes)));
    if (data_ == nullptr) throw std::bad_alloc();
    // Activations are tens of megabytes: pages of 4 KiB would not fit the address cache. Refusal costs time alone.
    if (alignment == kHugePage) madvise(data_.get(), bytes, MADV_HUGEPAGE);
    std::fill_n(data_.get(), count + kGroup, 0.0F);
  }
  [[nodiscard]] float* data() { return data_.get(); }
  [[nodiscard]] const float* data() const { return data_.get(); }
  [[nodiscard]] std::ptrdiff_t size() const { return count_; }
  void clear() { std::fill_n(data_.get(), count_, 0.0F); }

 private:
  static constexpr std::size_t kHugePage = std::size_t{1} << 21;
  struct Free {
    void operator()(float* p) const { std::free(p); }
  };
  std::unique_ptr<float, Free> data_;
  std::ptrdiff_t count_ = 0;
};

}  // namespace kws::fused
