#include <algorithm>
#include <variant>

#include "maps.h"

namespace kws::fused {
namespace {

/// Sum of two maps, the second one of the same shape, with a single time step or frequency, or longer and cropped; its
/// ReLU is the reader's.
template <class Value>
class AddStep : public Step<Value> {
  using Step<Value>::out_;
  using Step<Value>::adds_;
  using Step<Value>::adds_second_;

 public:
  AddStep(const Layer& layer, const Stored<Value>& in, const Stored<Value>& second, Format format)
      : second_(second),
        shape_(broadcast(in, second)),
        alike_(in.shape == second.shape),
        cropped_(second.shape.time > in.shape.time),
        first_(first_added(layer) * second.time),
        gradient_(alike_ || cropped_ ? 0 : second.clip) {
    this->store_output(layer.output, format);
    out_.activation.relu = std::get<Add>(layer.op).relu;
  }

  void forward(const Pass<Value>& pass, const Stored<Value>& in) override {
    for (int clip = 0; clip < pass.clips; ++clip) {
      pass.kernels.add(shape_, in.y + clip * in.clip, in.activation, second_.y + clip * second_.clip + first_,
                       second_.activation, out_.y + clip * out_.clip);
    }
  }

  void backward_second(const Pass<Value>& pass, const Value* dz, Value* d_second) override {
    if (alike_) return copy_gradient(pass, second_, dz, adds_second_, d_second);
    if (cropped_) return spread_middle(pass, dz, d_second);
    for (int clip = 0; clip < pass.clips; ++clip) {
      pass.kernels.reduce(shape_, dz + clip * out_.clip, {}, 1.0F, gradient_.data());
      pass_back(pass.kernels, second_, static_cast<std::ptrdiff_t>(clip) * second_.positions(), second_.positions(),
                gradient_.data(), adds_second_, d_second);
    }
  }

  void backward(const Pass<Value>& pass, const Stored<Value>& in, const Value* dz, Value* d_in) override {
    if (d_in != nullptr) copy_gradient(pass, in, dz, adds_, d_in);
  }

 private:
  /// No gradient reaches the steps around those that are added.
  void spread_middle(const Pass<Value>& pass, const Value* dz, Value* d_second) {
    if (!adds_second_) std::fill_n(d_second, pass.clips * second_.clip, Value{});
    for (int clip = 0; clip < pass.clips; ++clip) {
      const std::ptrdiff_t at = clip * second_.clip + first_;
      pass.kernels.spread(shape_, dz + clip * out_.clip, 1.0F, mask_of(second_, at, adds_second_), d_second + at);
    }
  }

  /// An addend's gradient is the sum's.
  void copy_gradient(const Pass<Value>& pass, const Stored<Value>& in, const Value* dz, bool add, Value* d_in) {
    if (d_in == dz && in.plain() && in.norm == nullptr) return;
    const Broadcast whole{pass.clips * in.shape.time, in.shape.freq, in.pitch, in.time, in.pitch};
    pass.kernels.spread(whole, dz, 1.0F, mask_of(in, 0, add), d_in);
  }

  const Stored<Value>& second_;
  Broadcast shape_;
  bool alike_, cropped_;
  std::ptrdiff_t first_;    // of a clip's values of the second map, that are added
  Buffer<float> gradient_;  // of one clip of a smaller second map
};

}  // namespace

template <class Value>
std::unique_ptr<Step<Value>> make_add(const Layer& layer, const Stored<Value>& in, const Stored<Value>& second,
                                      Format format) {
  return std::make_unique<AddStep<Value>>(layer, in, second, format);
}
template std::unique_ptr<Step<float>> make_add(const Layer&, const Stored<float>&, const Stored<float>&, Format);
template std::unique_ptr<Step<Bf16>> make_add(const Layer&, const Stored<Bf16>&, const Stored<Bf16>&, Format);

}  // namespace kws::fused
