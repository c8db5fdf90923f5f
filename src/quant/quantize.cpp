#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <variant>
#include <vector>

#include "kws/core/error.h"
#include "kws/features/front_end.h"
#include "kws/quant/int8_model.h"

namespace kws {
namespace {

/// A float matrix whose row r is {data[r * row_step + j * item_step]}.
struct Rows {
  std::span<const float> data;
  std::size_t rows = 0, length = 0, row_step = 0, item_step = 0;
  [[nodiscard]] float at(std::size_t row, std::size_t item) const { return data[row * row_step + item * item_step]; }
};

Rows row_major(const Tensor& tensor) {
  const auto rows = static_cast<std::size_t>(tensor.shape.front());
  const std::size_t length = tensor.data.size() / rows;
  return {.data = tensor.data, .rows = rows, .length = length, .row_step = length, .item_step = 1};
}

/// Depthwise weights lie [kernel, channels], so a channel's "row" is a column.
Rows per_channel(const Tensor& tensor) {
  const auto rows = static_cast<std::size_t>(tensor.shape.back());
  return {.data = tensor.data, .rows = rows, .length = tensor.data.size() / rows, .row_step = 1, .item_step = rows};
}

Rows rows_of(const Op& op, const Tensor& tensor) {
  return std::holds_alternative<Depthwise2d>(op) ? per_channel(tensor) : row_major(tensor);
}

double row_scale(const Rows& weight, std::size_t row) {
  float largest = 0.0F;
  for (std::size_t j = 0; j < weight.length; ++j) largest = std::max(largest, std::abs(weight.at(row, j)));
  return static_cast<double>(largest) / 127.0;
}

std::int8_t to_int8(double value) { return static_cast<std::int8_t>(std::lround(std::clamp(value, -127.0, 127.0))); }

/// Weights and folded bias of one row at `scale`; returns the largest accumulator that any input can cause.
double fill_row(const Rows& weight, std::size_t r, double bias, const Quant& in, double scale, Int8Product& product) {
  std::int64_t sum = 0, magnitude = 0;
  for (std::size_t j = 0; j < weight.length; ++j) {
    const std::int8_t q = to_int8(static_cast<double>(weight.at(r, j)) / scale);
    product.weight[r * weight.row_step + j * weight.item_step] = q;
    sum += q;
    magnitude += std::abs(q);
  }
  const std::int64_t folded = std::llround(bias / (in.scale * scale)) - in.zero_point * sum;
  product.bias[r] = static_cast<std::int32_t>(folded);
  return static_cast<double>(128 * magnitude + std::abs(folded));
}

/// Weights, biases and factors of `out = (weight * in + bias) / output_scale`.
///   bias  [rows], or empty for none
Int8Product quantize_product(const Rows& weight, std::span<const float> bias, const Quant& in, double output_scale) {
  Int8Product product;
  product.weight.resize(weight.data.size());
  product.bias.resize(weight.rows);
  product.multiplier.resize(weight.rows);
  product.shift.resize(weight.rows);
  for (std::size_t r = 0; r < weight.rows; ++r) {
    const double row_bias = bias.empty() ? 0.0 : static_cast<double>(bias[r]);
    double scale = std::max(row_scale(weight, r), std::abs(row_bias) / (in.scale * 0x1p29));
    if (scale == 0.0) scale = 1.0;
    // No accumulator may reach 2^30, or kernels would need 64 bit: rows of a bias far beyond their weights, and rows of
    // very many weights, take a coarser scale.
    double worst = fill_row(weight, r, row_bias, in, scale, product);
    while (worst >= 0x1p30) {
      scale *= 2.0;
      worst = fill_row(weight, r, row_bias, in, scale, product);
    }
    // Nor may it after the shift to the left: a range far too narrow then saturates, it does not wrap.
    const double factor = std::min(in.scale * scale / output_scale, 0x1.fffffp28 / std::max(1.0, worst));
    quantize_multiplier(factor, product.multiplier[r], product.shift[r]);
  }
  return product;
}

/// The product of a depthwise convolution whose bands have scales and biases of their own.
///   scale, bias  [bands][rows of weight]
Int8Product quantize_bands(const Rows& weight, std::span<const float> scale, std::span<const float> bias,
                           const Quant& in, double output_scale) {
  Int8Product product = quantize_product(weight, {}, in, output_scale);
  const std::vector<std::int32_t> offset = product.bias;  // the input's zero point
  product.bias.resize(bias.size());
  product.multiplier.resize(bias.size());
  product.shift.resize(bias.size());
  for (std::size_t i = 0; i < bias.size(); ++i) {
    const std::size_t r = i % weight.rows;
    const double found = row_scale(weight, r);
    const double step = in.scale * (found > 0.0 ? found : 1.0);
    // A scale far below its bias is raised until the bias has its 2^29: the weights are lost beside it either way.
    const double row_bias = bias[i];
    const double factor = std::max(static_cast<double>(scale[i]), std::abs(row_bias) / (step * 0x1p29)) * step;
    const std::int64_t folded = offset[r] + (factor > 0.0 ? std::llround(row_bias / factor) : 0);
    product.bias[i] = static_cast<std::int32_t>(folded);
    const double worst = 128.0 * 127.0 * static_cast<double>(weight.length) + static_cast<double>(std::abs(folded));
    quantize_multiplier(std::min(factor / output_scale, 0x1.fffffp28 / std::max(1.0, worst)), product.multiplier[i],
                        product.shift[i]);
  }
  return product;
}

/// Asymmetric range of a whole tensor, widened to hold 0, which padding and ReLU need exactly.
Quant activation_quant(const Range& range, bool relu) {
  const double low = relu ? 0.0 : std::min(0.0, static_cast<double>(range.low));
  const double high = std::max(0.0, static_cast<double>(range.high));
  Quant quant;
  if (high - low > 255.0 * kSmallestScale) {
    quant.scale = (high - low) / 255.0;
    quant.zero_point = static_cast<int>(std::lround(std::clamp(-128.0 - low / quant.scale, -128.0, 127.0)));
  } else {
    quant.zero_point = relu ? -128 : 0;  // a layer that never spoke: any scale will do
  }
  return quant;
}

class Quantizer {
 public:
  Quantizer(const Weights& weights, const Ranges& ranges) : weights_(weights), ranges_(ranges) {}

  Int8Layer layer(const Layer& from, const Int8Model& before) const {
    Int8Layer to;
    to.layer = from;
    before.connect(to);
    std::visit([&](const auto& op) { fill(op, to); }, from.op);
    return to;
  }

 private:
  const Tensor& tensor(const Int8Layer& layer, const char* name) const {
    const Tensor& found = weights_.at(layer.layer.name + "/" + name);
    if (!std::all_of(found.data.begin(), found.data.end(), [](float x) { return std::isfinite(x); })) {
      throw Error(layer.layer.name + "/" + name + ": holds values that are not finite; training diverged, " +
                  "train again with a lower rate");
    }
    return found;
  }

  const Range& range(const Int8Layer& layer) const {
    const Range& found = ranges_.at(layer.layer.name);
    if (!(std::max(std::abs(found.low), std::abs(found.high)) < kLargestScale)) {  // NaN neither
      throw Error(layer.layer.name +
                  ": its output is not finite or beyond 1e30; training diverged, train again with a lower rate");
    }
    return found;
  }

  void fill_output(bool relu, Int8Layer& to) const {
    to.output = activation_quant(range(to), relu);
    to.activation_min = relu ? to.output.zero_point : -128;
  }

  void fill_product(const Rows& weight, bool relu, Int8Layer& to) const {
    fill_output(relu, to);
    to.main = quantize_product(weight, tensor(to, "bias").data, to.input, to.output.scale);
  }

  void fill(const Conv2d& op, Int8Layer& to) const { fill_product(row_major(tensor(to, "weight")), op.relu, to); }
  void fill(const Depthwise2d& op, Int8Layer& to) const {
    const Rows weight = per_channel(tensor(to, "weight"));
    if (op.bands == 1) return fill_product(weight, op.relu, to);
    fill_output(op.relu, to);
    to.main = quantize_bands(weight, tensor(to, "scale").data, tensor(to, "bias").data, to.input, to.output.scale);
  }
  void fill(const Dense& op, Int8Layer& to) const { fill_product(row_major(tensor(to, "weight")), op.relu, to); }

  void fill(const AvgPool2d& /*op*/, Int8Layer& to) const {
    to.output = activation_quant(range(to), false);
    const int places = to.layer.output.elements();  // which divide the input's
    const double elements = static_cast<double>(to.layer.input.elements()) / places;
    // The sum stays below 255 * elements, see quantize_product() for the bound.
    const double factor = std::min(to.input.scale / (elements * to.output.scale), 0x1.fffffp28 / (255.0 * elements));
    to.main.multiplier.resize(1);
    to.main.shift.resize(1);
    quantize_multiplier(factor, to.main.multiplier[0], to.main.shift[0]);
  }

  void fill(const Add& op, Int8Layer& to) const {
    fill_output(op.relu, to);
    const std::array<double, 2> factor = {to.input.scale / to.output.scale, to.second.scale / to.output.scale};
    // As many bits as the larger factor may have.
    to.add_shift = kAddShifts.back();
    while (to.add_shift > kAddShifts.front() && std::ldexp(std::max(factor[0], factor[1]), to.add_shift) > 32767.0) {
      --to.add_shift;
    }
    for (std::size_t i = 0; i < 2; ++i) {
      to.addend[i] = static_cast<std::int16_t>(std::lround(std::min(std::ldexp(factor[i], to.add_shift), 32767.0)));
    }
  }

  void fill(const Activate& op, Int8Layer& to) const {
    fill_output(false, to);
    for (int q = -128; q < 128; ++q) {
      const double y = value_of(op.function, to.input.scale * (q - to.input.zero_point)) / to.output.scale;
      to.table.push_back(static_cast<std::int8_t>(std::lround(std::clamp(y + to.output.zero_point, -128.0, 127.0))));
    }
  }

  /// Pre-activations at `step`, from the input and from h8 of scale `state`.
  void fill_gates(double step, const Quant& state, Int8Layer& to) const {
    to.main = quantize_product(row_major(tensor(to, "weight")), tensor(to, "bias").data, to.input, step);
    to.recurrent = quantize_product(row_major(tensor(to, "recurrent_weight")), {}, state, step);
  }

  void fill(const Gru& /*op*/, Int8Layer& to) const {
    to.output = kStateQuant;
    fill_gates(0x1p-11, kStateQuant, to);
  }

  void fill(const Lstm& op, Int8Layer& to) const {
    to.output = kStateQuant;
    if (op.projection > 0) {
      const Range& seen = range(to);
      const double largest = std::max(std::abs(seen.low), std::abs(seen.high));
      to.output = {.scale = largest > 127.0 * kSmallestScale ? largest / 127.0 : 1.0, .zero_point = 0};
      to.projection = quantize_product(row_major(tensor(to, "projection_weight")), {}, kStateQuant, to.output.scale);
    }
    fill_gates(0x1p-12, to.output, to);
    if (op.peepholes) {
      // The cell is Q3.12 like the gates, so the factor is the scale of the weights alone.
      const Rows rows = row_major(tensor(to, "peephole"));
      to.peephole.resize(rows.data.size());
      to.peephole_multiplier.resize(rows.rows);
      to.peephole_shift.resize(rows.rows);
      for (std::size_t r = 0; r < rows.rows; ++r) {
        const double found = row_scale(rows, r);
        const double scale = found > 0.0 ? std::min(found, 64.0) : 1.0;  // 127 * 32768 * 64 stays below 2^30
        for (std::size_t j = 0; j < rows.length; ++j) {
          to.peephole[r * rows.length + j] = to_int8(static_cast<double>(rows.at(r, j)) / scale);
        }
        quantize_multiplier(scale, to.peephole_multiplier[r], to.peephole_shift[r]);
      }
    }
  }

  const Weights& weights_;
  const Ranges& ranges_;
};

}  // namespace

Quant Int8Model::quant(TensorId tensor) const {
  if (tensor == 0) return {.scale = static_cast<double>(kFeatureScale), .zero_point = 0};
  return layers[static_cast<std::size_t>(tensor) - 1].output;
}

Int8Model with_frames(const Int8Model& network, int frames) {
  Graph graph({.time = frames, .freq = network.input.freq, .channels = network.input.channels});
  for (const Int8Layer& layer : network.layers) graph.add(layer.layer.name, layer.layer.op, layer.layer.inputs);
  Int8Model result = network;
  result.input = graph.input();
  for (std::size_t i = 0; i < result.layers.size(); ++i) result.layers[i].layer = graph.layers()[i];
  return result;
}

void Int8Model::connect(Int8Layer& layer) const {
  layer.input = quant(layer.layer.inputs.front());
  layer.second = quant(layer.layer.inputs.back());
}

std::int32_t add_bias(const Int8Layer& layer) {
  return (1 << (layer.add_shift - 1)) - layer.addend[0] * layer.input.zero_point -
         layer.addend[1] * layer.second.zero_point + layer.output.zero_point * (1 << layer.add_shift);
}

Int8Model quantize(const Graph& graph, const Weights& weights, const Ranges& ranges) {
  const Quantizer quantizer(weights, ranges);
  Int8Model model{.input = graph.input(), .layers = {}};
  for (const Layer& layer : graph.layers()) model.layers.push_back(quantizer.layer(layer, model));
  return model;
}

void round_weights(const Graph& graph, Weights& weights) {
  for (const Layer& layer : graph.layers()) {
    for (const ParameterSpec& spec : parameters_of(layer)) {
      if (spec.name == "bias" || spec.name == "scale") continue;
      Tensor& tensor = weights.at(layer.name + "/" + spec.name);
      const Rows rows = rows_of(layer.op, tensor);
      for (std::size_t r = 0; r < rows.rows; ++r) {
        const double scale = row_scale(rows, r);
        if (scale == 0.0) continue;
        for (std::size_t j = 0; j < rows.length; ++j) {
          float& value = tensor.data[r * rows.row_step + j * rows.item_step];
          value = static_cast<float>(scale * to_int8(static_cast<double>(value) / scale));
        }
      }
    }
  }
}

}  // namespace kws
