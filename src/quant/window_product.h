#pragma once

#include <cstdint>
#include <vector>

#include "packed.h"
#include "prepared_layer.h"

namespace kws::int8 {

/// A product with windows of a plane, its weights packed.
class WindowProduct {
 public:
  WindowProduct() = default;
  /// Rows over kernel positions of `in`, which has the layout of the product's weights.
  WindowProduct(const Kernels& kernels, const Int8Product& product, int gates, const Plane& in, Extent kernel,
                Extent dilation = {});
  /// Rows over vectors of `length` cells.
  WindowProduct(const Kernels& kernels, const Int8Product& product, int gates, int length);

  [[nodiscard]] int blocks() const { return packed_.blocks; }
  /// A call that lacks in, out, their offsets and their count, and the output's range.
  [[nodiscard]] ProductCall call() const;

 private:
  std::vector<std::int32_t> tap_;
  PackedProduct packed_;
};

/// 0, step, 2 step ..
std::vector<std::int32_t> offsets(int count, int step);

}  // namespace kws::int8
