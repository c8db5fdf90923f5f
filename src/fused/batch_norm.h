#pragma once

#include <vector>

#include "buffer.h"
#include "kws/fused/parameters.h"
#include "packed.h"

namespace kws::fused {

/// Frequency f of `freq` belongs to band f bands / freq, each with a norm of its own, whose scale is gamma's magnitude.
struct Bands {
  int freq = 1, bands = 1;
  [[nodiscard]] int of(int f) const { return f * bands / freq; }
};

/// Batch norm of one layer's stored output y [rows][pitch]: statistics while y is written, scale and shift for its
/// reader, and the coefficients of its gradient. Source: Ioffe and Szegedy 2015, algorithm 1 and section 3.
/// With bands a row is a time step, [freq][padded channels], and so are the vectors for readers.
class BatchNorm {
 public:
  BatchNorm(const LayerParameters& slot, Axis channels, Bands bands = {});

  void begin(const float* statistics);
  /// Where the batch's statistics are added up.
  [[nodiscard]] Moments moments() { return {pivot_.data(), sum_.data(), product_.data()}; }
  /// Batch statistics become scale and shift, running ones follow.
  void finish(std::ptrdiff_t rows, const float* parameters, float* statistics);
  /// Evaluation: scale and shift from the running statistics.
  void use_running(const float* parameters, const float* statistics);

  /// Scale and shift are parameters, without a norm.
  void use_given(const float* parameters);

  [[nodiscard]] Activation activation(bool relu) const { return {scale_.data(), shift_.data(), relu}; }

  // What the reader's backward pass adds up for us, per channel: dz, and dz * (y - mean).
  [[nodiscard]] const float* mean() const { return mean_.data(); }
  [[nodiscard]] double* sum() { return sum_.data(); }
  [[nodiscard]] double* product() { return product_.data(); }

  /// Gradients of beta and gamma (bias and scale), and how dz becomes dy.
  NormGradient gradient(std::ptrdiff_t rows, const float* parameters, float* gradients);

 private:
  void clear_sums();
  /// Calls visit(norm, its columns) for every channel of every band.
  template <class Visit>
  void each_norm(const Visit& visit) const;
  template <class At>
  void set(int norm, const At& at, double mean, double variance, const float* parameters);
  [[nodiscard]] double gamma(int norm, const float* parameters) const;

  LayerParameters slot_;
  Axis channels_;  // of one frequency
  Bands bands_;
  int pitch_;
  Buffer<float> pivot_, mean_, scale_, shift_;
  Buffer<float> mean_dz_, slope_;
  std::vector<double> inverse_, sum_, product_;  // inverse deviation; sums of the forward, later of the backward pass
};

}  // namespace kws::fused
