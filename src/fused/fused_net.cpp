#include "kws/fused/fused_net.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <vector>

#include "kws/features/front_end.h"
#include "step.h"

namespace kws {

using fused::Buffer;
using fused::Kernels;
using fused::Pass;
using fused::Stored;

static const Kernels& kernels_for(Isa isa) {
  return isa == Isa::avx512 ? fused::avx512_kernels() : fused::avx2_kernels();
}

struct FusedNet::Impl {
  const Kernels& kernels;
  int capacity, classes;
  Stored input;
  Buffer x;
  std::vector<std::unique_ptr<fused::Step>> steps;
  Buffer d_out, d_in;  // gradients on the way back, exchanged from layer to layer

  Impl(const Graph& graph, int most, Isa isa)
      : kernels(kernels_for(isa)),
        capacity(most),
        classes(graph.output().elements()),
        x(static_cast<std::ptrdiff_t>(graph.input().elements()) * most) {
    input.shape = graph.input();
    input.pitch = graph.input().channels;
    input.clip = input.size();
    input.time = graph.input().step();
    input.y = x.data();
  }

  /// Layer by layer; false at the first one that has no fused step.
  bool build(const Graph& graph, const ParameterLayout& layout) {
    const Stored* in = &input;
    std::ptrdiff_t largest = 0;
    for (std::size_t i = 0; i < graph.layers().size(); ++i) {
      auto step = fused::make_step(graph.layers()[i], layout.layers()[i], *in, i == 0, capacity);
      if (step == nullptr) return false;
      steps.push_back(std::move(step));
      in = &steps.back()->output();
      largest = std::max(largest, in->size() * capacity);
    }
    d_out = Buffer(largest);
    d_in = Buffer(largest);
    return !steps.empty() && in->plain() && in->positions() == 1;
  }

  void forward(const Pass& pass, std::span<const std::int8_t> features) {
    std::ranges::transform(features, x.data(), [](std::int8_t v) { return static_cast<float>(v) * kFeatureScale; });
    const Stored* in = &input;
    for (const auto& step : steps) {
      step->forward(pass, *in);
      in = &step->output();
    }
  }

  [[nodiscard]] const float* logit_row(int clip) const {
    const Stored& out = steps.back()->output();
    return out.y + clip * out.clip;
  }

  /// Mean loss; d_out becomes its gradient by the logits.
  double loss(std::span<const int> labels, double smoothing) {
    const auto clips = static_cast<double>(labels.size());
    const std::ptrdiff_t pitch = steps.back()->output().pitch;
    const double spread = smoothing / classes;
    double sum = 0.0;
    std::vector<double> exponentials(static_cast<std::size_t>(classes));
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const float* row = logit_row(static_cast<int>(i));
      const auto most = static_cast<double>(*std::max_element(row, row + classes));
      double total = 0.0;
      for (int c = 0; c < classes; ++c) {
        exponentials[static_cast<std::size_t>(c)] = std::exp(static_cast<double>(row[c]) - most);
        total += exponentials[static_cast<std::size_t>(c)];
      }
      const double log_total = std::log(total) + most;
      float* gradient = d_out.data() + static_cast<std::ptrdiff_t>(i) * pitch;
      std::fill_n(gradient, pitch, 0.0F);
      for (int c = 0; c < classes; ++c) {
        const double target = spread + (c == labels[i] ? 1.0 - smoothing : 0.0);
        sum += target * (log_total - static_cast<double>(row[c]));
        gradient[c] = static_cast<float>((exponentials[static_cast<std::size_t>(c)] / total - target) / clips);
      }
    }
    return sum / clips;
  }

  void backward(const Pass& pass) {
    for (std::size_t i = steps.size(); i-- > 0;) {
      const Stored& in = i == 0 ? input : steps[i - 1]->output();
      const Stored& out = steps[i]->output();
      // Clip by clip of equal size: written over what was just read, which is in the cache.
      const bool in_place = in.clip == out.clip && in.clip == in.size() && out.clip == out.size();
      steps[i]->backward(pass, in, d_out.data(), i == 0 ? nullptr : in_place ? d_out.data() : d_in.data());
      if (!in_place) std::swap(d_out, d_in);
    }
  }
};

FusedNet::FusedNet(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FusedNet::~FusedNet() = default;

std::unique_ptr<FusedNet> FusedNet::make(const Graph& graph, const ParameterLayout& layout, int capacity, Isa isa) {
  if (isa == Isa::portable) return nullptr;
  auto impl = std::make_unique<Impl>(graph, capacity, isa);
  if (!impl->build(graph, layout)) return nullptr;
  return std::unique_ptr<FusedNet>(new FusedNet(std::move(impl)));
}

double FusedNet::step(std::span<const std::int8_t> features, std::span<const int> labels, double smoothing,
                      std::span<const float> parameters, std::span<float> statistics, std::span<float> gradients) {
  assert(!labels.empty() && labels.size() <= static_cast<std::size_t>(impl_->capacity));
  const Pass pass{impl_->kernels,  static_cast<int>(labels.size()), true, parameters.data(), statistics.data(),
                  gradients.data()};
  impl_->forward(pass, features);
  const double loss = impl_->loss(labels, smoothing);
  impl_->backward(pass);
  return loss;
}

void FusedNet::logits(std::span<const std::int8_t> features, std::span<const float> parameters,
                      std::span<const float> statistics, std::span<float> out) {
  const auto values = static_cast<std::size_t>(impl_->input.size());
  const auto classes = static_cast<std::size_t>(impl_->classes);
  const auto most = static_cast<std::size_t>(impl_->capacity);
  std::vector<float> running(statistics.begin(), statistics.end());
  const std::size_t clips = features.size() / values;
  for (std::size_t first = 0; first < clips; first += most) {
    const std::size_t count = std::min(most, clips - first);
    const Pass pass{impl_->kernels, static_cast<int>(count), false, parameters.data(), running.data(), nullptr};
    impl_->forward(pass, features.subspan(first * values, count * values));
    for (std::size_t i = 0; i < count; ++i) {
      std::copy_n(impl_->logit_row(static_cast<int>(i)), classes,
                  out.begin() + static_cast<std::ptrdiff_t>((first + i) * classes));
    }
  }
}

}  // namespace kws
