#include "kws/fused/fused_net.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <variant>
#include <vector>

#include "kws/core/error.h"
#include "kws/features/front_end.h"
#include "step.h"

namespace kws {

using fused::Bf16;
using fused::Buffer;
using fused::Kernels;
using fused::Pass;
using fused::Stored;
using fused::to_float;

constexpr int kEvaluated = 20;  // clips at once where training has its own arrays

namespace {

/// A network's steps for one way to store activations.
template <class Value>
struct FusedSteps {
  const Kernels<Value>& kernels;
  int capacity, classes;
  Stored<Value> input;
  Buffer<Value> x;
  std::vector<std::unique_ptr<fused::Step<Value>>> steps;
  Buffer<Value> d_out, d_in;  // gradients on the way back, exchanged from layer to layer

  FusedSteps(const Graph& graph, int most, const Kernels<Value>& table)
      : kernels(table), capacity(most), classes(graph.output().elements()) {
    const bool frames = !graph.layers().empty() && (std::holds_alternative<Lstm>(graph.layers().front().op) ||
                                                    std::holds_alternative<Gru>(graph.layers().front().op));
    input.shape = graph.input();
    input.pitch = graph.input().channels;
    // What a product reads as one row, a time step or a clip, is made of whole factors.
    input.time = frames ? fused::whole_factors<Value>(graph.input().step()) : graph.input().step();
    input.clip = fused::whole_factors<Value>(static_cast<int>(input.time) * graph.input().time);
    x = Buffer<Value>(input.clip * most);
    input.y = x.data();
  }

  /// Layer by layer; false at the first one that has no fused step.
  bool build(const Graph& graph, const ParameterLayout& layout) {
    const Stored<Value>* in = &input;
    std::ptrdiff_t largest = 0;
    for (std::size_t i = 0; i < graph.layers().size(); ++i) {
      auto step = fused::make_step(graph.layers()[i], layout.layers()[i], *in, i == 0, capacity);
      if (step == nullptr) return false;
      steps.push_back(std::move(step));
      in = &steps.back()->output();
      largest = std::max(largest, in->size() * capacity);
    }
    d_out = Buffer<Value>(largest);
    d_in = Buffer<Value>(largest);
    return !steps.empty() && in->plain() && in->positions() == 1;
  }

  void forward(const Pass<Value>& pass, std::span<const std::int8_t> features) {
    const int row = input.shape.step();
    const std::int8_t* from = features.data();
    for (int clip = 0; clip < pass.clips; ++clip) {
      for (int t = 0; t < input.shape.time; ++t, from += row) {
        std::transform(from, from + row, x.data() + clip * input.clip + t * input.time,
                       [](std::int8_t v) { return fused::stored<Value>(static_cast<float>(v) * kFeatureScale); });
      }
    }
    const Stored<Value>* in = &input;
    for (const auto& step : steps) {
      step->forward(pass, *in);
      in = &step->output();
    }
  }

  [[nodiscard]] const Value* logit_row(int clip) const {
    const Stored<Value>& out = steps.back()->output();
    return out.y + clip * out.clip;
  }

  /// Mean loss; d_out becomes its gradient by the logits.
  double loss(std::span<const int> labels, double smoothing) {
    const auto clips = static_cast<double>(labels.size());
    const std::ptrdiff_t pitch = steps.back()->output().pitch;
    const double spread = smoothing / classes;
    double sum = 0.0;
    std::vector<double> logits(static_cast<std::size_t>(classes)), exponentials(logits.size());
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const Value* row = logit_row(static_cast<int>(i));
      std::transform(row, row + classes, logits.begin(), [](Value v) { return static_cast<double>(to_float(v)); });
      const double most = *std::ranges::max_element(logits);
      double total = 0.0;
      for (std::size_t c = 0; c < logits.size(); ++c) {
        exponentials[c] = std::exp(logits[c] - most);
        total += exponentials[c];
      }
      const double log_total = std::log(total) + most;
      Value* gradient = d_out.data() + static_cast<std::ptrdiff_t>(i) * pitch;
      std::fill_n(gradient, pitch, Value{});
      for (std::size_t c = 0; c < logits.size(); ++c) {
        const double target = spread + (static_cast<int>(c) == labels[i] ? 1.0 - smoothing : 0.0);
        sum += target * (log_total - logits[c]);
        gradient[c] = fused::stored<Value>(static_cast<float>((exponentials[c] / total - target) / clips));
      }
    }
    return sum / clips;
  }

  void backward(const Pass<Value>& pass) {
    for (std::size_t i = steps.size(); i-- > 0;) {
      const Stored<Value>& in = i == 0 ? input : steps[i - 1]->output();
      const Stored<Value>& out = steps[i]->output();
      // Clip by clip of equal size: written over what was just read, which is in the cache.
      const bool in_place = in.clip == out.clip && in.clip == in.size() && out.clip == out.size();
      steps[i]->backward(pass, in, d_out.data(), i == 0 ? nullptr : in_place ? d_out.data() : d_in.data());
      if (!in_place) std::swap(d_out, d_in);
    }
  }

  double step(std::span<const std::int8_t> features, std::span<const int> labels, double smoothing,
              std::span<const float> parameters, std::span<float> statistics, std::span<float> gradients) {
    assert(!labels.empty() && labels.size() <= static_cast<std::size_t>(capacity));
    const Pass<Value> pass{kernels,         static_cast<int>(labels.size()), true, parameters.data(), statistics.data(),
                           gradients.data()};
    forward(pass, features);
    const double result = loss(labels, smoothing);
    backward(pass);
    return result;
  }
};

/// Not for dense layers alone, by the comparison in docs/training_engine.md.
bool bfloat16_is_as_accurate(const Graph& graph) {
  return !std::ranges::all_of(graph.layers(),
                              [](const Layer& layer) { return std::holds_alternative<Dense>(layer.op); });
}

/// The products of bfloat16 for a set. AMX multiplies small integers first, whose sums are exact: no CPU that has it
/// was at hand when its kernels were written.
const Kernels<Bf16>& bf16_kernels_for(Isa isa) {
  if (isa != Isa::amx) return fused::bf16_kernels();
  static const bool right = [] {
    constexpr int kRows = 20, kColumns = 48, kPairs = 24;
    Buffer<Bf16> a(2 * kRows * kPairs), b(2 * kColumns * kPairs);
    for (int i = 0; i < 2 * kRows * kPairs; ++i) a.data()[i] = fused::to_bf16(static_cast<float>(i % 13 - 6));
    for (int i = 0; i < 2 * kColumns * kPairs; ++i) b.data()[i] = fused::to_bf16(static_cast<float>(i % 11 - 5));
    const auto product = [&](const Kernels<Bf16>& kernels) {
      std::vector<float> c(std::size_t{kRows} * kColumns);
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
  const Kernels<float>& kernels = isa == Isa::avx2 ? fused::avx2_kernels() : fused::avx512_kernels();
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

double FusedNet::step(std::span<const std::int8_t> features, std::span<const int> labels, double smoothing,
                      std::span<const float> parameters, std::span<float> statistics, std::span<float> gradients) {
  return impl_->halves ? impl_->halves->step(features, labels, smoothing, parameters, statistics, gradients)
                       : impl_->floats->step(features, labels, smoothing, parameters, statistics, gradients);
}

void FusedNet::logits(std::span<const std::int8_t> features, std::span<const float> parameters,
                      std::span<const float> statistics, std::span<float> out) {
  FusedSteps<float>& net = *impl_->floats;
  const auto values = static_cast<std::size_t>(net.input.size());
  const auto classes = static_cast<std::size_t>(net.classes);
  const auto most = static_cast<std::size_t>(net.capacity);
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
