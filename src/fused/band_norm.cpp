#include <variant>

#include "step.h"

namespace kws::fused {
namespace {

/// Batch norm, or scale and bias, of each band of each channel, from a stored output without norm to one: time steps
/// are rows of it, their frequencies' channels its channels.
template <class Value>
class BandNorm : public Step<Value> {
  using Step<Value>::out_;

 public:
  BandNorm(const Layer& layer, const Depthwise2d& op, const LayerParameters& slot, int capacity)
      : norm_(slot, layer.output.channels, {layer.output.freq, op.bands}), given_(op.norm == Norm::none) {
    this->store_output(layer.output, capacity);
    out_.activation.relu = op.relu;
  }

  void forward(const Pass<Value>& pass, const Stored<Value>& in) override {
    if (given_) {
      norm_.use_given(pass.parameters);
    } else if (pass.training) {
      norm_.begin(pass.statistics);
      pass.kernels.moments(rows(pass), row(), in.y, norm_.moments());
      norm_.finish(rows(pass), pass.parameters, pass.statistics);
    } else {
      norm_.use_running(pass.parameters, pass.statistics);
    }
    pass.kernels.activate(rows(pass), row(), in.y, norm_.activation(false), out_.y);
  }

  void backward(const Pass<Value>& pass, const Stored<Value>& in, const Value* dz, Value* d_in) override {
    const Broadcast all{static_cast<int>(rows(pass)), 1, row(), row(), 0};
    pass.kernels.spread(all, dz, 1.0F, {in.y, {}, norm_.mean(), norm_.sum(), norm_.product()}, d_in);
    pass.kernels.norm_gradient(rows(pass), row(), d_in, in.y,
                               norm_.gradient(rows(pass), pass.parameters, pass.gradients), d_in);
  }

 private:
  [[nodiscard]] int row() const { return static_cast<int>(out_.time); }
  [[nodiscard]] std::ptrdiff_t rows(const Pass<Value>& pass) const {
    return static_cast<std::ptrdiff_t>(pass.clips) * out_.shape.time;
  }

  BatchNorm norm_;
  bool given_;
};

}  // namespace

template <class Value>
std::unique_ptr<Step<Value>> make_band_norm(const Layer& layer, const LayerParameters& slot, int capacity) {
  return std::make_unique<BandNorm<Value>>(layer, std::get<Depthwise2d>(layer.op), slot, capacity);
}
template std::unique_ptr<Step<float>> make_band_norm(const Layer&, const LayerParameters&, int);
template std::unique_ptr<Step<Bf16>> make_band_norm(const Layer&, const LayerParameters&, int);

}  // namespace kws::fused
