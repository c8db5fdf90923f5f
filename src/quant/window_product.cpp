#include "window_product.h"

namespace kws::int8 {

WindowProduct::WindowProduct(const Kernels& kernels, const Int8Product& product, int gates, const Plane& in,
                             Extent kernel, Extent dilation) {
  // Cells that lie close are one long run: a row of the kernel, or even the whole of it.
  const bool close = in.step == in.shape.channels && dilation.freq == 1;
  const int columns = close ? 1 : kernel.freq;
  const int rows = close && dilation.time == 1 && in.row_step() == kernel.freq * in.step ? 1 : kernel.time;
  for (int t = 0; t < rows; ++t) {
    for (int f = 0; f < columns; ++f) tap_.push_back(t * dilation.time * in.row_step() + f * dilation.freq * in.step);
  }
  const int window = kernel.time * kernel.freq * in.shape.channels;
  packed_ = pack_rows(kernels, product, gates, rows * columns, window / (rows * columns));
}

WindowProduct::WindowProduct(const Kernels& kernels, const Int8Product& product, int gates, int length)
    : tap_{0}, packed_(pack_rows(kernels, product, gates, 1, length)) {}

ProductCall WindowProduct::call() const {
  return {.in = nullptr,
          .in_offset = nullptr,
          .count = 0,
          .tap = tap_.data(),
          .taps = packed_.taps,
          .words = packed_.words,
          .weight = packed_.weight.data(),
          .scaling = packed_.scaling.view(),
          .blocks = packed_.blocks,
          .out = nullptr,
          .out_offset = nullptr,
          .zero_point = 0,
          .low = -128};
}

std::vector<std::int32_t> offsets(int count, int step) {
  std::vector<std::int32_t> result(to_size(count));
  for (int i = 0; i < count; ++i) result[to_size(i)] = i * step;
  return result;
}

}  // namespace kws::int8
