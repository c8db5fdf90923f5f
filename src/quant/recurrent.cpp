// The two recurrent cells of the host engine; int8_model.h gives every formula.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "kws/quant/arithmetic.h"
#include "layer_runner.h"

namespace kws {

using Ints = std::vector<std::int32_t>;

void LayerRunner::run(const Gru& op, const std::int8_t* in, std::int8_t* out) {
  const Shape& from = layer_.layer.input;
  const auto cells = static_cast<std::size_t>(op.cells);
  Ints ax(3 * cells), ah(3 * cells), h16(cells);
  std::vector<std::int16_t> h8(recurrent_.padded());
  for (int t = 0; t < from.time; ++t) {
    std::copy_n(in + t * from.step(), from.step(), patch_.begin());
    gates(main_, layer_.main, patch_.data(), ax.data());
    gates(recurrent_, layer_.recurrent, h8.data(), ah.data());
    for (std::size_t j = 0; j < cells; ++j) {
      const std::size_t update = cells + j, fresh = 2 * cells + j;
      // Gates are Q4.11, the activations read Q12.
      const std::int32_t r = sigmoid_q15(2 * sat16(ax[j] + ah[j]));
      const std::int32_t z = sigmoid_q15(2 * sat16(ax[update] + ah[update]));
      const std::int32_t n = tanh_q15(2 * sat16(ax[fresh] + ((r * ah[fresh] + (1 << 14)) >> 15)));
      h16[j] = sat16((z * h16[j] + (32768 - z) * n + (1 << 14)) >> 15);
      h8[j] = static_cast<std::int16_t>(std::min((h16[j] + 128) >> 8, 127));
    }
    if (op.sequence || t + 1 == from.time) {
      std::transform(h8.begin(), h8.begin() + op.cells, out, [](auto h) { return static_cast<std::int8_t>(h); });
      out += op.cells;
    }
  }
}

void LayerRunner::run(const Lstm& op, const std::int8_t* in, std::int8_t* out) {
  const Shape& from = layer_.layer.input;
  const auto cells = static_cast<std::size_t>(op.cells);
  const int outputs = op.projection > 0 ? op.projection : op.cells;
  Ints ax(4 * cells), ah(4 * cells), c(cells), projected(static_cast<std::size_t>(outputs));
  std::vector<std::int16_t> h8(recurrent_.padded()), m8(std::max(projection_.padded(), cells));
  const auto peep = [&](std::size_t row, std::size_t j, std::int32_t gate) {
    if (!op.peepholes) return gate;
    const std::int32_t product = layer_.peephole[row * cells + j] * c[j];
    return sat16(gate + requantize(product, layer_.peephole_multiplier[row], layer_.peephole_shift[row]));
  };
  for (int t = 0; t < from.time; ++t) {
    std::copy_n(in + t * from.step(), from.step(), patch_.begin());
    gates(main_, layer_.main, patch_.data(), ax.data());
    gates(recurrent_, layer_.recurrent, h8.data(), ah.data());
    for (std::size_t j = 0; j < cells; ++j) {
      const auto gate = [&](std::size_t row) { return sat16(ax[row * cells + j] + ah[row * cells + j]); };
      const std::int32_t i = sigmoid_q15(peep(0, j, gate(0)));
      const std::int32_t f = sigmoid_q15(peep(1, j, gate(1)));
      const std::int32_t g = tanh_q15(gate(2));
      c[j] = sat16(((f * c[j] + (1 << 14)) >> 15) + ((i * g + (1 << 17)) >> 18));
      const std::int32_t o = sigmoid_q15(peep(2, j, gate(3)));
      const std::int32_t m16 = (o * tanh_q15(c[j]) + (1 << 14)) >> 15;
      m8[j] = static_cast<std::int16_t>(std::clamp((m16 + 128) >> 8, -128, 127));
    }
    if (op.projection > 0) {
      gates(projection_, layer_.projection, m8.data(), projected.data());
      std::transform(projected.begin(), projected.end(), h8.begin(),
                     [](std::int32_t h) { return static_cast<std::int16_t>(std::clamp(h, -128, 127)); });
    } else {
      std::copy_n(m8.begin(), cells, h8.begin());
    }
  }
  std::transform(h8.begin(), h8.begin() + outputs, out, [](auto h) { return static_cast<std::int8_t>(h); });
}

}  // namespace kws
