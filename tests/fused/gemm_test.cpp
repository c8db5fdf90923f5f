#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "../src/fused/step.h"
#include "emulated_tiles.h"
#include "kws/core/isa.h"
#include "kws/core/rng.h"

namespace kws {
namespace {

using fused::Bf16;
using fused::Bf16Pair;
using fused::Depth;
using fused::Gemm;
using fused::to_float;

/// One product with all its arrays, and what it should give. Arrays end where the product may read no further.
struct Case {
  int rows, columns;
  Depth runs;  // pairs
  int depth;   // all of them
  bool transposed, add, bias;
  std::ptrdiff_t a_step, b_row, c_row;
  std::vector<Bf16> a, b;
  std::vector<float> offset, before;

  explicit Case(Rng& rng, bool may_transpose)
      : rows(rng.between(1, 70)),
        columns(16 * rng.between(1, 7)),
        runs(draw_depth(rng)),
        depth(runs.whole()),
        transposed(may_transpose && rng.below(2) == 0),
        add(rng.below(2) == 0),
        bias(rng.below(2) == 0),
        a_step((transposed ? rows : depth) + rng.between(0, 9)),
        b_row(columns + rng.between(0, 9)),
        c_row(columns + rng.between(0, 9)) {
    if (transposed && a_step == 1) a_step = 2;  // else the two orders are the same
    const auto draw = [&rng](std::ptrdiff_t pairs) {
      std::vector<Bf16> values;
      for (std::ptrdiff_t i = 0; i < 2 * pairs; ++i) {
        values.push_back(fused::to_bf16(static_cast<float>(rng.uniform(-1.0, 1.0))));
      }
      return values;
    };
    a = draw(transposed ? (depth - 1) * a_step + rows : (rows - 1) * a_step + depth);
    b = draw((depth - 1) * b_row + columns);
    clear_gaps();
    for (int n = 0; n < columns; ++n) offset.push_back(static_cast<float>(rng.uniform(-1.0, 1.0)));
    for (std::ptrdiff_t i = 0; i < rows * c_row; ++i) before.push_back(static_cast<float>(rng.between(-9, 9)));
  }

  static Depth draw_depth(Rng& rng) {
    if (rng.below(3) != 0) return {rng.between(1, rng.below(4) == 0 ? 300 : 50)};
    const int run = rng.between(1, 40);
    return {run, rng.between(2, 4), run + rng.between(0, 9)};
  }
  /// Zeros between the runs, as a product may expect them.
  void clear_gaps() {
    for (int d = 0; d < depth; ++d) {
      if (runs.runs == 1 || d % runs.step < runs.run) continue;
      for (int n = 0; n < columns; ++n) clear_pair(b, d * b_row + n);
      for (int r = 0; r < rows; ++r) clear_pair(a, transposed ? d * a_step + r : r * a_step + d);
    }
  }
  static void clear_pair(std::vector<Bf16>& values, std::ptrdiff_t pair) {
    std::fill_n(values.begin() + 2 * pair, 2, Bf16{});
  }

  [[nodiscard]] const Bf16Pair* left() const { return reinterpret_cast<const Bf16Pair*>(a.data()); }
  [[nodiscard]] const Bf16Pair* right() const { return reinterpret_cast<const Bf16Pair*>(b.data()); }

  [[nodiscard]] double sum(int r, int n) const {
    double total = (bias ? static_cast<double>(offset[static_cast<std::size_t>(n)]) : 0.0) +
                   (add ? static_cast<double>(before[static_cast<std::size_t>(r * c_row + n)]) : 0.0);
    for (int d = 0; d < 2 * depth; ++d) {
      const std::ptrdiff_t left = transposed ? d / 2 * a_step + r : r * a_step + d / 2, right = d / 2 * b_row + n;
      total += static_cast<double>(to_float(a[static_cast<std::size_t>(2 * left + d % 2)])) *
               static_cast<double>(to_float(b[static_cast<std::size_t>(2 * right + d % 2)]));
    }
    return total;
  }

  template <class Out>
  void run_and_compare(const std::function<void(const Gemm<Bf16Pair, Out>&)>& gemm, double tolerance) const {
    std::vector<Out> c;
    for (const float value : before) c.push_back(fused::stored<Out>(value));
    gemm({rows, columns, runs, left(), transposed ? 1 : a_step, transposed ? a_step : 1, right(), b_row, c.data(),
          c_row, bias ? offset.data() : nullptr, add});
    for (int r = 0; r < rows; ++r) {
      for (int n = 0; n < c_row; ++n) {
        const auto at = static_cast<std::size_t>(r * c_row + n);
        const double wanted = n < columns ? sum(r, n) : static_cast<double>(before[at]);
        // Sums of up to 600 products in float; then perhaps 8 bits.
        ASSERT_NEAR(static_cast<double>(to_float(c[at])), wanted, 1e-4 + tolerance * std::abs(wanted))
            << rows << " x " << columns << " x " << depth << " pairs at " << r << ", " << n
            << (transposed ? ", transposed" : "") << (add ? ", added" : "");
      }
    }
  }
};

constexpr double kHalfUnit = 1.0 / 256;  // of a bfloat16's last place

class GemmTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!supported(Isa::avx512_bf16)) GTEST_SKIP() << "this CPU has no AVX-512 BF16";
  }
  template <class FloatGemm, class KeptGemm>
  void compare(const FloatGemm& gemm, const KeptGemm& kept) {
    Rng rng({31});
    for (int i = 0; i < 400 && !HasFatalFailure(); ++i) {
      Case(rng, true).run_and_compare<float>(gemm, 1e-6);
      Case(rng, false).run_and_compare<Bf16>(kept, kHalfUnit);
    }
  }
};

TEST_F(GemmTest, PairsAreMultipliedAndAdded) { compare(fused::bf16_kernels().gemm, fused::bf16_kernels().gemm_kept); }

TEST_F(GemmTest, TilesAreCutAndTurnedAsTheProcessorWantsThem) {
  using testing::emulated_gemm;
  compare([](const Gemm<Bf16Pair, float>& g) { emulated_gemm(g); },
          [](const Gemm<Bf16Pair, Bf16>& g) { emulated_gemm(g); });
}

/// Products that also add up or mask, against the plain one and a pass over its result.
template <class WithMoments, class WithMask>
void compare_sums(const WithMoments& with_moments, const WithMask& with_mask) {
  const fused::Kernels<Bf16>& kernels = fused::bf16_kernels();
  Rng rng({33});
  for (int i = 0; i < 100; ++i) {
    const Case c(rng, false);
    const int pitch = c.columns;
    const auto values = static_cast<std::size_t>(c.rows) * static_cast<std::size_t>(pitch);
    const auto product = [&]<class Out>(std::vector<Out>& to) -> Gemm<Bf16Pair, Out> {
      return {c.rows, pitch, c.runs, c.left(), c.a_step, 1, c.right(), c.b_row, to.data(), pitch};
    };
    std::vector<Bf16> wanted(values), found(values), y(values);
    for (Bf16& value : y) value = fused::to_bf16(static_cast<float>(rng.uniform(-1.0, 1.0)));
    std::vector<float> gradient(values), scratch(values);
    std::vector<double> sums[4];
    for (auto& sum : sums) sum.resize(static_cast<std::size_t>(pitch));
    const auto expect_equal = [&](const char* what) {
      for (std::size_t n = 0; n < values; ++n) {
        const auto value = static_cast<double>(to_float(wanted[n]));
        ASSERT_NEAR(static_cast<double>(to_float(found[n])), value, 1e-4 + 2 * kHalfUnit * std::abs(value)) << what;
      }
      for (std::size_t n = 0; n < sums[0].size(); ++n) {
        ASSERT_NEAR(sums[0][n], sums[2][n], 1e-4 + 1e-5 * std::abs(sums[2][n])) << what << ' ' << n;
        ASSERT_NEAR(sums[1][n], sums[3][n], 1e-4 + 1e-5 * std::abs(sums[3][n])) << what << ' ' << n;
      }
    };
    const float* offset = c.offset.data();
    with_moments(product(found), {offset, sums[0].data(), sums[1].data()});
    kernels.gemm_kept(product(wanted));
    // Of what was kept: tiles add up in another order, and a value's last bit may be rounded the other way.
    kernels.moments(c.rows, pitch, found.data(), {offset, sums[2].data(), sums[3].data()});
    expect_equal("moments");
    const auto mask = [&](int first) -> fused::Mask<Bf16> {
      return {y.data(), {offset, offset, c.add}, offset, sums[first].data(), sums[first + 1].data()};
    };
    with_mask(product(found), mask(0), scratch.data());
    kernels.gemm(product(gradient));
    kernels.mask(c.rows, pitch, gradient.data(), mask(2), wanted.data());
    expect_equal("mask");
  }
}

TEST_F(GemmTest, SumsAndMasksAreThoseOfAPassOverTheResult) {
  compare_sums(fused::bf16_kernels().gemm_moments, fused::bf16_kernels().gemm_masked);
}

TEST_F(GemmTest, TilesAreAddedUpAndMaskedAfterwards) {
  compare_sums(testing::emulated_gemm_moments, testing::emulated_gemm_masked);
}

TEST_F(GemmTest, TilesOfTheProcessorMultiplyAsTheOnesThatStandForThem) {
  if (!supported(Isa::amx)) GTEST_SKIP() << "this CPU has no AMX";
  const fused::Products products(fused::amx_kernels());
  compare(fused::amx_kernels().gemm, fused::amx_kernels().gemm_kept);
  compare_sums(fused::amx_kernels().gemm_moments, fused::amx_kernels().gemm_masked);
}

}  // namespace
}  // namespace kws
