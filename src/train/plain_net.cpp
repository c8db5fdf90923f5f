#include "kws/train/plain_net.h"

#include "kws/core/isa.h"
#include "kws/train/float_module.h"

namespace kws {

void use_plain_threads(int threads) { float_module().use_threads(threads); }

Precision training_precision() { return supported(Isa::avx512) ? Precision::float32 : Precision::float32_native; }

PlainNet::PlainNet(const Graph& graph, const ParameterLayout& layout, std::span<float> parameters,
                   std::span<float> gradients, std::span<float> statistics, Precision precision)
    : net_(float_module().trainable(graph, layout, parameters, gradients, statistics, precision)) {}
PlainNet::~PlainNet() = default;

void PlainNet::round_as(Int8Model int8) { int8_ = std::move(int8); }

double PlainNet::step(std::span<const std::int8_t> features, std::span<const double> targets) {
  return net_->step(features, targets, int8_ ? &*int8_ : nullptr);
}

}  // namespace kws
