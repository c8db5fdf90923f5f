#include "kws/fused/fused_net.h"

#include <algorithm>
#include <variant>
#include <vector>

#include "fused_steps.h"
#include "kws/core/error.h"

namespace kws {

using fused::Bf16;
using fused::Buffer;
using fused::FusedSteps;
using fused::Kernels;
using fused::Pass;

constexpr int kEvaluated = 20;  // clips at once where training has its own arrays

namespace {

/// Not for dense layers alone, by the comparison in docs/training_engine.md; nor with residuals: through the many
/// layers of a bc_resnet its rounding adds up to what a gradient itself is.
bool bfloat16_is_as_accurate(const Graph& graph) {
  return graph.chain() && !std::ranges::all_of(graph.layers(), [](const Layer& layer) {
           return std::holds_alternative<Dense>(layer.op);
         });
}

/// The products of bfloat16 for a set. AMX multiplies small integers first, whose sums are exact: its kernels have run
/// on an emulated CPU alone.
const Kernels<Bf16>& bf16_kernels_for(Isa isa) {
  if (isa != Isa::amx) return fused::bf16_kernels();
  static const bool right = [] {
    constexpr int kRows = 20, kColumns = 48, kPairs = 24;
    Buffer<Bf16> a(2 * kRows * kPairs), b(2 * kColumns * kPairs);
    for (int i = 0; i < 2 * kRows * kPairs; ++i) a.data()[i] = fused::to_bf16(static_cast<float>(i % 13 - 6));
    for (int i = 0; i < 2 * kColumns * kPairs; ++i) b.data()[i] = fused::to_bf16(static_cast<float>(i % 11 - 5));
    const auto product = [&](const Kernels<Bf16>& kernels) {
      std::vector<float> c(std::size_t{kRows} * kColumns);
      const fused::Products products(kernels);
      kernels.gemm({kRows,
                    kColumns,
                    {kPairs},
                    fused::row_factors(a.data()),
                    kPairs,
                    1,
                    fused::row_factors(b.data()),
                    kColumns,
                    c.data(),
                    kColumns});
      return c;
    };
    return product(fused::amx_kernels()) == product(fused::bf16_kernels());
  }();
  if (!right) throw Error("isa: this CPU's AMX tiles gave a wrong product; choose \"avx512\"", Exit::failed);
  return fused::amx_kernels();
}

}  // namespace

struct FusedNet::Impl {
  std::unique_ptr<FusedSteps<float>> floats;
  std::unique_ptr<FusedSteps<Bf16>> halves;  // where a training step is one in bfloat16; evaluation stays in float
};

FusedNet::FusedNet(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FusedNet::~FusedNet() = default;

std::unique_ptr<FusedNet> FusedNet::make(const Graph& graph, const ParameterLayout& layout, int capacity, Isa isa) {
  if (isa == Isa::portable) return nullptr;
  const Kernels<float>& kernels = fused::float_kernels(graph, isa);
  const bool halves = precision_of(isa) == "bfloat16" && bfloat16_is_as_accurate(graph);
  auto impl = std::make_unique<Impl>();
  impl->floats =
      std::make_unique<FusedSteps<float>>(graph, halves ? std::min(capacity, kEvaluated) : capacity, kernels);
  if (!impl->floats->build(graph, layout)) return nullptr;
  if (halves) {
    impl->halves = std::make_unique<FusedSteps<Bf16>>(graph, capacity, bf16_kernels_for(isa));
    impl->halves->build(graph, layout);  // what a layer stores does not decide whether it has a step
  }
  return std::unique_ptr<FusedNet>(new FusedNet(std::move(impl)));
}

double FusedNet::step(std::span<const std::int8_t> features, std::span<const double> targets,
                      std::span<const float> parameters, std::span<float> statistics, std::span<float> gradients) {
  return impl_->halves ? impl_->halves->step(features, targets, parameters, statistics, gradients)
                       : impl_->floats->step(features, targets, parameters, statistics, gradients);
}

void FusedNet::logits(std::span<const std::int8_t> features, std::span<const float> parameters,
                      std::span<const float> statistics, std::span<float> out) {
  FusedSteps<float>& net = *impl_->floats;
  const auto values = static_cast<std::size_t>(net.input.shape.elements());
  const auto classes = static_cast<std::size_t>(net.classes);
  const auto most = static_cast<std::size_t>(net.format.capacity);
  std::vector<float> running(statistics.begin(), statistics.end());
  const std::size_t clips = features.size() / values;
  for (std::size_t first = 0; first < clips; first += most) {
    const std::size_t count = std::min(most, clips - first);
    const Pass<float> pass{net.kernels, static_cast<int>(count), false, parameters.data(), running.data(), nullptr};
    net.forward(pass, features.subspan(first * values, count * values));
    for (std::size_t i = 0; i < count; ++i) {
      std::copy_n(net.logit_row(static_cast<int>(i)), classes,
                  out.begin() + static_cast<std::ptrdiff_t>((first + i) * classes));
    }
  }
}

}  // namespace kws
