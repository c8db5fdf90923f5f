#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kws/quant/int8_model.h"
#include "wide_rows.h"

namespace kws {

/// One layer made ready to run many clips: widened weights and scratch memory. Not for two threads at once.
/// Keeps a reference to the layer.
class LayerRunner {
 public:
  explicit LayerRunner(const Int8Layer& layer);
  /// in [layer.input], out [layer.output], both [time][freq][channels]
  void run(const std::int8_t* in, std::int8_t* out);
  [[nodiscard]] std::size_t outputs() const { return static_cast<std::size_t>(layer_.layer.output.elements()); }

 private:
  void run(const Conv2d& op, const std::int8_t* in, std::int8_t* out);
  void run(const Depthwise2d& op, const std::int8_t* in, std::int8_t* out);
  void run(const AvgPool2d& op, const std::int8_t* in, std::int8_t* out);
  void run(const Dense& op, const std::int8_t* in, std::int8_t* out);
  void run(const Lstm& op, const std::int8_t* in, std::int8_t* out);
  void run(const Gru& op, const std::int8_t* in, std::int8_t* out);

  /// out[i] = clamp(zero point + requantize(acc_[i])) for the rows of the main product.
  void store(std::int8_t* out) const;
  /// gate[j] = sat16(requantize(rows * input)), the pre-activations of a recurrent cell.
  void gates(const WideRows& rows, const Int8Product& product, const std::int16_t* input, std::int32_t* gate);

  const Int8Layer& layer_;
  WideRows main_, recurrent_, projection_;
  std::vector<std::int16_t> patch_;  // input of the main product
  std::vector<std::int32_t> acc_;    // accumulators of the largest product
};

}  // namespace kws
