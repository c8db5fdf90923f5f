#pragma once

#include <cstddef>
#include <memory>

#include "kws/quant/int8_model.h"
#include "step.h"

namespace kws::fused {

/// The grid of an int8 tensor: value = step * n for whole n in lowest..highest. Rounding to it has the gradient 1,
/// clipping, and what a ReLU takes away, 0. Source: Jacob et al., "Quantization and Training of Neural Networks", CVPR
/// 2018, section 3.
struct Grid {
  float step, inverse, lowest, highest;
  float floor;  ///< no gradient for values up to here
  /// relu: of the activated value.
  explicit Grid(const Quant& quant, bool relu = false);
};

/// to[i] = from[i] on the grid; `to` may be `from`.
void round_to(const Grid& grid, std::ptrdiff_t count, const float* from, float* to);
/// The gradient of from[i] by that of to[i]; `to` may be `gradient`.
void pass_rounding(const Grid& grid, std::ptrdiff_t count, const float* from, const float* gradient, float* to);

/// Reads a convolution's, dense layer's or pool's stored output, activates and rounds it.
std::unique_ptr<Step<float>> make_rounding(const Layer& layer, const Quant& output, Format format);

}  // namespace kws::fused
