#include "kws/fused/rounded_net.h"

#include <algorithm>
#include <cmath>
#include <variant>

#include "fused_steps.h"

namespace kws {

namespace {

/// The layers as the int8 network has them, without batch norm.
Graph without_norms(const Graph& graph) {
  Graph plain(graph.input());
  for (const Layer& layer : graph.layers()) {
    Op op = layer.op;
    std::visit(
        [](auto& o) {
          if constexpr (requires { o.norm; }) o.norm = Norm::none;
        },
        op);
    plain.add(layer.name, op, layer.inputs);
  }
  return plain;
}

}  // namespace

struct RoundedNet::Impl {
  Graph graph;
  ParameterLayout layout;
  Graph plain;
  ParameterLayout plain_layout;
  fused::FusedSteps<float> steps;
  std::vector<float> rounded, gradients;  // of the plain network

  Impl(const Graph& g, const ParameterLayout& l, int capacity, Isa isa)
      : graph(g),
        layout(l),
        plain(without_norms(g)),
        plain_layout(plain),
        steps(plain, capacity, fused::float_kernels(plain, isa)),
        rounded(plain_layout.parameters()),
        gradients(rounded.size()) {}

  void round(const Weights& weights) {
    Weights on_grid = weights;
    round_weights(graph, on_grid);
    for (std::size_t i = 0; i < plain.layers().size(); ++i) {
      const Layer& layer = plain.layers()[i];
      for (const ParameterSpec& spec : parameters_of(layer)) {
        const std::vector<float>& data = on_grid.at(layer.name + "/" + spec.name).data;
        std::ranges::copy(data, rounded.begin() + plain_layout.layers()[i].named(spec.name));
      }
    }
  }

  /// From the plain network's gradients to those of weights and batch norm.
  void unfold(std::span<const float> parameters, std::span<const float> statistics, std::span<float> to) const {
    for (std::size_t i = 0; i < plain.layers().size(); ++i) {
      const Layer& layer = plain.layers()[i];
      const LayerParameters& slot = layout.layers()[i];
      const LayerParameters& at = plain_layout.layers()[i];
      if (slot.mean >= 0) {
        if (bands_of(layer.op) > 1) {
          unfold_bands(layer, slot, at, parameters, statistics, to);
        } else {
          unfold_norm(layer, slot, at, parameters, statistics, to);
        }
        continue;
      }
      for (const ParameterSpec& spec : parameters_of(layer)) {
        std::copy_n(gradients.begin() + at.named(spec.name), spec.elements(), to.begin() + slot.named(spec.name));
      }
    }
  }

  /// weight * factor and beta - mean * factor were what the plain layer saw, factor = gamma / deviation of a channel.
  void unfold_norm(const Layer& layer, const LayerParameters& slot, const LayerParameters& at,
                   std::span<const float> parameters, std::span<const float> statistics, std::span<float> to) const {
    const std::ptrdiff_t channels = layer.output.channels;
    const std::ptrdiff_t row = parameters_of(layer).front().elements() / channels;
    const bool depthwise = std::holds_alternative<Depthwise2d>(layer.op);
    for (std::ptrdiff_t c = 0; c < channels; ++c) {
      const double inverse = 1.0 / std::sqrt(static_cast<double>(statistics.data()[slot.variance + c]) + kNormEpsilon);
      const double gamma = slot.gamma >= 0 ? static_cast<double>(parameters.data()[slot.gamma + c]) : 1.0;
      const float d_beta = gradients.data()[at.bias + c];
      double d_factor = -static_cast<double>(statistics.data()[slot.mean + c]) * static_cast<double>(d_beta);
      for (std::ptrdiff_t j = 0; j < row; ++j) {
        const std::ptrdiff_t element = depthwise ? j * channels + c : c * row + j;
        const auto d_weight = static_cast<double>(gradients.data()[at.weight + element]);
        d_factor += d_weight * static_cast<double>(parameters.data()[slot.weight + element]);
        to.data()[slot.weight + element] = static_cast<float>(d_weight * gamma * inverse);
      }
      to.data()[slot.beta + c] = d_beta;
      if (slot.gamma >= 0) to.data()[slot.gamma + c] = static_cast<float>(d_factor * inverse);
    }
  }

  /// The plain layer saw the kernel as it is, and beside it factor and beta - mean * factor, factor = |gamma| /
  /// deviation.
  void unfold_bands(const Layer& layer, const LayerParameters& slot, const LayerParameters& at,
                    std::span<const float> parameters, std::span<const float> statistics, std::span<float> to) const {
    std::copy_n(gradients.begin() + at.weight, parameters_of(layer).front().elements(), to.begin() + slot.weight);
    for (int n = 0; n < norm_size(layer); ++n) {
      const double inverse = 1.0 / std::sqrt(static_cast<double>(statistics.data()[slot.variance + n]) + kNormEpsilon);
      const float d_beta = gradients.data()[at.bias + n], gamma = parameters.data()[slot.gamma + n];
      const double d_factor = static_cast<double>(gradients.data()[at.scale + n]) -
                              static_cast<double>(statistics.data()[slot.mean + n]) * static_cast<double>(d_beta);
      to.data()[slot.beta + n] = d_beta;
      to.data()[slot.gamma + n] = static_cast<float>(gamma < 0.0F ? -d_factor * inverse : d_factor * inverse);
    }
  }
};

RoundedNet::RoundedNet(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RoundedNet::~RoundedNet() = default;

std::unique_ptr<RoundedNet> RoundedNet::make(const Graph& graph, const ParameterLayout& layout, int capacity, Isa isa,
                                             const Int8Model& int8) {
  if (isa == Isa::portable) return nullptr;
  auto impl = std::make_unique<Impl>(graph, layout, capacity, isa);
  if (!impl->steps.build(impl->plain, impl->plain_layout, &int8)) return nullptr;
  return std::unique_ptr<RoundedNet>(new RoundedNet(std::move(impl)));
}

double RoundedNet::step(std::span<const std::int8_t> features, std::span<const double> targets,
                        std::span<const float> parameters, std::span<const float> statistics,
                        std::span<float> gradients) {
  Impl& net = *impl_;
  net.round(folded(net.graph, net.layout, parameters, statistics));
  const double loss = net.steps.step(features, targets, net.rounded, {}, net.gradients);
  net.unfold(parameters, statistics, gradients);
  return loss;
}

}  // namespace kws
