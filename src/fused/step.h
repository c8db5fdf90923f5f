#pragma once

#include <memory>
#include <optional>

#include "batch_norm.h"
#include "buffer.h"
#include "kws/fused/parameters.h"
#include "kws/quant/int8_model.h"
#include "packed.h"

namespace kws::fused {

/// What steps lay out their arrays for.
struct Format {
  int capacity;  ///< most clips of a batch
  int lanes;     ///< Kernels::lanes
  /// Channels of a row, with zeros up to whole registers.
  [[nodiscard]] int padded(int channels) const { return (channels + lanes - 1) / lanes * lanes; }
};

/// A layer's output as it lies in memory, before batch norm and ReLU: whoever reads it applies them on the way, and on
/// the way back masks its gradient and adds up what batch norm needs.
template <class Value>
struct Stored {
  Shape shape;
  int pitch = 1;            ///< values from one position to the next: padded channels; 1 for the network's input
  std::ptrdiff_t clip = 0;  ///< values from one clip to the next
  std::ptrdiff_t time = 0;  ///< values from one time step to the next
  Value* y = nullptr;
  Activation activation;
  BatchNorm* norm = nullptr;

  [[nodiscard]] int positions() const { return shape.time * shape.freq; }
  /// Values of one clip when clips lie one after the other.
  [[nodiscard]] std::ptrdiff_t size() const { return static_cast<std::ptrdiff_t>(positions()) * pitch; }
  [[nodiscard]] bool plain() const { return activation.scale == nullptr && !activation.relu; }
};

/// Products of the calling thread are taken while it lives.
template <class Value>
class Products {
 public:
  explicit Products(const Kernels<Value>& kernels) : kernels_(kernels) { kernels_.begin(); }
  ~Products() { kernels_.end(); }
  Products(const Products&) = delete;
  Products& operator=(const Products&) = delete;

 private:
  const Kernels<Value>& kernels_;
};

/// What a step works with.
template <class Value>
struct Pass {
  const Kernels<Value>& kernels;
  int clips;
  bool training;            ///< batch statistics; else the running ones
  const float* parameters;  ///< flat, see ParameterLayout
  float* statistics;
  float* gradients;  ///< written by the backward pass
};

/// Rows of values as the factors that lie in them.
template <class Value>
const Factor<Value>* row_factors(const Value* rows) {
  return reinterpret_cast<const Factor<Value>*>(rows);
}

/// How gradients of `in`'s activated values from value `at` on become dz.
template <class Value>
Mask<Value> mask_of(const Stored<Value>& in, std::ptrdiff_t at, bool add) {
  if (in.norm == nullptr) return {in.y + at, in.activation, nullptr, nullptr, nullptr, add};
  return {in.y + at, in.activation, in.norm->mean(), in.norm->sum(), in.norm->product(), add};
}

/// dz of `rows` positions of `in` from the gradient of their activated values; both start at position `first`.
template <class Value>
void pass_back(const Kernels<Value>& kernels, const Stored<Value>& in, std::ptrdiff_t first, std::ptrdiff_t rows,
               const float* gradient, bool add, Value* dz) {
  const std::ptrdiff_t at = first * in.pitch;
  kernels.mask(rows, in.pitch, gradient, mask_of(in, at, add), dz + at);
}

/// One layer: forward over a whole batch, then backward over it.
template <class Value>
class Step {
 public:
  virtual ~Step() = default;
  /// Reads in, writes output().
  virtual void forward(const Pass<Value>& pass, const Stored<Value>& in) = 0;
  /// dz: gradient of output()'s value before its ReLU and after its batch norm, laid out like it. Writes the layer's
  /// gradients, and the same dz of `in` into d_in unless that is nullptr: of what this step alone read there, for masks
  /// and sums are linear, so that several readers' dz add up. d_in is dz itself where the clips of both are equally
  /// long: a step reads all of a position's (a clip's) dz before it writes there.
  virtual void backward(const Pass<Value>& pass, const Stored<Value>& in, const Value* dz, Value* d_in) = 0;
  /// Before that, where a second tensor is read: its dz, never in place.
  virtual void backward_second(const Pass<Value>& /*pass*/, const Value* /*dz*/, Value* /*d_second*/) {}
  /// Told before the first pass that backward() (`second`: backward_second()) shall add to what another reader has left
  /// in d_in, which is not dz then. False where the step cannot.
  virtual bool add_to_gradient(bool second) {
    (second ? adds_second_ : adds_) = true;
    return true;
  }
  [[nodiscard]] const Stored<Value>& output() const { return out_; }

 protected:
  /// Storage for a layer's output, clip by clip.
  void store_output(const Shape& shape, Format format);
  Stored<Value> out_;
  Buffer<Value> y_;
  bool adds_ = false, adds_second_ = false;
};

/// in: how the layer's input will be stored; second: the other addend of an Add, which outlives the step, or nullptr;
/// first: `in` is the network's input, whose gradient nobody wants; rounded: the output of the int8 network whose
/// rounding a recurrent layer's states get (float alone), or nullptr. nullptr: no fused step for this layer.
template <class Value>
std::unique_ptr<Step<Value>> make_step(const Layer& layer, const LayerParameters& slot, const Stored<Value>& in,
                                       const Stored<Value>* second, bool first, Format format,
                                       const Quant* rounded = nullptr);

template <class Value>
std::unique_ptr<Step<Value>> make_product(const Layer& layer, const LayerParameters& slot, const Stored<Value>& in,
                                          bool first, Format format);
/// A convolution over time alone of clips with one frequency; nullptr for any other.
std::unique_ptr<Step<float>> make_time_conv(const Layer& layer, const LayerParameters& slot, const Stored<float>& in,
                                            bool first, Format format);
template <class Value>
std::unique_ptr<Step<Value>> make_depthwise(const Layer& layer, const LayerParameters& slot, Format format);
template <class Value>
std::unique_ptr<Step<Value>> make_pool(const Layer& layer, const Stored<Value>& in, Format format);
template <class Value>
std::unique_ptr<Step<Value>> make_add(const Layer& layer, const Stored<Value>& in, const Stored<Value>& second,
                                      Format format);
template <class Value>
std::unique_ptr<Step<Value>> make_bend(const Layer& layer, Format format);
template <class Value>
std::unique_ptr<Step<Value>> make_lstm(const Layer& layer, const LayerParameters& slot, const Stored<Value>& in,
                                       bool first, Format format, const Quant* rounded);
template <class Value>
std::unique_ptr<Step<Value>> make_gru(const Layer& layer, const LayerParameters& slot, const Stored<Value>& in,
                                      bool first, Format format, const Quant* rounded);

/// Bias or batch norm of a convolution or dense layer, and its ReLU: everything between product and stored output;
/// nothing of it for a layer that has neither of them in its slot.
template <class Value>
class Epilogue {
 public:
  Epilogue(const LayerParameters& slot, Norm norm, bool relu, Axis channels);

  void begin(const Pass<Value>& pass);
  /// To be added up while the output is written; nullptr without batch norm and in evaluation.
  [[nodiscard]] const Moments* moments() const { return moments_ ? &*moments_ : nullptr; }
  /// After the last position; `rows` are all of them.
  void finish(const Pass<Value>& pass, std::ptrdiff_t rows);
  /// Marks `out` as being read through this epilogue.
  void attach(Stored<Value>& out);
  [[nodiscard]] const float* bias() const { return norm_ || slot_.bias < 0 ? nullptr : bias_.data(); }

  void begin_backward(const Pass<Value>& pass, std::ptrdiff_t rows);
  /// From dz to the gradient of the stored output; nullptr without batch norm, where they are the same.
  [[nodiscard]] const NormGradient* norm_gradient() const { return norm_ ? &d_norm_ : nullptr; }
  /// Adds up the bias's gradient, if there is one.
  void add_bias(const Pass<Value>& pass, std::ptrdiff_t rows, const Value* dz);
  /// Gradient of the stored output: dz itself without batch norm, else written to `dy`. Adds up the bias's gradient.
  const Value* to_dy(const Pass<Value>& pass, std::ptrdiff_t rows, const Value* dz, const Value* y, Value* dy);
  void finish_backward(const Pass<Value>& pass);

 private:
  LayerParameters slot_;
  Axis channels_;
  bool relu_;
  std::optional<BatchNorm> norm_;
  std::optional<Moments> moments_;
  Buffer<float> bias_;
  std::vector<double> d_bias_;
  NormGradient d_norm_{};
};

}  // namespace kws::fused
