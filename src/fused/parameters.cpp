#include "kws/fused/parameters.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <variant>

#include "kws/core/rng.h"

namespace kws {

Norm norm_of(const Op& op) {
  return std::visit(
      [](const auto& o) {
        if constexpr (requires { o.norm; }) {
          return o.norm;
        } else {
          return Norm::none;
        }
      },
      op);
}

int bands_of(const Op& op) {
  const auto* depthwise = std::get_if<Depthwise2d>(&op);
  return depthwise == nullptr ? 1 : depthwise->bands;
}

int norm_size(const Layer& layer) { return bands_of(layer.op) * layer.output.channels; }

static std::ptrdiff_t LayerParameters::*member(std::string_view name) {
  if (name == "weight") return &LayerParameters::weight;
  if (name == "bias") return &LayerParameters::bias;
  if (name == "recurrent_weight") return &LayerParameters::recurrent_weight;
  if (name == "projection_weight") return &LayerParameters::projection_weight;
  if (name == "scale") return &LayerParameters::scale;
  return &LayerParameters::peephole;
}

std::ptrdiff_t LayerParameters::named(std::string_view parameter) const { return this->*member(parameter); }

ParameterLayout::ParameterLayout(const Graph& graph) {
  const auto place = [this](std::ptrdiff_t& offset, std::int64_t count, bool decays) {
    offset = static_cast<std::ptrdiff_t>(decayed_.size());
    decayed_.resize(decayed_.size() + static_cast<std::size_t>(count), decays ? 1.0F : 0.0F);
  };
  for (const Layer& layer : graph.layers()) {
    LayerParameters slot;
    const Norm norm = norm_of(layer.op);
    for (const ParameterSpec& spec : parameters_of(layer)) {
      const bool of_norm = spec.name == "bias" || spec.name == "scale";
      if (of_norm && norm != Norm::none) continue;
      place(slot.*member(spec.name), spec.elements(), !of_norm);
    }
    if (norm != Norm::none) {
      const int size = norm_size(layer);
      place(slot.beta, size, false);
      if (norm == Norm::affine) place(slot.gamma, size, false);
      slot.mean = static_cast<std::ptrdiff_t>(statistics_);
      slot.variance = slot.mean + size;
      statistics_ += 2 * static_cast<std::size_t>(size);
    }
    layers_.push_back(slot);
  }
}

namespace {

/// Fills one layer's weights; the draws follow the order of the tensors.
struct Initialise {
  const Layer& layer;
  const LayerParameters& slot;
  float* parameters;
  Rng rng;

  void uniform(std::ptrdiff_t offset, std::int64_t count, double fan_in, double fan_out) {
    const double limit = std::sqrt(6.0 / (fan_in + fan_out));
    for (std::int64_t i = 0; i < count; ++i) parameters[offset + i] = static_cast<float>(rng.uniform(-limit, limit));
  }
  void ones(std::ptrdiff_t offset, int count) { std::fill_n(parameters + offset, count, 1.0F); }

  void operator()(const Conv2d& op) {
    const int taps = op.kernel.time * op.kernel.freq;
    uniform(slot.weight, std::int64_t{taps} * layer.input.channels * op.filters, taps * layer.input.channels,
            taps * op.filters);
  }
  void operator()(const Depthwise2d& op) {
    const int taps = op.kernel.time * op.kernel.freq;
    uniform(slot.weight, std::int64_t{taps} * layer.input.channels, taps, taps);
  }
  void operator()(const AvgPool2d& /*op*/) {}
  void operator()(const Add& /*op*/) {}
  void operator()(const Activate& /*op*/) {}
  void operator()(const Dense& op) {
    const int inputs = layer.input.elements();
    uniform(slot.weight, std::int64_t{inputs} * op.units, inputs, op.units);
  }
  void operator()(const Lstm& op) {
    const int step = layer.input.step();
    const int outputs = layer.output.channels;
    uniform(slot.weight, std::int64_t{4} * op.cells * step, step, op.cells);
    uniform(slot.recurrent_weight, std::int64_t{4} * op.cells * outputs, outputs, op.cells);
    ones(slot.bias + op.cells, op.cells);
    if (op.projection > 0) {
      uniform(slot.projection_weight, std::int64_t{op.projection} * op.cells, op.cells, op.projection);
    }
    if (op.peepholes) uniform(slot.peephole, std::int64_t{3} * op.cells, op.cells, op.cells);
  }
  void operator()(const Gru& op) {
    const int step = layer.input.step();
    uniform(slot.weight, std::int64_t{3} * op.cells * step, step, op.cells);
    uniform(slot.recurrent_weight, std::int64_t{3} * op.cells * op.cells, op.cells, op.cells);
    ones(slot.bias, 2 * op.cells);
  }
};

}  // namespace

NetState initial_state(const Graph& graph, const ParameterLayout& layout, std::uint64_t seed) {
  NetState state{std::vector<float>(layout.parameters()), std::vector<float>(layout.statistics())};
  for (std::size_t i = 0; i < graph.layers().size(); ++i) {
    const Layer& layer = graph.layers()[i];
    const LayerParameters& slot = layout.layers()[i];
    std::visit(Initialise{layer, slot, state.parameters.data(), Rng({seed, 1, i})}, layer.op);
    const int size = norm_size(layer);
    if (slot.gamma >= 0) std::fill_n(state.parameters.data() + slot.gamma, size, 1.0F);
    if (slot.scale >= 0) std::fill_n(state.parameters.data() + slot.scale, size, 1.0F);
    if (slot.variance >= 0) std::fill_n(state.statistics.data() + slot.variance, size, 1.0F);
  }
  return state;
}

/// Folds batch norm into a layer's kernel [channels, ...] (depthwise: [..., channels]) and bias.
static void fold_norm(const Layer& layer, const LayerParameters& slot, std::span<const float> parameters,
                      std::span<const float> statistics, Tensor& weight, Tensor& bias) {
  const auto channels = static_cast<std::size_t>(layer.output.channels);
  const std::size_t row = weight.data.size() / channels;
  const bool depthwise = std::holds_alternative<Depthwise2d>(layer.op);
  const auto at = [](std::span<const float> values, std::ptrdiff_t offset, std::size_t c) {
    return values[static_cast<std::size_t>(offset) + c];
  };
  for (std::size_t c = 0; c < channels; ++c) {
    const float gamma = slot.gamma >= 0 ? at(parameters, slot.gamma, c) : 1.0F;
    const float factor = gamma / std::sqrt(at(statistics, slot.variance, c) + static_cast<float>(kNormEpsilon));
    for (std::size_t i = 0; i < row; ++i) weight.data[depthwise ? i * channels + c : c * row + i] *= factor;
    bias.data[c] = at(parameters, slot.beta, c) - at(statistics, slot.mean, c) * factor;
  }
}

/// The norm of each band of each channel as scale and bias, beside a kernel that stays as it is.
static void fold_bands(const Layer& layer, const LayerParameters& slot, std::span<const float> parameters,
                       std::span<const float> statistics, Tensor& scale, Tensor& bias) {
  const auto size = static_cast<std::size_t>(norm_size(layer));
  const auto of = [size](std::span<const float> values, std::ptrdiff_t offset) {
    return values.subspan(static_cast<std::size_t>(offset), size);
  };
  for (std::size_t i = 0; i < size; ++i) {
    const float deviation = std::sqrt(of(statistics, slot.variance)[i] + static_cast<float>(kNormEpsilon));
    scale.data[i] = std::abs(of(parameters, slot.gamma)[i]) / deviation;
    bias.data[i] = of(parameters, slot.beta)[i] - of(statistics, slot.mean)[i] * scale.data[i];
  }
}

Weights folded(const Graph& graph, const ParameterLayout& layout, std::span<const float> parameters,
               std::span<const float> statistics) {
  Weights weights;
  for (std::size_t i = 0; i < graph.layers().size(); ++i) {
    const Layer& layer = graph.layers()[i];
    const LayerParameters& slot = layout.layers()[i];
    for (const ParameterSpec& spec : parameters_of(layer)) {
      Tensor& tensor = weights[layer.name + "/" + spec.name];
      tensor.shape = spec.shape;
      const std::ptrdiff_t offset = slot.named(spec.name);
      if (offset < 0) {
        tensor.data.resize(static_cast<std::size_t>(spec.elements()));  // the bias that batch norm gives below
      } else {
        const float* first = parameters.data() + offset;
        tensor.data.assign(first, first + spec.elements());
      }
    }
    if (slot.mean < 0) continue;
    if (bands_of(layer.op) > 1) {
      fold_bands(layer, slot, parameters, statistics, weights.at(layer.name + "/scale"),
                 weights.at(layer.name + "/bias"));
    } else {
      fold_norm(layer, slot, parameters, statistics, weights.at(layer.name + "/weight"),
                weights.at(layer.name + "/bias"));
    }
  }
  return weights;
}

}  // namespace kws
