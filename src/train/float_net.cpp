#include "float_net.h"

#include <cmath>

#include "kws/core/rng.h"
#include "kws/features/front_end.h"

namespace kws {

namespace {

constexpr double kNormEpsilon = 1e-3;   // of the published code
constexpr double kNormMomentum = 0.04;  // its decay of 0.96
constexpr double kCellLimit = 8.0;      // what a Q3.12 cell state holds; see quant/int8_model.h

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

/// Channels that a layer's batch norm sees.
int norm_channels(const Layer& layer) { return layer.output.channels; }

/// [N, C, T, F] -> [N, T F C], the layout order of everything outside this module.
torch::Tensor flat(const torch::Tensor& x) { return x.permute({0, 2, 3, 1}).reshape({x.size(0), -1}); }

/// [N, C, T, F] -> [T, N, F C] for recurrent layers.
torch::Tensor steps(const torch::Tensor& x) { return x.permute({2, 0, 3, 1}).reshape({x.size(2), x.size(0), -1}); }

/// conv2d in our conventions. TensorFlow's SAME padding may be uneven; only then the input is padded by a copy.
template <class Window>
torch::Tensor convolve(const torch::Tensor& x, const torch::Tensor& kernel, const torch::Tensor& bias,
                       const Layer& layer, const Window& op, std::int64_t groups) {
  const auto total = [&](int in, int out, int k, int s) {
    return op.padding == Padding::valid ? 0 : std::max(0, (out - 1) * s + k - in);
  };
  const Shape& in = layer.input;
  const Shape& out = layer.output;
  const int time = total(in.time, out.time, op.kernel.time, op.stride.time);
  const int freq = total(in.freq, out.freq, op.kernel.freq, op.stride.freq);
  const int top = pad_before(in.time, out.time, op.kernel.time, op.stride.time, op.padding);
  const int left = pad_before(in.freq, out.freq, op.kernel.freq, op.stride.freq, op.padding);
  const bool even = 2 * top == time && 2 * left == freq;
  const torch::Tensor source = even ? x : torch::constant_pad_nd(x, {left, freq - left, top, time - top});
  const std::vector<std::int64_t> padding =
      even ? std::vector<std::int64_t>{top, left} : std::vector<std::int64_t>{0, 0};
  const std::vector<std::int64_t> stride = {op.stride.time, op.stride.freq};
  const std::vector<std::int64_t> dilation = {1, 1};
  return torch::conv2d(source, kernel, bias, stride, padding, dilation, groups);
}

}  // namespace

/// One visitor for all ops; x is [N, C, T, F] throughout.
struct FloatNet::Forward {
  const Layer& layer;
  Slot& slot;
  torch::Tensor x;
  bool training;

  torch::Tensor normalised(torch::Tensor y, bool relu) const {
    if (slot.mean.defined()) {
      y = torch::batch_norm(y, slot.gamma, slot.beta, slot.mean, slot.variance, training, kNormMomentum, kNormEpsilon,
                            false);
    }
    return relu ? torch::relu(y) : y;
  }

  /// A recurrent layer's product with its input, one tensor [N, rows] per time step. Unbound at once: the gradient of
  /// indexing a step would be a tensor as large as all steps, for each of them.
  std::vector<torch::Tensor> inputs() const { return torch::linear(steps(x), slot.weight, slot.bias).unbind(0); }

  torch::Tensor operator()(const Conv2d& op) const {
    return normalised(convolve(x, slot.weight.permute({0, 3, 1, 2}), slot.bias, layer, op, 1), op.relu);
  }
  torch::Tensor operator()(const Depthwise2d& op) const {
    const torch::Tensor kernel = slot.weight.permute({2, 0, 1}).unsqueeze(1);  // [C, 1, kt, kf]
    return normalised(convolve(x, kernel, slot.bias, layer, op, layer.input.channels), op.relu);
  }
  torch::Tensor operator()(const AvgPool2d& /*op*/) const { return x.mean({2, 3}, true); }
  torch::Tensor operator()(const Dense& op) const {
    const torch::Tensor y = torch::linear(flat(x), slot.weight, slot.bias);
    return normalised(y, op.relu).unsqueeze(2).unsqueeze(3);
  }
  torch::Tensor operator()(const Lstm& op) const {
    const torch::Tensor rows = slot.recurrent_weight.t();
    torch::Tensor h = torch::zeros({x.size(0), layer.output.channels});
    torch::Tensor c = torch::zeros({x.size(0), op.cells});
    for (const torch::Tensor& now : inputs()) {
      const auto gates = torch::addmm(now, h, rows).chunk(4, 1);
      torch::Tensor input = gates[0];
      torch::Tensor forget = gates[1];
      torch::Tensor out = gates[3];
      if (op.peepholes) {
        input = torch::addcmul(input, c, slot.peephole[0]);
        forget = torch::addcmul(forget, c, slot.peephole[1]);
      }
      c = torch::sigmoid(forget) * c + torch::sigmoid(input) * torch::tanh(gates[2]);
      c = torch::clamp(c, -kCellLimit, kCellLimit);
      if (op.peepholes) out = torch::addcmul(out, c, slot.peephole[2]);
      h = torch::sigmoid(out) * torch::tanh(c);
      if (op.projection > 0) h = torch::mm(h, slot.projection_weight.t());
    }
    return h.unsqueeze(2).unsqueeze(3);
  }
  torch::Tensor operator()(const Gru& op) const {
    const torch::Tensor rows = slot.recurrent_weight.t();
    torch::Tensor h = torch::zeros({x.size(0), op.cells});
    std::vector<torch::Tensor> outputs;
    for (const torch::Tensor& now : inputs()) {
      const auto in = now.chunk(3, 1);
      const auto past = torch::mm(h, rows).chunk(3, 1);
      const torch::Tensor reset = torch::sigmoid(in[0] + past[0]);
      const torch::Tensor update = torch::sigmoid(in[1] + past[1]);
      const torch::Tensor fresh = torch::tanh(torch::addcmul(in[2], reset, past[2]));
      h = torch::lerp(fresh, h, update);
      if (op.sequence) outputs.push_back(h);
    }
    if (!op.sequence) return h.unsqueeze(2).unsqueeze(3);
    return torch::stack(outputs, 2).unsqueeze(3);  // [N, C, T, 1]
  }
};

/// Glorot-uniform weights, zero biases but 1 for forget, reset and update gates, gamma 1, beta 0.
struct FloatNet::Initialise {
  const Layer& layer;
  Slot& slot;
  Rng rng;

  void uniform(torch::Tensor& tensor, double fan_in, double fan_out) {
    const double limit = std::sqrt(6.0 / (fan_in + fan_out));
    auto* values = tensor.data_ptr<float>();
    for (std::int64_t i = 0; i < tensor.numel(); ++i) values[i] = static_cast<float>(rng.uniform(-limit, limit));
  }
  void operator()(const Conv2d& op) {
    const double taps = op.kernel.time * op.kernel.freq;
    uniform(slot.weight, taps * layer.input.channels, taps * op.filters);
  }
  void operator()(const Depthwise2d& op) {
    const double taps = op.kernel.time * op.kernel.freq;
    uniform(slot.weight, taps, taps);
  }
  void operator()(const AvgPool2d& /*op*/) {}
  void operator()(const Dense& op) { uniform(slot.weight, layer.input.elements(), op.units); }
  void operator()(const Lstm& op) {
    uniform(slot.weight, layer.input.step(), op.cells);
    uniform(slot.recurrent_weight, layer.output.channels, op.cells);
    slot.bias.narrow(0, op.cells, op.cells).fill_(1.0);
    if (op.projection > 0) uniform(slot.projection_weight, op.cells, op.projection);
    if (op.peepholes) uniform(slot.peephole, op.cells, op.cells);
  }
  void operator()(const Gru& op) {
    uniform(slot.weight, layer.input.step(), op.cells);
    uniform(slot.recurrent_weight, op.cells, op.cells);
    slot.bias.narrow(0, 0, 2 * op.cells).fill_(1.0);
  }
};

void FloatNet::lay_out(bool with_norm) {
  slots_.resize(graph_.layers().size());
  std::int64_t size = 0;
  std::int64_t statistics = 0;
  // Two rounds over the same list: the first adds up, the second hands out views.
  const auto place = [&](bool hand_out) {
    size = 0;
    statistics = 0;
    const auto next = [&](torch::Tensor& view, std::vector<std::int64_t> shape, bool decays) {
      std::int64_t count = 1;
      for (const std::int64_t n : shape) count *= n;
      if (hand_out) {
        view = parameters_.narrow(0, size, count).view(shape).detach().requires_grad_();
        view.mutable_grad() = gradients_.narrow(0, size, count).view(shape);
        if (decays) decayed_.narrow(0, size, count).fill_(1.0);
      }
      size += count;
    };
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      const Layer& layer = graph_.layers()[i];
      Slot& slot = slots_[i];
      const Norm norm = with_norm ? norm_of(layer.op) : Norm::none;
      for (const ParameterSpec& spec : parameters_of(layer)) {
        const bool bias = spec.name == "bias";
        if (bias && norm != Norm::none) continue;  // batch norm takes any bias before it away again
        torch::Tensor& view = spec.name == "weight"              ? slot.weight
                              : bias                             ? slot.bias
                              : spec.name == "recurrent_weight"  ? slot.recurrent_weight
                              : spec.name == "projection_weight" ? slot.projection_weight
                                                                 : slot.peephole;
        next(view, {spec.shape.begin(), spec.shape.end()}, !bias);
      }
      if (norm == Norm::none) continue;
      const std::int64_t channels = norm_channels(layer);
      next(slot.beta, {channels}, false);
      if (norm == Norm::affine) next(slot.gamma, {channels}, false);
      if (hand_out) {
        if (norm == Norm::beta) slot.gamma = torch::ones({channels});
        slot.mean = statistics_.narrow(0, statistics, channels);
        slot.variance = statistics_.narrow(0, statistics + channels, channels);
      }
      statistics += 2 * channels;
    }
  };
  place(false);
  parameters_ = torch::zeros({size});
  gradients_ = torch::zeros({size});
  decayed_ = torch::zeros({size});
  statistics_ = torch::zeros({statistics});
  place(true);
}

FloatNet::FloatNet(const Graph& graph, std::uint64_t seed) : graph_(graph) {
  lay_out(true);
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    std::visit(Initialise{graph_.layers()[i], slot, Rng({seed, 1, i})}, graph_.layers()[i].op);
    if (slot.mean.defined()) {
      slot.gamma.fill_(1.0);
      slot.variance.fill_(1.0);
    }
  }
}

FloatNet::FloatNet(const Graph& graph, const Weights& weights) : graph_(graph) {
  lay_out(false);
  auto* at = parameters_.data_ptr<float>();
  for (const Layer& layer : graph_.layers()) {
    for (const ParameterSpec& spec : parameters_of(layer)) {
      const std::vector<float>& data = weights.at(layer.name + "/" + spec.name).data;
      at = std::copy(data.begin(), data.end(), at);
    }
  }
}

torch::Tensor FloatNet::forward(const torch::Tensor& features, bool training, const Observer& observer) {
  torch::Tensor x = features.unsqueeze(1);  // [N, 1, T, F]
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const Layer& layer = graph_.layers()[i];
    x = std::visit(Forward{layer, slots_[i], x, training}, layer.op);
    if (observer) observer(layer, x);
  }
  return flat(x);
}

Weights FloatNet::folded() const {
  const torch::NoGradGuard no_grad;
  Weights weights;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const Layer& layer = graph_.layers()[i];
    const Slot& slot = slots_[i];
    for (const ParameterSpec& spec : parameters_of(layer)) {
      torch::Tensor value = spec.name == "weight"              ? slot.weight
                            : spec.name == "bias"              ? slot.bias
                            : spec.name == "recurrent_weight"  ? slot.recurrent_weight
                            : spec.name == "projection_weight" ? slot.projection_weight
                                                               : slot.peephole;
      if (slot.mean.defined()) {
        const torch::Tensor factor = slot.gamma / torch::sqrt(slot.variance + kNormEpsilon);
        if (spec.name == "bias") {
          value = slot.beta - slot.mean * factor;
        } else if (std::holds_alternative<Depthwise2d>(layer.op)) {
          value = value * factor;  // [kt, kf, C]
        } else {
          std::vector<std::int64_t> rows(static_cast<std::size_t>(value.dim()), 1);
          rows[0] = -1;
          value = value * factor.view(rows);  // [out, ...]
        }
      }
      value = value.contiguous();
      const auto* data = value.data_ptr<float>();
      weights[layer.name + "/" + spec.name] = {spec.shape, {data, data + value.numel()}};
    }
  }
  return weights;
}

torch::Tensor to_input(std::span<const std::int8_t> features, Shape input) {
  const auto count = static_cast<std::int64_t>(features.size()) / input.elements();
  torch::Tensor x = torch::empty({count, input.time, input.freq});
  auto* values = x.data_ptr<float>();
  for (std::size_t i = 0; i < features.size(); ++i) values[i] = static_cast<float>(features[i]) * kFeatureScale;
  return x;
}

}  // namespace kws
