#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace kws {

/// int8 weight rows widened to int16 and padded with zeros to whole SIMD registers: compilers make
/// multiply-add instructions of the product, and no remainder loop is left.
class WideRows {
 public:
  WideRows() = default;
  WideRows(std::span<const std::int8_t> weight, std::size_t rows);

  [[nodiscard]] int rows() const { return rows_; }
  /// Room an input needs; whatever lies behind its own elements meets zero weights.
  [[nodiscard]] std::size_t padded() const { return static_cast<std::size_t>(padded_); }

  /// acc[r] = bias[r] + row r * input; input [padded()], bias and acc [rows()]
  void multiply(const std::int16_t* input, const std::int32_t* bias, std::int32_t* acc) const;

 private:
  int rows_ = 0;
  int padded_ = 0;
  std::vector<std::int16_t> data_;  // [rows, padded]
};

}  // namespace kws
