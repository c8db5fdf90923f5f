#include "kws/cost/kernel.h"

#include <array>
#include <variant>

namespace kws {
namespace {

bool plain(const Depthwise2d& op) { return op.bands == 1 && op.dilation == Extent{}; }

struct KernelOf {
  const Shape& out;
  Kernel operator()(const Conv2d& op) const {
    if (op.dilation != Extent{}) return Kernel::conv2d_dilated;
    const bool single = op.kernel.time * op.kernel.freq * op.stride.time * op.stride.freq == 1;
    if (!single) return Kernel::conv2d;
    return out.time * out.freq == 1 ? Kernel::dense : Kernel::pointwise;
  }
  Kernel operator()(const Depthwise2d& op) const {
    return op.kernel.time * op.kernel.freq <= kDepthwiseTaps && plain(op) ? Kernel::depthwise : Kernel::depthwise_large;
  }
  /// A mean over time alone is one over the whole of a map whose frequencies are channels.
  Kernel operator()(const AvgPool2d& op) const {
    return op.over_time || !op.over_freq || out.time == 1 ? Kernel::avg_pool : Kernel::avg_pool_rows;
  }
  Kernel operator()(const Dense& /*op*/) const { return Kernel::dense; }
  Kernel operator()(const Add& /*op*/) const { return Kernel::add; }
  Kernel operator()(const Activate& /*op*/) const { return Kernel::activate; }
  Kernel operator()(const Lstm& /*op*/) const { return Kernel::lstm; }
  Kernel operator()(const Gru& /*op*/) const { return Kernel::gru; }
};

}  // namespace

Kernel kernel_of(const Layer& layer) { return std::visit(KernelOf{layer.output}, layer.op); }

bool on_cmsis_nn(const Layer& layer) {
  switch (kernel_of(layer)) {
    case Kernel::pointwise:
    case Kernel::conv2d:
    case Kernel::dense:
      return true;
    case Kernel::depthwise:
    case Kernel::depthwise_large:
      return layer.input.channels % 4 == 0 && plain(std::get<Depthwise2d>(layer.op));
    case Kernel::avg_pool:
    case Kernel::add:
    case Kernel::activate:
    case Kernel::conv2d_dilated:
    case Kernel::avg_pool_rows:
    case Kernel::gru:
    case Kernel::lstm:
      break;
  }
  return false;
}

AddRows add_rows(const Layer& layer) {
  const Shape& in = layer.input;
  const Shape& second = layer.second;
  if (second.freq == in.freq && second.time >= in.time) return {1, 1, in.elements()};
  if (second.freq == in.freq) return {1, in.time, in.step()};
  if (second.time == 1) return {1, in.time * in.freq, in.channels};
  return {in.time, in.freq, in.channels};
}

std::string_view kernel_name(Kernel kernel) {
  static constexpr std::array<std::string_view, kKernels> names = {
      "pointwise", "conv2d", "depthwise", "depthwise_large", "dense",          "avg_pool",
      "gru",       "lstm",   "add",       "activate",        "conv2d_dilated", "avg_pool_rows"};
  return names.at(static_cast<std::size_t>(kernel));
}

}  // namespace kws
