#include "float_net.h"

#include <algorithm>

#include "kws/features/front_end.h"

namespace kws {

namespace {

constexpr double kCellLimit = 8.0;  // what a Q3.12 cell state holds; see quant/int8_model.h

/// [N, C, T, F] -> [N, T F C], the layout order of everything outside this module.
torch::Tensor flat(const torch::Tensor& x) { return x.permute({0, 2, 3, 1}).reshape({x.size(0), -1}); }

/// [N, C, T, F] -> [T, N, F C] for recurrent layers.
torch::Tensor steps(const torch::Tensor& x) { return x.permute({2, 0, 3, 1}).reshape({x.size(2), x.size(0), -1}); }

/// conv2d in our conventions. TensorFlow's SAME padding may be uneven; only then the input is padded by a copy.
template <class Window>
torch::Tensor convolve(const torch::Tensor& x, const torch::Tensor& kernel, const torch::Tensor& bias,
                       const Layer& layer, const Window& op, std::int64_t groups) {
  const auto [time, freq] = axes_of(layer, op);
  const int top = time.before();
  const int left = freq.before();
  const bool even = top == time.after() && left == freq.after();
  const torch::Tensor source = even ? x : torch::constant_pad_nd(x, {left, freq.after(), top, time.after()});
  const std::vector<std::int64_t> padding =
      even ? std::vector<std::int64_t>{top, left} : std::vector<std::int64_t>{0, 0};
  const std::vector<std::int64_t> stride = {op.stride.time, op.stride.freq};
  const std::vector<std::int64_t> dilation = {op.dilation.time, op.dilation.freq};
  return torch::conv2d(source, kernel, bias, stride, padding, dilation, groups);
}

/// At its own scale for every row along `axis`, as quantize() rounds weights.
torch::Tensor rounded_rows(const torch::Tensor& weight, std::int64_t axis) {
  const std::int64_t rows = weight.size(axis);
  const torch::Tensor largest = weight.detach().abs().transpose(0, axis).reshape({rows, -1}).amax(1);
  const torch::Tensor scale = torch::clamp_min(largest / 127.0, 1e-12);
  return torch::fake_quantize_per_channel_affine(weight, scale, torch::zeros({rows}, torch::kInt), axis, -127, 127);
}

torch::Tensor rounded(const torch::Tensor& x, const Quant& quant) {
  return torch::fake_quantize_per_tensor_affine(x, quant.scale, quant.zero_point, -128, 127);
}

}  // namespace

/// One visitor for all ops; x is [N, C, T, F] throughout.
struct FloatNet::Forward {
  const Layer& layer;
  Slot& slot;
  torch::Tensor x;
  torch::Tensor second;  ///< the other addend of an Add
  bool training;
  const Int8Layer* int8;  ///< rounds as this one does; nullptr: not at all

  /// Batch norm of the bands [N, C, T, F] has, each channel of each band on its own.
  [[nodiscard]] torch::Tensor band_norm(const torch::Tensor& y, int bands) const {
    std::vector<torch::Tensor> parts;
    const std::int64_t freq = y.size(3), channels = y.size(1);
    for (int b = 0; b < bands; ++b) {
      // Frequency f belongs to band f bands / F.
      const std::int64_t from = (b * freq + bands - 1) / bands, to = ((b + 1) * freq + bands - 1) / bands;
      const auto of = [&](const torch::Tensor& all) { return all.narrow(0, b * channels, channels); };
      const torch::Tensor part = y.narrow(3, from, to - from);
      if (int8 != nullptr || !slot.mean.defined()) {
        const torch::Tensor factor = slot.mean.defined()
                                         ? of(slot.gamma).abs() * torch::rsqrt(of(slot.variance) + kNormEpsilon)
                                         : of(slot.scale);
        const torch::Tensor shift = slot.mean.defined() ? of(slot.beta) - of(slot.mean) * factor : of(slot.bias);
        parts.push_back(part * factor.view({-1, 1, 1}) + shift.view({-1, 1, 1}));
      } else {
        parts.push_back(torch::batch_norm(part, of(slot.gamma).abs(), of(slot.beta), of(slot.mean), of(slot.variance),
                                          training, kNormMomentum, kNormEpsilon, false));
      }
    }
    return torch::cat(parts, 3);
  }

  torch::Tensor normalised(torch::Tensor y, bool relu) const {
    if (slot.mean.defined() && int8 == nullptr) {
      y = torch::batch_norm(y, slot.gamma, slot.beta, slot.mean, slot.variance, training, kNormMomentum, kNormEpsilon,
                            false);
    }
    return relu ? torch::relu(y) : y;
  }
  /// The kernel, its output channels along `axis`, and the bias; rounded, with batch norm folded in, if need be.
  [[nodiscard]] std::pair<torch::Tensor, torch::Tensor> product(std::int64_t axis) const {
    if (int8 == nullptr) return {slot.weight, slot.bias};
    if (!slot.mean.defined()) return {rounded_rows(slot.weight, axis), slot.bias};
    const torch::Tensor factor = slot.gamma * torch::rsqrt(slot.variance + kNormEpsilon);
    std::vector<std::int64_t> along(static_cast<std::size_t>(slot.weight.dim()), 1);
    along[static_cast<std::size_t>(axis)] = -1;
    return {rounded_rows(slot.weight * factor.view(along), axis), slot.beta - slot.mean * factor};
  }
  [[nodiscard]] torch::Tensor rows(const torch::Tensor& weight) const {
    return int8 == nullptr ? weight : rounded_rows(weight, 0);
  }
  [[nodiscard]] torch::Tensor state(const torch::Tensor& h, const Quant& quant) const {
    return int8 == nullptr ? h : rounded(h, quant);
  }

  /// A recurrent layer's product with its input, one tensor [N, rows] per time step. Unbound at once: the gradient of
  /// indexing a step would be a tensor as large as all steps, for each of them.
  std::vector<torch::Tensor> inputs() const { return torch::linear(steps(x), rows(slot.weight), slot.bias).unbind(0); }

  torch::Tensor operator()(const Conv2d& op) const {
    const auto [weight, bias] = product(0);
    return normalised(convolve(x, weight.permute({0, 3, 1, 2}), bias, layer, op, 1), op.relu);
  }
  torch::Tensor operator()(const Depthwise2d& op) const {
    if (op.bands > 1) {
      const torch::Tensor kernel = (int8 == nullptr ? slot.weight : rounded_rows(slot.weight, 2)).permute({2, 0, 1});
      const torch::Tensor y = convolve(x, kernel.unsqueeze(1), {}, layer, op, layer.input.channels);
      const torch::Tensor z = band_norm(y, op.bands);
      return op.relu ? torch::relu(z) : z;
    }
    const auto [weight, bias] = product(2);
    const torch::Tensor kernel = weight.permute({2, 0, 1}).unsqueeze(1);  // [C, 1, kt, kf]
    return normalised(convolve(x, kernel, bias, layer, op, layer.input.channels), op.relu);
  }
  torch::Tensor operator()(const AvgPool2d& op) const {
    std::vector<std::int64_t> axes;
    if (op.over_time) axes.push_back(2);
    if (op.over_freq) axes.push_back(3);
    return axes.empty() ? x : x.mean(axes, true);
  }
  torch::Tensor operator()(const Add& op) const {
    const bool cropped = layer.second.time > layer.input.time;
    const torch::Tensor b = cropped ? second.narrow(2, first_added(layer), layer.input.time) : second;
    const torch::Tensor y = x + b;
    return op.relu ? torch::relu(y) : y;
  }
  torch::Tensor operator()(const Activate& op) const {
    switch (op.function) {
      case Function::relu:
        return torch::relu(x);
      case Function::relu6:
        return torch::clamp(x, 0, 6);
      case Function::swish:
        return x * torch::sigmoid(x);
      case Function::hard_swish:
        return x * torch::clamp(x + 3, 0, 6) / 6;
      case Function::tanh:
        return torch::tanh(x);
      case Function::clip:
        return torch::clamp(x, 0, 1);
      case Function::gate:
        break;
    }
    return torch::clamp(torch::tanh(x) + 0.5, 0, 1);
  }
  torch::Tensor operator()(const Dense& op) const {
    const auto [weight, bias] = product(0);
    const torch::Tensor y = torch::linear(flat(x), weight, bias);
    return normalised(y, op.relu).unsqueeze(2).unsqueeze(3);
  }
  torch::Tensor operator()(const Lstm& op) const {
    const torch::Tensor recurrent = rows(slot.recurrent_weight).t();
    const torch::Tensor projection = op.projection > 0 ? rows(slot.projection_weight).t() : torch::Tensor();
    const torch::Tensor peephole = op.peepholes ? rows(slot.peephole) : torch::Tensor();
    torch::Tensor h = torch::zeros({x.size(0), layer.output.channels}, x.options());
    torch::Tensor c = torch::zeros({x.size(0), op.cells}, x.options());
    for (const torch::Tensor& now : inputs()) {
      const auto gates = torch::addmm(now, h, recurrent).chunk(4, 1);
      torch::Tensor input = gates[0];
      torch::Tensor forget = gates[1];
      torch::Tensor out = gates[3];
      if (op.peepholes) {
        input = torch::addcmul(input, c, peephole[0]);
        forget = torch::addcmul(forget, c, peephole[1]);
      }
      c = torch::sigmoid(forget) * c + torch::sigmoid(input) * torch::tanh(gates[2]);
      c = torch::clamp(c, -kCellLimit, kCellLimit);
      if (op.peepholes) out = torch::addcmul(out, c, peephole[2]);
      h = state(torch::sigmoid(out) * torch::tanh(c), kStateQuant);
      if (op.projection > 0) h = torch::mm(h, projection);
      if (op.projection > 0 && int8 != nullptr) h = rounded(h, int8->output);
    }
    return h.unsqueeze(2).unsqueeze(3);
  }
  torch::Tensor operator()(const Gru& op) const {
    const torch::Tensor recurrent = rows(slot.recurrent_weight).t();
    torch::Tensor h = torch::zeros({x.size(0), op.cells}, x.options());
    torch::Tensor seen = h;  // as a rounded network holds it for its products
    std::vector<torch::Tensor> outputs;
    for (const torch::Tensor& now : inputs()) {
      const auto in = now.chunk(3, 1);
      const auto past = torch::mm(seen, recurrent).chunk(3, 1);
      const torch::Tensor reset = torch::sigmoid(in[0] + past[0]);
      const torch::Tensor update = torch::sigmoid(in[1] + past[1]);
      const torch::Tensor fresh = torch::tanh(torch::addcmul(in[2], reset, past[2]));
      h = torch::lerp(fresh, h, update);
      seen = state(h, kStateQuant);
      if (op.sequence) outputs.push_back(seen);
    }
    if (!op.sequence) return seen.unsqueeze(2).unsqueeze(3);
    return torch::stack(outputs, 2).unsqueeze(3);  // [N, C, T, 1]
  }
};

torch::Tensor& FloatNet::Slot::named(std::string_view parameter) {
  if (parameter == "weight") return weight;
  if (parameter == "bias") return bias;
  if (parameter == "recurrent_weight") return recurrent_weight;
  if (parameter == "projection_weight") return projection_weight;
  if (parameter == "scale") return scale;
  return peephole;
}

static std::vector<std::int64_t> sizes(const std::vector<int>& shape) { return {shape.begin(), shape.end()}; }

FloatNet::FloatNet(const Graph& graph, const ParameterLayout& layout, std::span<float> parameters,
                   std::span<float> gradients, std::span<float> statistics, torch::Dtype dtype)
    : graph_(graph), slots_(graph.layers().size()), dtype_(dtype) {
  const auto trained = [&](torch::Tensor& tensor, std::ptrdiff_t offset, const std::vector<std::int64_t>& shape) {
    if (offset < 0) return;
    tensor = torch::from_blob(parameters.data() + offset, shape);
    if (dtype_ == torch::kDouble) {
      tensor = tensor.to(dtype_).requires_grad_();
      copies_.emplace_back(tensor, gradients.data() + offset);
    } else {
      tensor.requires_grad_();
      tensor.mutable_grad() = torch::from_blob(gradients.data() + offset, shape);
    }
  };
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const Layer& layer = graph_.layers()[i];
    const LayerParameters& at = layout.layers()[i];
    Slot& slot = slots_[i];
    for (const ParameterSpec& spec : parameters_of(layer)) {
      if (spec.name != "scale") trained(slot.named(spec.name), at.named(spec.name), sizes(spec.shape));
    }
    if (at.mean < 0) continue;
    const std::vector<std::int64_t> channels = {norm_size(layer)};
    trained(slot.beta, at.beta, channels);
    slot.gamma = torch::ones(channels, dtype_);
    trained(slot.gamma, at.gamma, channels);
    slot.mean = torch::from_blob(statistics.data() + at.mean, channels).to(dtype_);
    slot.variance = torch::from_blob(statistics.data() + at.variance, channels).to(dtype_);
  }
}

FloatNet::FloatNet(const Graph& graph, const Weights& weights) : graph_(graph), slots_(graph.layers().size()) {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const Layer& layer = graph_.layers()[i];
    for (const ParameterSpec& spec : parameters_of(layer)) {
      const Tensor& tensor = weights.at(layer.name + "/" + spec.name);
      torch::Tensor& to = slots_[i].named(spec.name);
      // Bands lie one after the other.
      to = torch::empty(spec.shape.size() == 2 && spec.name != "weight" && bands_of(layer.op) > 1
                            ? std::vector<std::int64_t>{spec.elements()}
                            : sizes(tensor.shape));
      std::copy(tensor.data.begin(), tensor.data.end(), to.data_ptr<float>());
    }
  }
}

/// [N, T, F C] as to_input() gives it -> [N, C, T, F]
static torch::Tensor input_map(const torch::Tensor& features, Shape input) {
  return features.view({features.size(0), input.time, input.freq, input.channels}).permute({0, 3, 1, 2});
}

torch::Tensor FloatNet::apply(std::size_t i, const std::vector<torch::Tensor>& tensors, bool training,
                              const Int8Layer* int8) {
  const Layer& layer = graph_.layers()[i];
  const auto read = [&](TensorId tensor) { return tensors[static_cast<std::size_t>(tensor)]; };
  const torch::Tensor second = layer.inputs.size() > 1 ? read(layer.inputs[1]) : torch::Tensor();
  return std::visit(Forward{layer, slots_[i], read(layer.inputs[0]), second, training, int8}, layer.op);
}

void FloatNet::release(const Layer& layer, std::size_t i, std::vector<torch::Tensor>& tensors) const {
  for (const TensorId tensor : layer.inputs) {
    if (graph_.last_reader(tensor) == static_cast<int>(i)) tensors[static_cast<std::size_t>(tensor)].reset();
  }
}

torch::Tensor FloatNet::forward(const torch::Tensor& features, bool training, const Observer& observer) {
  std::vector<torch::Tensor> tensors = {input_map(features.to(dtype_), graph_.input())};
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const Layer& layer = graph_.layers()[i];
    tensors.push_back(apply(i, tensors, training, nullptr));
    if (observer) observer(layer, tensors.back());
    release(layer, i, tensors);
  }
  return flat(tensors.back());
}

torch::Tensor FloatNet::forward_rounded(const torch::Tensor& features, const Int8Model& int8) {
  std::vector<torch::Tensor> tensors = {input_map(features, graph_.input())};
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const Layer& layer = graph_.layers()[i];
    const torch::Tensor y = apply(i, tensors, true, &int8.layers[i]);
    const bool recurrent = std::holds_alternative<Lstm>(layer.op) || std::holds_alternative<Gru>(layer.op);
    tensors.push_back(recurrent ? y : rounded(y, int8.layers[i].output));
    release(layer, i, tensors);
  }
  return flat(tensors.back());
}

void FloatNet::collect_gradients() const {
  for (const auto& [tensor, to] : copies_) {
    const torch::Tensor gradient = tensor.grad().to(torch::kFloat).contiguous();
    std::copy_n(gradient.data_ptr<float>(), gradient.numel(), to);
  }
}

torch::Tensor to_input(std::span<const std::int8_t> features, Shape input) {
  const auto count = static_cast<std::int64_t>(features.size()) / input.elements();
  torch::Tensor x = torch::empty({count, input.time, input.step()});
  auto* values = x.data_ptr<float>();
  for (std::size_t i = 0; i < features.size(); ++i) values[i] = static_cast<float>(features[i]) * kFeatureScale;
  return x;
}

}  // namespace kws
