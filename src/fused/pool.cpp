#include "step.h"

namespace kws::fused {
namespace {

/// Average over the whole map.
template <class Value>
class Pool : public Step<Value> {
 public:
  Pool(const Layer& layer, const Stored<Value>& in, int capacity)
      : value_(in.size()), d_value_(in.size()), sum_(in.pitch) {
    this->store_output(layer.output, capacity);
  }

  void forward(const Pass<Value>& pass, const Stored<Value>& in) override {
    const int positions = in.positions();
    const float share = 1.0F / static_cast<float>(positions);
    for (int clip = 0; clip < pass.clips; ++clip) {
      pass.kernels.activate(positions, in.pitch, in.y + clip * in.clip, in.activation, value_.data());
      float* sum = sum_.data();
      sum_.clear();
      for (int p = 0; p < positions; ++p) {
        const Value* value = value_.data() + static_cast<std::ptrdiff_t>(p) * in.pitch;
        for (int c = 0; c < in.pitch; ++c) sum[c] += to_float(value[c]);
      }
      Value* y = this->y_.data() + clip * this->out_.clip;
      for (int c = 0; c < in.pitch; ++c) y[c] = stored<Value>(sum[c] * share);
    }
  }

  void backward(const Pass<Value>& pass, const Stored<Value>& in, const Value* dz, Value* d_in) override {
    const int positions = in.positions();
    const float share = 1.0F / static_cast<float>(positions);
    for (int clip = 0; clip < pass.clips; ++clip) {
      const Value* gradient = dz + clip * this->out_.clip;
      for (int p = 0; p < positions; ++p) {
        float* to = d_value_.data() + static_cast<std::ptrdiff_t>(p) * in.pitch;
        for (int c = 0; c < in.pitch; ++c) to[c] = to_float(gradient[c]) * share;
      }
      pass_back(pass.kernels, in, static_cast<std::ptrdiff_t>(clip) * positions, positions, d_value_.data(), d_in);
    }
  }

 private:
  Buffer<Value> value_;    // of one clip, activated
  Buffer<float> d_value_;  // its gradient
  Buffer<float> sum_;
};

}  // namespace

template <class Value>
std::unique_ptr<Step<Value>> make_pool(const Layer& layer, const Stored<Value>& in, int capacity) {
  return std::make_unique<Pool<Value>>(layer, in, capacity);
}
template std::unique_ptr<Step<float>> make_pool(const Layer&, const Stored<float>&, int);
template std::unique_ptr<Step<Bf16>> make_pool(const Layer&, const Stored<Bf16>&, int);

}  // namespace kws::fused
