#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "../src/fused/buffer.h"
#include "kws/core/isa.h"
#include "kws/core/rng.h"
#include "kws/graph/graph.h"

namespace kws {
namespace {

using fused::Buffer;
using fused::DepthwiseMap;
using fused::Kernels;

int extent_out(int in, int span, int stride, Padding padding) {
  return padding == Padding::valid ? (in - span) / stride + 1 : (in + stride - 1) / stride;
}

constexpr std::array kPaddings = {Padding::same, Padding::valid, Padding::causal};

DepthwiseMap draw_map(Rng& rng) {
  DepthwiseMap m{};
  // Strides larger than the kernel leave inputs that no output reads.
  const auto kernel = [&] { return rng.below(2) == 0 ? 3 : rng.between(1, rng.below(4) == 0 ? 13 : 5); };
  const auto dilation = [&] { return rng.below(2) == 0 ? 1 : rng.between(1, 4); };
  m.kernel_time = kernel();
  m.kernel_freq = kernel();
  m.stride_time = rng.between(1, 4);
  m.stride_freq = rng.between(1, 4);
  m.dilation_time = dilation();
  m.dilation_freq = dilation();
  const Padding time = kPaddings.at(rng.below(3)), freq = kPaddings.at(rng.below(3));
  m.in_time = rng.between(time == Padding::valid ? span_time(m) : 1, span_time(m) + 14);
  m.in_freq = rng.between(freq == Padding::valid ? span_freq(m) : 1, span_freq(m) + 14);
  m.out_time = extent_out(m.in_time, span_time(m), m.stride_time, time);
  m.out_freq = extent_out(m.in_freq, span_freq(m), m.stride_freq, freq);
  m.top = WindowAxis{m.in_time, m.out_time, m.kernel_time, m.stride_time, m.dilation_time, time}.before();
  m.left = WindowAxis{m.in_freq, m.out_freq, m.kernel_freq, m.stride_freq, m.dilation_freq, freq}.before();
  m.pitch = 16 * rng.between(1, 3);
  return m;
}

/// One clip with random arrays.
struct Clip {
  DepthwiseMap m;
  bool relu, normed;  // normed: batch norm below and above
  Buffer<float> in, out, dz, taps, bias, scale, shift, mean, slope, mean_dz;

  Clip(const DepthwiseMap& map, Rng& rng)
      : m(map),
        relu(rng.below(2) == 0),
        normed(rng.below(2) == 0),
        in(draw(rng, inputs() * m.pitch)),
        out(draw(rng, outputs() * m.pitch)),
        dz(draw(rng, outputs() * m.pitch)),
        taps(draw(rng, std::ptrdiff_t{m.kernel_time} * m.kernel_freq * m.pitch)),
        bias(draw(rng, m.pitch)),
        scale(draw(rng, m.pitch)),
        shift(draw(rng, m.pitch)),
        mean(draw(rng, m.pitch)),
        slope(draw(rng, m.pitch)),
        mean_dz(draw(rng, m.pitch)) {}

  static Buffer<float> draw(Rng& rng, std::ptrdiff_t count) {
    Buffer<float> values(count);
    for (std::ptrdiff_t i = 0; i < count; ++i) values.data()[i] = static_cast<float>(rng.uniform(-1.0, 1.0));
    return values;
  }
  [[nodiscard]] std::ptrdiff_t inputs() const { return std::ptrdiff_t{m.in_time} * m.in_freq; }
  [[nodiscard]] std::ptrdiff_t outputs() const { return std::ptrdiff_t{m.out_time} * m.out_freq; }
  [[nodiscard]] fused::Activation activation() const {
    return {normed ? scale.data() : nullptr, normed ? shift.data() : nullptr, relu};
  }
};

struct Sums {
  std::vector<double> first, second;
  explicit Sums(int pitch) : first(static_cast<std::size_t>(pitch)), second(first) {}
};

/// Everything that the kernels give.
struct Outcome {
  std::vector<float> out, d_in, d_taps;
  Sums moments, masked;
};

std::vector<float> values(const Buffer<float>& buffer) { return {buffer.data(), buffer.data() + buffer.size()}; }

Outcome run(const Kernels<float>& kernels, const Clip& clip) {
  const DepthwiseMap& m = clip.m;
  Buffer<float> tile(depthwise_tile(m)), spread(depthwise_spread(m)), out(clip.out.size()), d_in(clip.in.size()),
      d_taps(clip.taps.size());
  Outcome result{{}, {}, {}, Sums(m.pitch), Sums(m.pitch)};
  const fused::Moments moments = {clip.mean.data(), result.moments.first.data(), result.moments.second.data()};
  kernels.depthwise(
      m, {clip.in.data(), clip.activation(), clip.taps.data(), clip.bias.data(), out.data(), &moments, tile.data()});
  const fused::NormGradient norm = {clip.scale.data(), clip.mean_dz.data(), clip.slope.data(), clip.mean.data()};
  kernels.depthwise_backward(m, {clip.dz.data(),
                                 clip.out.data(),
                                 clip.normed ? &norm : nullptr,
                                 clip.taps.data(),
                                 {clip.in.data(), clip.activation(), clip.normed ? clip.mean.data() : nullptr,
                                  result.masked.first.data(), result.masked.second.data()},
                                 d_in.data(),
                                 d_taps.data(),
                                 tile.data(),
                                 spread.data()});
  result.out = values(out);
  result.d_in = values(d_in);
  result.d_taps = values(d_taps);
  return result;
}

/// The same by the definition, one product after the other in double.
struct Reference {
  std::vector<double> out, d_in, d_taps;
  Sums moments, masked;

  explicit Reference(const Clip& clip)
      : out(static_cast<std::size_t>(clip.out.size())),
        d_in(static_cast<std::size_t>(clip.in.size())),
        d_taps(static_cast<std::size_t>(clip.taps.size())),
        moments(clip.m.pitch),
        masked(clip.m.pitch) {
    for (int c = 0; c < clip.m.pitch; ++c) channel(clip, c);
  }

 private:
  void channel(const Clip& clip, int c) {
    const DepthwiseMap& m = clip.m;
    const auto at = [&](const Buffer<float>& buffer, std::ptrdiff_t row) {
      return static_cast<double>(buffer.data()[row * m.pitch + c]);
    };
    const auto index = [&](std::ptrdiff_t row) { return static_cast<std::size_t>(row * m.pitch + c); };
    const auto before_relu = [&](std::ptrdiff_t row) {
      return clip.normed ? at(clip.in, row) * at(clip.scale, 0) + at(clip.shift, 0) : at(clip.in, row);
    };
    const auto lane = static_cast<std::size_t>(c);
    for (std::ptrdiff_t o = 0; o < clip.outputs(); ++o) {
      const double slope = at(clip.slope, 0), centred = at(clip.out, o) - at(clip.mean, 0);
      const double dy =
          clip.normed ? at(clip.scale, 0) * (at(clip.dz, o) - at(clip.mean_dz, 0) - slope * centred) : at(clip.dz, o);
      double sum = at(clip.bias, 0);
      for (int tap = 0; tap < m.kernel_time * m.kernel_freq; ++tap) {
        const std::ptrdiff_t t = o / m.out_freq * m.stride_time - m.top + tap / m.kernel_freq * m.dilation_time;
        const std::ptrdiff_t f = o % m.out_freq * m.stride_freq - m.left + tap % m.kernel_freq * m.dilation_freq;
        if (t < 0 || t >= m.in_time || f < 0 || f >= m.in_freq) continue;
        const std::ptrdiff_t i = t * m.in_freq + f;
        const double value = clip.relu ? std::max(before_relu(i), 0.0) : before_relu(i);
        sum += value * at(clip.taps, tap);
        d_taps[index(tap)] += value * dy;
        d_in[index(i)] += dy * at(clip.taps, tap);
      }
      out[index(o)] = sum;
      const double off = sum - at(clip.mean, 0);
      moments.first[lane] += off;
      moments.second[lane] += off * off;
    }
    for (std::ptrdiff_t i = 0; i < clip.inputs(); ++i) {
      if (clip.relu && before_relu(i) <= 0.0) d_in[index(i)] = 0.0;
      if (!clip.normed) continue;
      masked.first[lane] += d_in[index(i)];
      masked.second[lane] += d_in[index(i)] * (at(clip.in, i) - at(clip.mean, 0));
    }
  }
};

template <class Values>
void expect_near(const Values& found, const std::vector<double>& wanted, const char* what) {
  ASSERT_EQ(found.size(), wanted.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_NEAR(static_cast<double>(found[i]), wanted[i], 1e-4 + 2e-6 * std::abs(wanted[i])) << what << ' ' << i;
  }
}

class DepthwiseTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!supported(Isa::avx2)) GTEST_SKIP() << "this CPU has no AVX2";
  }
};

TEST_F(DepthwiseTest, FollowsTheDefinitionForEveryKernelAndStride) {
  Rng rng({61});
  for (int i = 0; i < 400 && !HasFatalFailure(); ++i) {
    const Clip clip(draw_map(rng), rng);
    const DepthwiseMap& m = clip.m;
    SCOPED_TRACE(std::to_string(m.in_time) + " x " + std::to_string(m.in_freq) + ", kernel " +
                 std::to_string(m.kernel_time) + " x " + std::to_string(m.kernel_freq) + ", stride " +
                 std::to_string(m.stride_time) + " x " + std::to_string(m.stride_freq) + ", dilation " +
                 std::to_string(m.dilation_time) + " x " + std::to_string(m.dilation_freq));
    const Outcome found = run(fused::avx2_kernels(), clip);
    const Reference wanted(clip);
    expect_near(found.out, wanted.out, "output");
    expect_near(found.d_in, wanted.d_in, "gradient of the input");
    expect_near(found.d_taps, wanted.d_taps, "gradient of the taps");
    expect_near(found.moments.first, wanted.moments.first, "sum");
    expect_near(found.moments.second, wanted.moments.second, "squares");
    expect_near(found.masked.first, wanted.masked.first, "sum of dz");
    expect_near(found.masked.second, wanted.masked.second, "product with dz");
  }
}

TEST_F(DepthwiseTest, GivesTheSameBitsForEverySet) {
  if (!supported(Isa::avx512)) GTEST_SKIP() << "this CPU has no AVX-512";
  Rng rng({62});
  for (int i = 0; i < 100 && !HasFailure(); ++i) {
    const Clip clip(draw_map(rng), rng);
    const Outcome narrow = run(fused::avx2_kernels(), clip), wide = run(fused::avx512_kernels(), clip);
    EXPECT_EQ(narrow.out, wide.out);
    EXPECT_EQ(narrow.d_in, wide.d_in);
    EXPECT_EQ(narrow.d_taps, wide.d_taps);
    EXPECT_EQ(narrow.moments.first, wide.moments.first);
    EXPECT_EQ(narrow.moments.second, wide.moments.second);
    EXPECT_EQ(narrow.masked.first, wide.masked.first);
    EXPECT_EQ(narrow.masked.second, wide.masked.second);
  }
}

}  // namespace
}  // namespace kws
