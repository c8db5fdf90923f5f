#include "step.h"

#include <algorithm>
#include <type_traits>
#include <variant>

namespace kws::fused {

template <class Value>
void Step<Value>::store_output(const Shape& shape, Format format) {
  out_.shape = shape;
  out_.pitch = format.padded(shape.channels);
  out_.clip = out_.size();
  out_.time = static_cast<std::ptrdiff_t>(shape.freq) * out_.pitch;
  y_ = Buffer<Value>(out_.clip * format.capacity);
  out_.y = y_.data();
}

template <class Value>
Epilogue<Value>::Epilogue(const LayerParameters& slot, Norm norm, bool relu, Axis channels)
    : slot_(slot),
      channels_(channels),
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
  if (slot_.bias >= 0) {
    pack_vector(channels_, pass.parameters + slot_.bias, bias_.data());
  } else if (norm_ && pass.training) {
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
    d_norm_ = norm_->gradient(rows, pass.parameters, pass.gradients);
  } else {
    std::ranges::fill(d_bias_, 0.0);
  }
}

template <class Value>
void Epilogue<Value>::add_bias(const Pass<Value>& pass, std::ptrdiff_t rows, const Value* dz) {
  if (slot_.bias >= 0) pass.kernels.sums(rows, channels_.pitch, dz, d_bias_.data());
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
  if (slot_.bias >= 0) collect_vector(channels_, d_bias_.data(), pass.gradients + slot_.bias);
}

namespace {

template <class Value>
struct Make {
  const Layer& layer;
  const LayerParameters& slot;
  const Stored<Value>& in;
  const Stored<Value>* second;
  bool first;
  Format format;
  const Quant* rounded;

  std::unique_ptr<Step<Value>> operator()(const Conv2d& /*op*/) const {
    if constexpr (std::is_same_v<Value, float>) {
      if (auto step = make_time_conv(layer, slot, in, first, format)) return step;
    }
    return make_product(layer, slot, in, first, format);
  }
  std::unique_ptr<Step<Value>> operator()(const Dense& /*op*/) const {
    return make_product(layer, slot, in, first, format);
  }
  std::unique_ptr<Step<Value>> operator()(const Depthwise2d& /*op*/) const {
    return make_depthwise<Value>(layer, slot, format);
  }
  std::unique_ptr<Step<Value>> operator()(const AvgPool2d& /*op*/) const { return make_pool(layer, in, format); }
  std::unique_ptr<Step<Value>> operator()(const Lstm& /*op*/) const {
    return make_lstm(layer, slot, in, first, format, rounded);
  }
  std::unique_ptr<Step<Value>> operator()(const Gru& /*op*/) const {
    return make_gru(layer, slot, in, first, format, rounded);
  }
  std::unique_ptr<Step<Value>> operator()(const Add& /*op*/) const { return make_add(layer, in, *second, format); }
  std::unique_ptr<Step<Value>> operator()(const Activate& /*op*/) const { return make_bend<Value>(layer, format); }
};

}  // namespace

template <class Value>
std::unique_ptr<Step<Value>> make_step(const Layer& layer, const LayerParameters& slot, const Stored<Value>& in,
                                       const Stored<Value>* second, bool first, Format format, const Quant* rounded) {
  // Time-major sequences are read by recurrent layers alone.
  const auto is_sequence = [](const Stored<Value>& tensor) {
    return tensor.shape.time > 1 && tensor.clip < tensor.time;
  };
  const bool sequence = is_sequence(in) || (second != nullptr && is_sequence(*second));
  const bool recurrent = std::holds_alternative<Lstm>(layer.op) || std::holds_alternative<Gru>(layer.op);
  if (sequence && !recurrent) return nullptr;
  return std::visit(Make<Value>{layer, slot, in, second, first, format, rounded}, layer.op);
}

template class Step<float>;
template class Step<Bf16>;
template class Epilogue<float>;
template class Epilogue<Bf16>;
template std::unique_ptr<Step<float>> make_step(const Layer&, const LayerParameters&, const Stored<float>&,
                                                const Stored<float>*, bool, Format, const Quant*);
template std::unique_ptr<Step<Bf16>> make_step(const Layer&, const LayerParameters&, const Stored<Bf16>&,
                                               const Stored<Bf16>*, bool, Format, const Quant*);

}  // namespace kws::fused
