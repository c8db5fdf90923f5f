#include "wide_rows.h"

#include <algorithm>

namespace kws {

static constexpr std::size_t kLane = 16;

WideRows::WideRows(std::span<const std::int8_t> weight, std::size_t rows) {
  const std::size_t length = weight.size() / rows;
  const std::size_t padded = (length + kLane - 1) / kLane * kLane;
  rows_ = static_cast<int>(rows);
  padded_ = static_cast<int>(padded);
  data_.resize(rows * padded);
  for (std::size_t r = 0; r < rows; ++r) {
    const std::span<const std::int8_t> row = weight.subspan(r * length, length);
    std::copy(row.begin(), row.end(), data_.begin() + static_cast<std::ptrdiff_t>(r * padded));
  }
}

/// Four rows at once, so that each input register is loaded once for all of them.
static void dot4(const std::int16_t* input, const std::int16_t* weight, int padded, const std::int32_t* bias,
                 std::int32_t* acc) {
  const std::int16_t* second = weight + padded;
  const std::int16_t* third = second + padded;
  const std::int16_t* fourth = third + padded;
  std::int32_t a = 0, b = 0, c = 0, d = 0;
  for (int i = 0; i < padded; ++i) {
    a += weight[i] * input[i];
    b += second[i] * input[i];
    c += third[i] * input[i];
    d += fourth[i] * input[i];
  }
  acc[0] = bias[0] + a;
  acc[1] = bias[1] + b;
  acc[2] = bias[2] + c;
  acc[3] = bias[3] + d;
}

static std::int32_t dot(const std::int16_t* input, const std::int16_t* weight, int padded) {
  std::int32_t sum = 0;
  for (int i = 0; i < padded; ++i) sum += weight[i] * input[i];
  return sum;
}

void WideRows::multiply(const std::int16_t* input, const std::int32_t* bias, std::int32_t* acc) const {
  const std::int16_t* weight = data_.data();
  int r = 0;
  for (; r + 4 <= rows_; r += 4) dot4(input, weight + r * padded_, padded_, bias + r, acc + r);
  for (; r < rows_; ++r) acc[r] = bias[r] + dot(input, weight + r * padded_, padded_);
}

}  // namespace kws
