#include "step.h"

#include <algorithm>
#include <variant>

namespace kws::fused {

void pass_back(const Kernels& kernels, const Stored& in, std::ptrdiff_t first, std::ptrdiff_t rows,
               const float* gradient, float* dz) {
  const std::ptrdiff_t at = first * in.pitch;
  BatchNorm* norm = in.norm;
  kernels.mask(rows, in.pitch, gradient, in.y + at, in.activation, norm == nullptr ? nullptr : norm->mean(), dz + at,
               norm == nullptr ? nullptr : norm->sum(), norm == nullptr ? nullptr : norm->product());
}

void Step::store_output(const Shape& shape, int capacity) {
  out_.shape = shape;
  out_.pitch = padded(shape.channels);
  out_.clip = out_.size();
  out_.time = static_cast<std::ptrdiff_t>(shape.freq) * out_.pitch;
  y_ = Buffer(out_.clip * capacity);
  out_.y = y_.data();
}

Epilogue::Epilogue(const LayerParameters& slot, Norm norm, bool relu, int channels)
    : slot_(slot),
      channels_{1, channels, padded(channels)},
      relu_(relu),
      bias_(channels_.pitch),
      d_bias_(static_cast<std::size_t>(channels_.pitch)) {
  if (norm != Norm::none) norm_.emplace(slot, channels);
}

void Epilogue::attach(Stored& out) {
  out.activation = norm_ ? norm_->activation(relu_) : Activation{nullptr, nullptr, relu_};
  out.norm = norm_ ? &*norm_ : nullptr;
}

void Epilogue::begin(const Pass& pass) {
  if (!norm_) {
    pack_vector(channels_, pass.parameters + slot_.bias, bias_.data());
  } else if (pass.training) {
    norm_->begin(pass.statistics);
  }
}

void Epilogue::wrote(const Pass& pass, std::ptrdiff_t rows, const float* y) {
  if (norm_ && pass.training) norm_->add(pass.kernels, rows, y);
}

void Epilogue::finish(const Pass& pass, std::ptrdiff_t rows) {
  if (!norm_) return;
  if (pass.training) {
    norm_->finish(rows, pass.parameters, pass.statistics);
  } else {
    norm_->use_running(pass.parameters, pass.statistics);
  }
}

void Epilogue::begin_backward(const Pass& pass, std::ptrdiff_t rows) {
  if (norm_) {
    d_norm_ = norm_->gradient(rows, pass.gradients);
  } else {
    std::ranges::fill(d_bias_, 0.0);
  }
}

const float* Epilogue::to_dy(const Pass& pass, std::ptrdiff_t rows, const float* dz, const float* y, float* dy) {
  if (!norm_) {
    pass.kernels.sums(rows, channels_.pitch, dz, d_bias_.data());
    return dz;
  }
  pass.kernels.norm_gradient(rows, channels_.pitch, dz, y, d_norm_, dy);
  return dy;
}

void Epilogue::finish_backward(const Pass& pass) {
  if (!norm_) collect_vector(channels_, d_bias_.data(), pass.gradients + slot_.bias);
}

namespace {

struct Make {
  const Layer& layer;
  const LayerParameters& slot;
  const Stored& in;
  bool first;
  int capacity;

  std::unique_ptr<Step> operator()(const Conv2d& /*op*/) const {
    return make_product(layer, slot, in, first, capacity);
  }
  std::unique_ptr<Step> operator()(const Dense& /*op*/) const { return make_product(layer, slot, in, first, capacity); }
  std::unique_ptr<Step> operator()(const Depthwise2d& /*op*/) const {
    return first ? nullptr : make_depthwise(layer, slot, in, capacity);
  }
  std::unique_ptr<Step> operator()(const AvgPool2d& /*op*/) const {
    return first ? nullptr : make_pool(layer, in, capacity);
  }
  std::unique_ptr<Step> operator()(const Lstm& /*op*/) const { return make_lstm(layer, slot, in, first, capacity); }
  std::unique_ptr<Step> operator()(const Gru& /*op*/) const { return make_gru(layer, slot, in, first, capacity); }
};

}  // namespace

std::unique_ptr<Step> make_step(const Layer& layer, const LayerParameters& slot, const Stored& in, bool first,
                                int capacity) {
  // Time-major sequences are read by recurrent layers alone.
  const bool sequence = !first && in.clip != in.size();
  const bool recurrent = std::holds_alternative<Lstm>(layer.op) || std::holds_alternative<Gru>(layer.op);
  if (sequence && !recurrent) return nullptr;
  return std::visit(Make{layer, slot, in, first, capacity}, layer.op);
}

}  // namespace kws::fused
