#include "../../src/quant/arithmetic.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "kws/quant/int8_model.h"

namespace kws {
namespace {

constexpr std::int32_t half = 1 << 30;  // 0.5 in Q31
constexpr std::int32_t int_max = std::numeric_limits<std::int32_t>::max();
constexpr std::int32_t int_min = std::numeric_limits<std::int32_t>::min();

TEST(Requantize, RoundsTheProductHalfUp) {
  EXPECT_EQ(requantize(5, half, 0), 3);    // 2.5
  EXPECT_EQ(requantize(-5, half, 0), -2);  // -2.5: the product's tie goes up
  EXPECT_EQ(requantize(6, half, 0), 3);
}

TEST(Requantize, RoundsTheRightShiftHalfAwayFromZero) {
  EXPECT_EQ(requantize(20, half, -2), 3);    // 10 / 4 = 2.5
  EXPECT_EQ(requantize(-20, half, -2), -3);  // -2.5
  EXPECT_EQ(requantize(18, half, -2), 2);    // 2.25
  EXPECT_EQ(requantize(-18, half, -2), -2);
  EXPECT_EQ(requantize(-22, half, -2), -3);  // -2.75
}

TEST(Requantize, RoundsTwice) {
  // 3 * 0.5 = 1.5 -> 2, then 2 / 4 = 0.5 -> 1, where a single rounding of 0.375 would give 0.
  EXPECT_EQ(requantize(3, half, -2), 1);
}

TEST(Requantize, ShiftsNegativeValuesLeft) {
  EXPECT_EQ(requantize(-3, half, 4), -24);
  EXPECT_EQ(requantize(7, half, 1), 7);
}

TEST(Requantize, HoldsAtTheEndsOfItsRange) {
  EXPECT_EQ(requantize(int_max, int_max, 0), int_max - 1);
  EXPECT_EQ(requantize(int_min, int_max, 0), int_min + 1);
  EXPECT_EQ(requantize(int_min, int_min, 0), int_max);  // the one product that saturates
  EXPECT_EQ(requantize(int_max, int_max, -31), 1);      // 0.99..
  EXPECT_EQ(requantize(int_min, half, -31), -1);        // -0.5, away from zero
  EXPECT_EQ(requantize(12345, 0, 0), 0);
}

TEST(QuantizeMultiplier, SplitsIntoMantissaAndExponent) {
  const auto split = [](double factor) {
    std::pair<std::int32_t, int> result;
    std::int8_t shift = 0;
    quantize_multiplier(factor, result.first, shift);
    result.second = shift;
    return result;
  };
  EXPECT_EQ(split(0.5), std::pair(half, 0));
  EXPECT_EQ(split(1.0), std::pair(half, 1));
  EXPECT_EQ(split(0.75 / 8), std::pair(3 << 29, -3));
  EXPECT_EQ(split(0.0), std::pair(0, 0));
  EXPECT_EQ(split(0x1p-32), std::pair(half, -31));
  EXPECT_EQ(split(0x1p-33), std::pair(0, 0));
  EXPECT_EQ(split(1.0 - 0x1p-40), std::pair(half, 1));         // rounds up to the next power of two
  EXPECT_EQ(split(0x1p30 - 0x1p-10), std::pair(int_max, 30));  // no room above
}

TEST(QuantizeMultiplier, ReproducesAnyFactorToOneUnit) {
  for (double factor = 1e-6; factor < 1e6; factor *= 1.37) {
    std::int32_t multiplier = 0;
    std::int8_t shift = 0;
    quantize_multiplier(factor, multiplier, shift);
    const auto acc = static_cast<std::int32_t>(std::min(1e9, 1e9 / factor));
    // Two roundings, and 2^-32 of relative error in the multiplier.
    EXPECT_NEAR(requantize(acc, multiplier, shift), acc * factor, 1.01 + std::ldexp(1.0, std::max<int>(shift, 0) - 1));
  }
}

TEST(Sigmoid, TableIsTheRoundedFunction) {
  // At multiples of 1/32 nothing is interpolated, so this reads every table entry.
  for (int k = 0; k <= 256; ++k) {
    EXPECT_EQ(sigmoid_q15(k << 7), std::lround(32768.0 / (1.0 + std::exp(-k / 32.0)))) << k;
  }
}

TEST(Sigmoid, IsSymmetricAndCloseEverywhere) {
  for (int x = -70000; x <= 70000; ++x) {
    const double real = x / 4096.0;
    ASSERT_EQ(sigmoid_q15(x) + sigmoid_q15(-x), 32768) << x;
    // Linear interpolation adds 0.4 units at most to two roundings; the flat tail beyond 8 is 11 units off.
    ASSERT_NEAR(sigmoid_q15(x), 32768.0 / (1.0 + std::exp(-real)), std::abs(real) < 8.0 ? 1.5 : 11.1) << x;
    ASSERT_NEAR(tanh_q15(x), 32768.0 * std::tanh(real), std::abs(real) < 4.0 ? 3.0 : 22.1) << x;
  }
}

TEST(Sigmoid, GoldenValues) {
  EXPECT_EQ(sigmoid_q15(0), 16384);
  EXPECT_EQ(sigmoid_q15(4096), 23955);
  EXPECT_EQ(sigmoid_q15(int_max), 32757);
  EXPECT_EQ(sigmoid_q15(int_min), 11);
  EXPECT_EQ(tanh_q15(0), 0);
  EXPECT_EQ(tanh_q15(int_max), 32746);
  EXPECT_EQ(tanh_q15(int_min), -32746);
}

}  // namespace
}  // namespace kws
