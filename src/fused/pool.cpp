#include "step.h"

namespace kws::fused {
namespace {

/// Average over the whole map.
class Pool : public Step {
 public:
  Pool(const Layer& layer, const Stored& in, int capacity) : value_(in.size()) { store_output(layer.output, capacity); }

  void forward(const Pass& pass, const Stored& in) override {
    const int positions = in.positions();
    const float share = 1.0F / static_cast<float>(positions);
    for (int clip = 0; clip < pass.clips; ++clip) {
      pass.kernels.activate(positions, in.pitch, in.y + clip * in.clip, in.activation, value_.data());
      float* y = y_.data() + clip * out_.clip;
      std::fill_n(y, in.pitch, 0.0F);
      for (int p = 0; p < positions; ++p) {
        const float* value = value_.data() + static_cast<std::ptrdiff_t>(p) * in.pitch;
        for (int c = 0; c < in.pitch; ++c) y[c] += value[c];
      }
      for (int c = 0; c < in.pitch; ++c) y[c] *= share;
    }
  }

  void backward(const Pass& pass, const Stored& in, const float* dz, float* d_in) override {
    const int positions = in.positions();
    const float share = 1.0F / static_cast<float>(positions);
    for (int clip = 0; clip < pass.clips; ++clip) {
      const float* gradient = dz + clip * out_.clip;
      for (int p = 0; p < positions; ++p) {
        float* to = value_.data() + static_cast<std::ptrdiff_t>(p) * in.pitch;
        for (int c = 0; c < in.pitch; ++c) to[c] = gradient[c] * share;
      }
      pass_back(pass.kernels, in, static_cast<std::ptrdiff_t>(clip) * positions, positions, value_.data(), d_in);
    }
  }

 private:
  Buffer value_;  // of one clip, activated; its gradient on the way back
};

}  // namespace

std::unique_ptr<Step> make_pool(const Layer& layer, const Stored& in, int capacity) {
  return std::make_unique<Pool>(layer, in, capacity);
}

}  // namespace kws::fused
