#include <algorithm>

#include "maps.h"

namespace kws::fused {
namespace {

/// Average over the whole map or in one direction.
template <class Value>
class Pool : public Step<Value> {
  using Step<Value>::out_;
  using Step<Value>::adds_;

 public:
  Pool(const Layer& layer, const Stored<Value>& in, Format format) {
    this->store_output(layer.output, format);
    shape_ = broadcast(in, out_);
    const int averaged = in.positions() / out_.positions();
    share_ = 1.0F / static_cast<float>(averaged);
    sum_ = Buffer<float>(out_.clip);
  }

  void forward(const Pass<Value>& pass, const Stored<Value>& in) override {
    for (int clip = 0; clip < pass.clips; ++clip) {
      pass.kernels.reduce(shape_, in.y + clip * in.clip, in.activation, share_, sum_.data());
      std::transform(sum_.data(), sum_.data() + out_.clip, out_.y + clip * out_.clip, stored<Value>);
    }
  }

  void backward(const Pass<Value>& pass, const Stored<Value>& in, const Value* dz, Value* d_in) override {
    if (d_in == nullptr) return;
    for (int clip = 0; clip < pass.clips; ++clip) {
      const std::ptrdiff_t at = clip * in.clip;
      pass.kernels.spread(shape_, dz + clip * out_.clip, share_, mask_of(in, at, adds_), d_in + at);
    }
  }

 private:
  Broadcast shape_{};
  float share_ = 1.0F;
  Buffer<float> sum_;
};

}  // namespace

template <class Value>
std::unique_ptr<Step<Value>> make_pool(const Layer& layer, const Stored<Value>& in, Format format) {
  return std::make_unique<Pool<Value>>(layer, in, format);
}
template std::unique_ptr<Step<float>> make_pool(const Layer&, const Stored<float>&, Format);
template std::unique_ptr<Step<Bf16>> make_pool(const Layer&, const Stored<Bf16>&, Format);

}  // namespace kws::fused
