#include "step.h"

#include <algorithm>
#include <variant>

namespace kws::fused {

template <class Value>
void Step<Value>::store_output(const Shape& shape, int capacity) {
  out_.shape = shape;
  out_.pitch = padded(shape.channels);
  out_.clip = out_.size();
  out_.time = static_cast<std::ptrdiff_t>(shape.freq) * out_.pitch;
  y_ = Buffer<Value>(out_.clip * capacity);
  out_.y = y_.data();
}

template <class Value>
Epilogue<Value>::Epilogue(const LayerParameters& slot, Norm norm, bool relu, int channels)
    : slot_(slot),
      channels_{1, channels, padded(channels)},
      relu_(relu),
      bias_(channels_.pitch),
      d_bias_(static_cast<std::size_t>(channels_.pitch)) {
  if (norm != Norm::none) norm_.emplace(slot, channels);
}

template <class Value>
void Epilogue<Value>::attach(Stored<Value>& out) {
  out.activation = norm_ ? norm_->activation(relu_) : Activation{nullptr, nullptr, relu_};
  out.norm = norm_ ? &*norm_ : nullptr;
}

template <class Value>
void Epilogue<Value>::begin(const Pass<Value>& pass) {
  moments_.reset();
  if (!norm_) {
    pack_vector(channels_, pass.parameters + slot_.bias, bias_.data());
  } else if (pass.training) {
    norm_->begin(pass.statistics);
    moments_ = norm_->moments();
  }
}

template <class Value>
void Epilogue<Value>::finish(const Pass<Value>& pass, std::ptrdiff_t rows) {
  if (!norm_) return;
  if (pass.training) {
    norm_->finish(rows, pass.parameters, pass.statistics);
  } else {
    norm_->use_running(pass.parameters, pass.statistics);
  }
}

template <class Value>
void Epilogue<Value>::begin_backward(const Pass<Value>& pass, std::ptrdiff_t rows) {
  if (norm_) {
    d_norm_ = norm_->gradient(rows, pass.gradients);
  } else {
    std::ranges::fill(d_bias_, 0.0);
  }
}

template <class Value>
void Epilogue<Value>::add_bias(const Pass<Value>& pass, std::ptrdiff_t rows, const Value* dz) {
  if (!norm_) pass.kernels.sums(rows, channels_.pitch, dz, d_bias_.data());
}

template <class Value>
const Value* Epilogue<Value>::to_dy(const Pass<Value>& pass, std::ptrdiff_t rows, const Value* dz, const Value* y,
                                    Value* dy) {
  if (!norm_) {
    add_bias(pass, rows, dz);
    return dz;
  }
  pass.kernels.norm_gradient(rows, channels_.pitch, dz, y, d_norm_, dy);
  return dy;
}

template <class Value>
void Epilogue<Value>::finish_backward(const Pass<Value>& pass) {
  if (!norm_) collect_vector(channels_, d_bias_.data(), pass.gradients + slot_.bias);
}

namespace {

template <class Value>
struct Make {
  const Layer& layer;
  const LayerParameters& slot;
  const Stored<Value>& in;
  bool first;
  int capacity;
  const Quant* rounded;

  std::unique_ptr<Step<Value>> operator()(const Conv2d& op) const {
    return op.dilation == Extent{} ? make_product(layer, slot, in, first, capacity) : nullptr;
  }
  std::unique_ptr<Step<Value>> operator()(const Dense& /*op*/) const {
    return make_product(layer, slot, in, first, capacity);
  }
  std::unique_ptr<Step<Value>> operator()(const Depthwise2d& op) const {
    return first || op.dilation != Extent{} || op.bands > 1 ? nullptr : make_depthwise<Value>(layer, slot, capacity);
  }
  std::unique_ptr<Step<Value>> operator()(const AvgPool2d& op) const {
    return first || !op.over_time || !op.over_freq ? nullptr : make_pool(layer, in, capacity);
  }
  std::unique_ptr<Step<Value>> operator()(const Lstm& /*op*/) const {
    return make_lstm(layer, slot, in, first, capacity, rounded);
  }
  std::unique_ptr<Step<Value>> operator()(const Gru& /*op*/) const {
    return make_gru(layer, slot, in, first, capacity, rounded);
  }
  std::unique_ptr<Step<Value>> operator()(const Add& /*op*/) const { return nullptr; }
  std::unique_ptr<Step<Value>> operator()(const Activate& /*op*/) const { return nullptr; }
};

}  // namespace

template <class Value>
std::unique_ptr<Step<Value>> make_step(const Layer& layer, const LayerParameters& slot, const Stored<Value>& in,
                                       bool first, int capacity, const Quant* rounded) {
  // Time-major sequences are read by recurrent layers alone.
  const bool sequence = !first && in.clip != in.size();
  const bool recurrent = std::holds_alternative<Lstm>(layer.op) || std::holds_alternative<Gru>(layer.op);
  if (sequence && !recurrent) return nullptr;
  return std::visit(Make<Value>{layer, slot, in, first, capacity, rounded}, layer.op);
}

template class Step<float>;
template class Step<Bf16>;
template class Epilogue<float>;
template class Epilogue<Bf16>;
template std::unique_ptr<Step<float>> make_step(const Layer&, const LayerParameters&, const Stored<float>&, bool, int,
                                                const Quant*);
template std::unique_ptr<Step<Bf16>> make_step(const Layer&, const LayerParameters&, const Stored<Bf16>&, bool, int,
                                               const Quant*);

}  // namespace kws::fused
