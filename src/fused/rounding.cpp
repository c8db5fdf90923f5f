#include "rounding.h"

#include <algorithm>
#include <limits>

#include "kws/core/wide.h"

namespace kws::fused {

Grid::Grid(const Quant& quant, bool relu)
    : step(static_cast<float>(quant.scale)),
      inverse(static_cast<float>(1.0 / quant.scale)),
      lowest(static_cast<float>(-128 - quant.zero_point)),
      highest(static_cast<float>(127 - quant.zero_point)),
      floor(relu ? 0.0F : -std::numeric_limits<float>::infinity()) {
  if (relu) lowest = std::max(lowest, 0.0F);
}

/// The nearest whole number, ties to even, within one beyond the grid. Adding 3 * 2^22 leaves a float no bits below 1.
static inline float nearest(const Grid& grid, float x) {
  constexpr float kNoFraction = 0x1.8p23F;
  const float n = std::min(std::max(x * grid.inverse, grid.lowest - 1.0F), grid.highest + 1.0F);
  return (n + kNoFraction) - kNoFraction;
}

KWS_WIDE void round_to(const Grid& grid, std::ptrdiff_t count, const float* from, float* to) {
  const Grid g = grid;
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    to[i] = std::min(std::max(nearest(g, from[i]), g.lowest), g.highest) * g.step;
  }
}

KWS_WIDE void pass_rounding(const Grid& grid, std::ptrdiff_t count, const float* from, const float* gradient,
                            float* to) {
  const Grid g = grid;
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    const float x = from[i], n = nearest(g, x);
    const bool passes = (x > g.floor) & (n >= g.lowest) & (n <= g.highest);  // no branches, or it stays scalar
    to[i] = passes ? gradient[i] : 0.0F;
  }
}

namespace {

class Rounding : public Step<float> {
 public:
  Rounding(const Layer& layer, const Quant& output, Format format) : output_(output) {
    store_output(layer.output, format);
  }

  void forward(const Pass<float>& pass, const Stored<float>& in) override {
    round_to(grid(in), pass.clips * out_.clip, in.y, out_.y);
  }
  void backward(const Pass<float>& pass, const Stored<float>& in, const float* dz, float* d_in) override {
    pass_rounding(grid(in), pass.clips * out_.clip, in.y, dz, d_in);
  }
  bool add_to_gradient(bool /*second*/) override { return false; }

 private:
  [[nodiscard]] Grid grid(const Stored<float>& in) const { return Grid(output_, in.activation.relu); }

  Quant output_;
};

}  // namespace

std::unique_ptr<Step<float>> make_rounding(const Layer& layer, const Quant& output, Format format) {
  return std::make_unique<Rounding>(layer, output, format);
}

}  // namespace kws::fused
