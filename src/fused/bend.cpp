#include <variant>

#include "step.h"

namespace kws::fused {
namespace {

Curve curve_of(Function function) {
  switch (function) {
    case Function::relu:
      return Curve::relu;
    case Function::relu6:
      return Curve::relu6;
    case Function::swish:
      return Curve::swish;
    case Function::hard_swish:
      return Curve::hard_swish;
    case Function::tanh:
      return Curve::tanh;
    case Function::clip:
      return Curve::clip;
    case Function::gate:
      break;
  }
  return Curve::gate;
}

/// A function of each value.
template <class Value>
class Bend : public Step<Value> {
  using Step<Value>::out_;
  using Step<Value>::adds_;

 public:
  Bend(const Layer& layer, Format format) : curve_(curve_of(std::get<Activate>(layer.op).function)) {
    this->store_output(layer.output, format);
  }

  void forward(const Pass<Value>& pass, const Stored<Value>& in) override {
    pass.kernels.bend(curve_, rows(pass), out_.pitch, in.y, in.activation, out_.y);
  }
  void backward(const Pass<Value>& pass, const Stored<Value>& in, const Value* dz, Value* d_in) override {
    if (d_in != nullptr) pass.kernels.bend_backward(curve_, rows(pass), out_.pitch, dz, mask_of(in, 0, adds_), d_in);
  }

 private:
  [[nodiscard]] std::ptrdiff_t rows(const Pass<Value>& pass) const {
    return static_cast<std::ptrdiff_t>(pass.clips) * out_.positions();
  }

  Curve curve_;
};

}  // namespace

template <class Value>
std::unique_ptr<Step<Value>> make_bend(const Layer& layer, Format format) {
  return std::make_unique<Bend<Value>>(layer, format);
}
template std::unique_ptr<Step<float>> make_bend(const Layer&, Format);
template std::unique_ptr<Step<Bf16>> make_bend(const Layer&, Format);

}  // namespace kws::fused
