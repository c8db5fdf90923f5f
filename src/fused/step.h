#pragma once

#include <memory>
#include <optional>

#include "batch_norm.h"
#include "buffer.h"
#include "kws/fused/parameters.h"
#include "packed.h"

namespace kws::fused {

/// A layer's output as it lies in memory, before batch norm and ReLU: whoever reads it applies them on the way, and on
/// the way back masks its gradient and adds up what batch norm needs.
struct Stored {
  Shape shape;
  int pitch = 1;            ///< floats from one position to the next: padded channels; 1 for the network's input
  std::ptrdiff_t clip = 0;  ///< floats from one clip to the next
  std::ptrdiff_t time = 0;  ///< floats from one time step to the next
  float* y = nullptr;
  Activation activation;
  BatchNorm* norm = nullptr;

  [[nodiscard]] int positions() const { return shape.time * shape.freq; }
  /// Floats of one clip when clips lie one after the other.
  [[nodiscard]] std::ptrdiff_t size() const { return static_cast<std::ptrdiff_t>(positions()) * pitch; }
  [[nodiscard]] bool plain() const { return activation.scale == nullptr && !activation.relu; }
};

/// What a step works with.
struct Pass {
  const Kernels& kernels;
  int clips;
  bool training;            ///< batch statistics; else the running ones
  const float* parameters;  ///< flat, see ParameterLayout
  float* statistics;
  float* gradients;  ///< written by the backward pass
};

/// dz of `rows` positions of `in` from the gradient of their activated values; both start at position `first`.
void pass_back(const Kernels& kernels, const Stored& in, std::ptrdiff_t first, std::ptrdiff_t rows,
               const float* gradient, float* dz);

/// One layer: forward over a whole batch, then backward over it.
class Step {
 public:
  virtual ~Step() = default;
  /// Reads in, writes output().
  virtual void forward(const Pass& pass, const Stored& in) = 0;
  /// dz: gradient of output()'s value before its ReLU and after its batch norm, laid out like it. Writes the layer's
  /// gradients, and the same dz of `in` into d_in unless that is nullptr. d_in is dz itself where the clips of both are
  /// equally long: a step reads all of a position's (a clip's) dz before it writes there.
  virtual void backward(const Pass& pass, const Stored& in, const float* dz, float* d_in) = 0;
  [[nodiscard]] const Stored& output() const { return out_; }

 protected:
  /// Storage for `capacity` clips of a layer's output, clip by clip.
  void store_output(const Shape& shape, int capacity);
  Stored out_;
  Buffer y_;
};

/// capacity: most clips of a batch; in: how the layer's input will be stored; first: it is the network's input, whose
/// gradient nobody wants. nullptr: no fused step for this layer.
std::unique_ptr<Step> make_step(const Layer& layer, const LayerParameters& slot, const Stored& in, bool first,
                                int capacity);

std::unique_ptr<Step> make_product(const Layer& layer, const LayerParameters& slot, const Stored& in, bool first,
                                   int capacity);
std::unique_ptr<Step> make_depthwise(const Layer& layer, const LayerParameters& slot, const Stored& in, int capacity);
std::unique_ptr<Step> make_pool(const Layer& layer, const Stored& in, int capacity);
std::unique_ptr<Step> make_lstm(const Layer& layer, const LayerParameters& slot, const Stored& in, bool first,
                                int capacity);
std::unique_ptr<Step> make_gru(const Layer& layer, const LayerParameters& slot, const Stored& in, bool first,
                               int capacity);

/// Bias or batch norm of a convolution or dense layer, and its ReLU: everything between product and stored output.
class Epilogue {
 public:
  Epilogue(const LayerParameters& slot, Norm norm, bool relu, int channels);

  void begin(const Pass& pass);
  /// After `rows` positions were written.
  void wrote(const Pass& pass, std::ptrdiff_t rows, const float* y);
  /// After the last position; `rows` are all of them.
  void finish(const Pass& pass, std::ptrdiff_t rows);
  /// Marks `out` as being read through this epilogue.
  void attach(Stored& out);
  [[nodiscard]] const float* bias() const { return norm_ ? nullptr : bias_.data(); }

  void begin_backward(const Pass& pass, std::ptrdiff_t rows);
  /// Gradient of the stored output: dz itself without batch norm, else written to `dy`. Adds up the bias's gradient.
  const float* to_dy(const Pass& pass, std::ptrdiff_t rows, const float* dz, const float* y, float* dy);
  void finish_backward(const Pass& pass);

 private:
  LayerParameters slot_;
  Axis channels_;
  bool relu_;
  std::optional<BatchNorm> norm_;
  Buffer bias_;
  std::vector<double> d_bias_;
  NormGradient d_norm_{};
};

}  // namespace kws::fused
