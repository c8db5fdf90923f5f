#include "fused_steps.h"
#include "kws/graph/graph.h"
#include "kws/graph/training_work.h"

namespace kws::fused {
namespace {

/// What a training step takes with registers of so many values, in multiply-adds of the wider ones.
///   product  a multiply-add, in those
double work(const Graph& graph, int lanes, double product) {
  const Format format{1, lanes};
  double all = 0.0;
  for (const Layer& layer : graph.layers()) {
    const Shape& out = layer.output;
    const double positions = static_cast<double>(out.time) * out.freq;
    all += kValueWork * positions * format.padded(out.channels);
    for (const ParameterSpec& spec : parameters_of(layer)) {
      all += product * positions * static_cast<double>(spec.elements());
    }
  }
  return all;
}

}  // namespace

const Kernels<float>& float_kernels(const Graph& graph, Isa isa) {
  constexpr double kNarrowProduct = 1.5;  // times as long in registers of AVX2
  if (isa == Isa::avx2) return avx2_kernels();
  const Kernels<float>&narrow = avx2_kernels(), &wide = avx512_kernels();
  return work(graph, narrow.lanes, kNarrowProduct) < work(graph, wide.lanes, 1.0) ? narrow : wide;
}

}  // namespace kws::fused
