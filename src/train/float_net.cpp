#include "float_net.h"

#include <algorithm>

#include "kws/features/front_end.h"
#include "kws/train/plain_net.h"

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
  bool training;
  const Int8Layer* int8;  ///< rounds as this one does; nullptr: not at all

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
    const auto [weight, bias] = product(2);
    const torch::Tensor kernel = weight.permute({2, 0, 1}).unsqueeze(1);  // [C, 1, kt, kf]
    return normalised(convolve(x, kernel, bias, layer, op, layer.input.channels), op.relu);
  }
  torch::Tensor operator()(const AvgPool2d& /*op*/) const { return x.mean({2, 3}, true); }
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
      trained(slot.named(spec.name), at.named(spec.name), sizes(spec.shape));
    }
    if (at.mean < 0) continue;
    const std::vector<std::int64_t> channels = {layer.output.channels};
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
      to = torch::empty(sizes(tensor.shape));
      std::copy(tensor.data.begin(), tensor.data.end(), to.data_ptr<float>());
    }
  }
}

torch::Tensor FloatNet::forward(const torch::Tensor& features, bool training, const Observer& observer) {
  torch::Tensor x = features.to(dtype_).unsqueeze(1);  // [N, 1, T, F]
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const Layer& layer = graph_.layers()[i];
    x = std::visit(Forward{layer, slots_[i], x, training, nullptr}, layer.op);
    if (observer) observer(layer, x);
  }
  return flat(x);
}

torch::Tensor FloatNet::forward_rounded(const torch::Tensor& features, const Int8Model& int8) {
  torch::Tensor x = features.unsqueeze(1);  // [N, 1, T, F]
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const Layer& layer = graph_.layers()[i];
    x = std::visit(Forward{layer, slots_[i], x, true, &int8.layers[i]}, layer.op);
    const bool recurrent = std::holds_alternative<Lstm>(layer.op) || std::holds_alternative<Gru>(layer.op);
    if (!recurrent) x = rounded(x, int8.layers[i].output);
  }
  return flat(x);
}

void use_plain_threads(int threads) { at::set_num_threads(threads); }

void FloatNet::collect_gradients() const {
  for (const auto& [tensor, to] : copies_) {
    const torch::Tensor gradient = tensor.grad().to(torch::kFloat).contiguous();
    std::copy_n(gradient.data_ptr<float>(), gradient.numel(), to);
  }
}

PlainNet::PlainNet(const Graph& graph, const ParameterLayout& layout, std::span<float> parameters,
                   std::span<float> gradients, std::span<float> statistics, Precision precision)
    : graph_(graph),
      net_(std::make_unique<FloatNet>(graph, layout, parameters, gradients, statistics,
                                      precision == Precision::float64 ? torch::kDouble : torch::kFloat)),
      gradients_(gradients),
      precision_(precision) {}
PlainNet::~PlainNet() = default;

void PlainNet::round_as(Int8Model int8) { int8_ = std::move(int8); }

double PlainNet::step(std::span<const std::int8_t> features, std::span<const int> labels, double smoothing) {
  const torch::Tensor target = torch::empty({static_cast<std::int64_t>(labels.size())}, torch::kLong);
  std::copy(labels.begin(), labels.end(), target.data_ptr<std::int64_t>());
  std::ranges::fill(gradients_, 0.0F);
  const torch::Tensor input = to_input(features, graph_.input());
  torch::Tensor loss = torch::nn::functional::cross_entropy(
      int8_ ? net_->forward_rounded(input, *int8_) : net_->forward(input, true), target,
      torch::nn::functional::CrossEntropyFuncOptions().label_smoothing(smoothing));
  loss.backward();
  if (precision_ == Precision::float64) net_->collect_gradients();
  return loss.item<double>();
}

torch::Tensor to_input(std::span<const std::int8_t> features, Shape input) {
  const auto count = static_cast<std::int64_t>(features.size()) / input.elements();
  torch::Tensor x = torch::empty({count, input.time, input.freq});
  auto* values = x.data_ptr<float>();
  for (std::size_t i = 0; i < features.size(); ++i) values[i] = static_cast<float>(features[i]) * kFeatureScale;
  return x;
}

}  // namespace kws
