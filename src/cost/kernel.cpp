#include "kws/cost/kernel.h"

#include <array>
#include <variant>

namespace kws {
namespace {

struct KernelOf {
  const Shape& out;
  Kernel operator()(const Conv2d& op) const {
    const bool single = op.kernel.time * op.kernel.freq * op.stride.time * op.stride.freq == 1;
    if (!single) return Kernel::conv2d;
    return out.time * out.freq == 1 ? Kernel::dense : Kernel::pointwise;
  }
  Kernel operator()(const Depthwise2d& op) const {
    return op.kernel.time * op.kernel.freq <= kDepthwiseTaps ? Kernel::depthwise : Kernel::depthwise_large;
  }
  Kernel operator()(const AvgPool2d& /*op*/) const { return Kernel::avg_pool; }
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
      return layer.input.channels % 4 == 0;
    case Kernel::avg_pool:
    case Kernel::add:
    case Kernel::activate:
    case Kernel::gru:
    case Kernel::lstm:
      break;
  }
  return false;
}

std::string_view kernel_name(Kernel kernel) {
  static constexpr std::array<std::string_view, kKernels> names = {
      "pointwise", "conv2d", "depthwise", "depthwise_large", "dense", "avg_pool", "gru", "lstm", "add", "activate"};
  return names.at(static_cast<std::size_t>(kernel));
}

}  // namespace kws
