#include "layer_runner.h"

#include <algorithm>
#include <variant>

#include "kws/quant/arithmetic.h"

namespace kws {

static WideRows widen(const Int8Product& product) {
  return product.weight.empty() ? WideRows() : WideRows(product.weight, product.bias.size());
}

LayerRunner::LayerRunner(const Int8Layer& layer)
    : layer_(layer),
      // Depthwise weights are no rows, and a channel's product is too short for the wide form.
      main_(std::holds_alternative<Depthwise2d>(layer.layer.op) ? WideRows() : widen(layer.main)),
      recurrent_(widen(layer.recurrent)),
      projection_(widen(layer.projection)),
      patch_(main_.padded()),
      acc_(static_cast<std::size_t>(std::max(layer.layer.output.channels, main_.rows()))) {}

void LayerRunner::run(const std::int8_t* in, std::int8_t* out) {
  std::visit([&](const auto& op) { run(op, in, out); }, layer_.layer.op);
}

static std::int8_t to_output(const Int8Layer& layer, std::int32_t scaled) {
  // Saturated before the zero point is added, so the sum cannot leave 32 bit.
  const std::int32_t value = layer.output.zero_point + sat16(scaled);
  return static_cast<std::int8_t>(std::clamp(value, layer.activation_min, 127));
}

void LayerRunner::store(std::int8_t* out) const {
  const Int8Product& main = layer_.main;
  for (std::size_t i = 0; i < main.multiplier.size(); ++i) {
    out[i] = to_output(layer_, requantize(acc_[i], main.multiplier[i], main.shift[i]));
  }
}

void LayerRunner::gates(const WideRows& rows, const Int8Product& product, const std::int16_t* input,
                        std::int32_t* gate) {
  rows.multiply(input, product.bias.data(), acc_.data());
  for (std::size_t j = 0; j < product.multiplier.size(); ++j) {
    gate[j] = sat16(requantize(acc_[j], product.multiplier[j], product.shift[j]));
  }
}

void LayerRunner::run(const Conv2d& op, const std::int8_t* in, std::int8_t* out) {
  const Shape& from = layer_.layer.input;
  const Shape& to = layer_.layer.output;
  const int top = pad_before(from.time, to.time, op.kernel.time, op.stride.time, op.padding);
  const int left = pad_before(from.freq, to.freq, op.kernel.freq, op.stride.freq, op.padding);
  const int row = op.kernel.freq * from.channels;
  const auto zero_point = static_cast<std::int16_t>(layer_.input.zero_point);
  for (int t = 0; t < to.time; ++t) {
    for (int f = 0; f < to.freq; ++f) {
      const int first = f * op.stride.freq - left;  // leftmost column of the patch, may lie outside
      const int begin = std::max(0, -first);
      const int end = std::min(op.kernel.freq, from.freq - first);
      for (int kt = 0; kt < op.kernel.time; ++kt) {
        std::int16_t* patch = patch_.data() + kt * row;
        const int time = t * op.stride.time - top + kt;
        if (time < 0 || time >= from.time) {
          std::fill_n(patch, row, zero_point);
          continue;
        }
        const std::int8_t* source = in + (time * from.freq + first + begin) * from.channels;
        std::fill_n(patch, begin * from.channels, zero_point);
        std::copy_n(source, (end - begin) * from.channels, patch + begin * from.channels);
        std::fill(patch + end * from.channels, patch + row, zero_point);
      }
      main_.multiply(patch_.data(), layer_.main.bias.data(), acc_.data());
      store(out);
      out += to.channels;
    }
  }
}

void LayerRunner::run(const Depthwise2d& op, const std::int8_t* in, std::int8_t* out) {
  const Shape& from = layer_.layer.input;
  const Shape& to = layer_.layer.output;
  const int channels = to.channels;
  const int top = pad_before(from.time, to.time, op.kernel.time, op.stride.time, op.padding);
  const int left = pad_before(from.freq, to.freq, op.kernel.freq, op.stride.freq, op.padding);
  const std::vector<std::int8_t> padding(static_cast<std::size_t>(channels),
                                         static_cast<std::int8_t>(layer_.input.zero_point));
  for (int t = 0; t < to.time; ++t) {
    for (int f = 0; f < to.freq; ++f) {
      std::copy(layer_.main.bias.begin(), layer_.main.bias.end(), acc_.begin());
      const std::int8_t* weight = layer_.main.weight.data();
      for (int kt = 0; kt < op.kernel.time; ++kt) {
        for (int kf = 0; kf < op.kernel.freq; ++kf, weight += channels) {
          const int time = t * op.stride.time - top + kt;
          const int freq = f * op.stride.freq - left + kf;
          const bool inside = time >= 0 && time < from.time && freq >= 0 && freq < from.freq;
          const std::int8_t* source = inside ? in + (time * from.freq + freq) * channels : padding.data();
          std::int32_t* acc = acc_.data();
          for (int c = 0; c < channels; ++c) acc[c] += source[c] * weight[c];
        }
      }
      store(out);
      out += channels;
    }
  }
}

void LayerRunner::run(const AvgPool2d& /*op*/, const std::int8_t* in, std::int8_t* out) {
  const Shape& from = layer_.layer.input;
  const int positions = from.time * from.freq;
  const Int8Product& main = layer_.main;
  for (int c = 0; c < from.channels; ++c) {
    std::int32_t sum = 0;
    for (int i = 0; i < positions; ++i) sum += in[i * from.channels + c] - layer_.input.zero_point;
    out[c] = to_output(layer_, requantize(sum, main.multiplier.front(), main.shift.front()));
  }
}

void LayerRunner::run(const Dense& /*op*/, const std::int8_t* in, std::int8_t* out) {
  std::copy_n(in, layer_.layer.input.elements(), patch_.begin());
  main_.multiply(patch_.data(), layer_.main.bias.data(), acc_.data());
  store(out);
}

}  // namespace kws
