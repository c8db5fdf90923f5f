#pragma once

// Included by files that are compiled for one instruction set each: nothing here may pull in inline functions of the
// standard library, or the linker could keep their AVX-512 copy for the whole program.
#include <cstddef>
#include <cstdint>

/// Loops over a tile's registers vanish, or the registers would live in memory.
#define KWS_UNROLL _Pragma("GCC unroll 16")

namespace kws::fused {

/// bfloat16: the upper half of a float. Activations and their gradients may be stored so.
enum class [[gnu::may_alias]] Bf16 : std::uint16_t{};
/// Two of them that are neighbours along a product's depth, the first one in the lower half.
enum class [[gnu::may_alias]] Bf16Pair : std::uint32_t{};

/// How a network stores activations and what its products read, of float or Bf16:
///   Factor  one operand of a multiplication; kDepth values along the product's depth
template <class Value>
struct Storage {
  using Factor = float;
  static constexpr int kDepth = 1;
};
template <>
struct Storage<Bf16> {
  using Factor = Bf16Pair;
  static constexpr int kDepth = 2;
};
template <class Value>
using Factor = typename Storage<Value>::Factor;

/// Values of the widest register. Channels are padded with zeros to whole registers, so that no kernel has a remainder
/// loop.
constexpr int kMostLanes = 16;

/// Memory that the next block will need: fetched into the cache while this one computes, since neither processor nor
/// program would otherwise do both at once.
struct Ahead {
  const void* from = nullptr;
  std::ptrdiff_t bytes = 0;
};

/// What a product sums over, in factors: `runs` times `run` of them (padded gates of a cell, say), each `step` behind
/// the one before; in between both operands hold zeros.
struct Depth {
  int run;
  int runs = 1;
  int step = 0;
  [[nodiscard]] int whole() const { return (runs - 1) * step + run; }
};

/// Either a_row or a_depth is 1; depth and all steps of a and b count factors.
/// c[r][n] = sum over d of a[r * a_row + d * a_depth] * b[d * b_row + n]; for floats one chain of fused multiply-adds
/// in the order of d, hence the same bits for every instruction set. columns is a multiple of lanes.
///   Out  float, or the network's storage for what is kept
template <class Factor, class Out>
struct Gemm {
  int rows, columns;
  Depth depth;
  const Factor* a;
  std::ptrdiff_t a_row, a_depth;
  const Factor* b;
  std::ptrdiff_t b_row;
  Out* c;
  std::ptrdiff_t c_row;
  const float* bias = nullptr;  ///< [columns], added to every row
  bool add = false;             ///< c += instead of c =
  Ahead ahead{}, also{};
};

/// How a reader gets a layer's value from its stored output y: relu(scale * y + shift).
///   scale, shift  [pitch], or nullptr for neither
struct Activation {
  const float* scale = nullptr;
  const float* shift = nullptr;
  bool relu = false;
};

/// dy = scale * ((dz - mean_dz) - slope * (y - mean_y)) per channel, the gradient of batch norm with batch statistics;
/// in this order, because the first difference may cancel most of dz.
struct NormGradient {
  const float* scale;
  const float* mean_dz;
  const float* slope;
  const float* mean_y;
};

/// Sums of a batch norm's statistics about a value near the mean:
/// sum[c] += y[c] - pivot[c], squares[c] += (y[c] - pivot[c])^2
struct Moments {
  const float* pivot;
  double* sum;
  double* squares;
};

/// How the gradient of a stored output's activated value becomes its dz: zero where the ReLU's result is; with a `mean`
/// sum[c] += dz[c], product[c] += dz[c] * (y[c] - mean[c])
template <class Value>
struct Mask {
  const Value* y;
  Activation activation;
  const float* mean;  ///< or nullptr
  double* sum;
  double* product;
  bool add = false;  ///< dz is added to what lies where it goes
};

/// The patches of one clip that a convolution's rows are made of; the map is padded, [time][freq][channels].
struct PatchMap {
  int out_freq;                         ///< outputs of one time step
  int runs_time, runs_freq;             ///< runs of a patch
  int run;                              ///< neighbouring values of a run
  std::ptrdiff_t run_time, run_freq;    ///< values from one run of the map to the next
  std::ptrdiff_t step_time, step_freq;  ///< values that a patch moves for the next output
  int length;                           ///< from one patch to the next: all of its runs or more
};

/// One clip of a depthwise convolution; maps are [time][freq][pitch].
struct DepthwiseMap {
  int in_time, in_freq, out_time, out_freq;
  int kernel_time, kernel_freq, stride_time, stride_freq;
  int top, left;  ///< padding before the first element
  int pitch;
  int dilation_time = 1, dilation_freq = 1;
};

/// Inputs under a kernel, from the first to the last.
constexpr int span_of(int kernel, int dilation) { return (kernel - 1) * dilation + 1; }
constexpr int span_time(const DepthwiseMap& m) { return span_of(m.kernel_time, m.dilation_time); }
constexpr int span_freq(const DepthwiseMap& m) { return span_of(m.kernel_freq, m.dilation_freq); }
/// So many outputs before its own one an input is read by, at most.
constexpr int reach(int span, int stride) { return (span - 1) / stride; }
/// Extent of a gradient by the output with zeros around it, so that every input finds all outputs that may read it.
constexpr int spread_extent(int in, int before, int out, int span, int stride) {
  const int last = (in - 1 + before) / stride;
  return reach(span, stride) + (last + 1 > out ? last + 1 : out);
}
constexpr int spread_times(const DepthwiseMap& m) {
  return spread_extent(m.in_time, m.top, m.out_time, span_time(m), m.stride_time);
}
constexpr int spread_freqs(const DepthwiseMap& m) {
  return spread_extent(m.in_freq, m.left, m.out_freq, span_freq(m), m.stride_freq);
}

/// Floats of the depthwise kernels' scratch memory: a group of channels of the padded input and of the padded gradient.
/// They write the same places each time and rely on zeros around them.
inline std::ptrdiff_t depthwise_tile(const DepthwiseMap& m) {
  return static_cast<std::ptrdiff_t>((m.out_time - 1) * m.stride_time + span_time(m)) *
         ((m.out_freq - 1) * m.stride_freq + span_freq(m)) * kMostLanes;
}
inline std::ptrdiff_t depthwise_spread(const DepthwiseMap& m) {
  return static_cast<std::ptrdiff_t>(spread_times(m)) * spread_freqs(m) * kMostLanes;
}

/// The way forward of one clip; taps [kernel_time][kernel_freq][pitch].
///   out = taps * activation(in) + bias
template <class Value>
struct DepthwiseForward {
  const Value* in;
  Activation activation;
  const float* taps;
  const float* bias;  ///< or nullptr
  Value* out;
  const Moments* moments;  ///< of out, or nullptr
  float* tile;
  Ahead ahead{};
};

/// The way back: from dz of the output y to dz of the input (mask.y) and to the gradient of the taps (+=). d_in may be
/// dz itself where both have the same shape, or nullptr where nobody wants it.
template <class Value>
struct DepthwiseBackward {
  const Value* dz;
  const Value* y;
  const NormGradient* norm;  ///< from dz to dy, or nullptr where they are the same
  const float* taps;
  Mask<Value> mask;
  Value* d_in;
  float* d_taps;
  float *tile, *spread;
  Ahead in_ahead{}, dz_ahead{}, y_ahead{};
};

/// A map [time][freq][pitch] and a smaller one that is read or written along with it: where that one has a single time
/// step or frequency, it belongs to all of the map's.
struct Broadcast {
  int time, freq, pitch;
  std::ptrdiff_t small_time, small_freq;  ///< values from one time step, one frequency of the smaller map to the next;
                                          ///< 0 where it has one
};

/// The functions of graph.h's Activate, which this file cannot include.
enum class Curve { relu, relu6, swish, hard_swish, tanh, clip, gate };

/// Shapes of a recurrent layer's step over `rows` clips; cells padded to `pitch`.
struct CellRows {
  int rows, pitch;
};

/// The loops that take the time, once per storage and instruction set; for floats all results are the same bits for
/// every set. Sums, gradients on their way through a layer and what cells compute are float. Rows are `pitch` values,
/// pitch a multiple of lanes. Sums go to double, block by block in the order of calls.
template <class Value>
struct Kernels {
  int lanes;  ///< values of a register

  /// Before and after a thread's products, all of a step at once: setting AMX tiles up is slow, and nobody else may use
  /// them in between.
  void (*begin)();
  void (*end)();

  void (*gemm)(const Gemm<Factor<Value>, float>& gemm);
  void (*gemm_kept)(const Gemm<Factor<Value>, Value>& gemm);
  /// And the moments of what was kept. Here and below c's rows follow each other, without bias or addition.
  void (*gemm_moments)(const Gemm<Factor<Value>, Value>& gemm, const Moments& moments);
  /// The product is a gradient, what is kept is its dz; mask.y lies like c, for floats perhaps with rows apart.
  /// scratch: [rows][columns], for floats nothing.
  void (*gemm_masked)(const Gemm<Factor<Value>, Value>& gemm, const Mask<Value>& mask, float* scratch);
  /// Rows as the factors of a product whose depth they are: [rows / kDepth][pitch], an odd last row beside zeros.
  /// Returns `from` itself where a value is a factor, else `to`.
  const Factor<Value>* (*factors)(std::ptrdiff_t rows, int pitch, const Value* from, std::ptrdiff_t from_row,
                                  Factor<Value>* to);
  /// Rounds count values, a multiple of lanes; returns `from` itself where nothing is to round, else `to`.
  const Value* (*narrow)(std::ptrdiff_t count, const float* from, Value* to);

  /// out = activation of y.
  void (*activate)(std::ptrdiff_t rows, int pitch, const Value* y, Activation activation, Value* out);
  void (*moments)(std::ptrdiff_t rows, int pitch, const Value* y, const Moments& moments);
  /// sum[c] += y[r][c]
  void (*sums)(std::ptrdiff_t rows, int pitch, const Value* y, double* sum);
  void (*norm_gradient)(std::ptrdiff_t rows, int pitch, const Value* dz, const Value* y, NormGradient norm, Value* dy);
  void (*mask)(std::ptrdiff_t rows, int pitch, const float* gradient, const Mask<Value>& mask, Value* dz);

  /// to += from; count is a multiple of lanes.
  void (*accumulate)(std::ptrdiff_t count, const Value* from, Value* to);

  /// out = activation of the map + activation of the smaller one.
  void (*add)(const Broadcast& shape, const Value* map, Activation activation, const Value* small,
              Activation small_activation, Value* out);
  /// small = share * sum of the activated map
  void (*reduce)(const Broadcast& shape, const Value* map, Activation activation, float share, float* small);
  /// The gradient of an activated map is share * small; what is kept is its dz, or with nullptr its sums alone.
  void (*spread)(const Broadcast& shape, const Value* small, float share, const Mask<Value>& mask, Value* dz);

  /// out = curve of the activation of y; then from the gradient of out to dz of y.
  void (*bend)(Curve curve, std::ptrdiff_t rows, int pitch, const Value* y, Activation activation, Value* out);
  void (*bend_backward)(Curve curve, std::ptrdiff_t rows, int pitch, const Value* gradient, const Mask<Value>& mask,
                        Value* dz);

  /// patches [rows][length] of outputs first .. first + rows - 1. Up to kMostLanes values behind the last one of either
  /// array are read or written.
  void (*gather)(const PatchMap& map, int first, int rows, const Value* from, Value* patches);
  /// The reverse: adds every patch to the map.
  void (*scatter)(const PatchMap& map, int first, int rows, const float* patches, float* to);

  void (*depthwise)(const DepthwiseMap& map, const DepthwiseForward<Value>& pass);
  void (*depthwise_backward)(const DepthwiseMap& map, const DepthwiseBackward<Value>& pass);

  /// gates [rows][4 pitch] as pre-activations input, forget, cell, output on entry, as gate values on return;
  /// c_old, c, m [rows][pitch]; peephole [3][pitch] or nullptr. m = output gate * tanh(c).
  void (*lstm)(CellRows shape, float* gates, const float* c_old, const float* peephole, float* c, Value* m);
  /// Gate values become gradients of the pre-activations. dm [rows][pitch]; dc [rows][pitch] is the gradient of c that
  /// the step after left, on return the one for the step before; d_peephole [3][pitch] += or nullptr.
  void (*lstm_backward)(CellRows shape, float* gates, const float* c_old, const float* c, const float* dm,
                        const float* peephole, float* dc, float* d_peephole);
  /// gates [rows][4 pitch]: pre-activations of reset and update, input part of new, recurrent part of new; on return
  /// reset, update, new and still the recurrent part. h = update * h_old + (1 - update) * new.
  void (*gru)(CellRows shape, float* gates, const float* h_old, float* h);
  /// On return the gradients of reset's and update's pre-activations, of new's, and of new's recurrent part; dh [rows]
  /// [pitch] becomes the part of h_old's gradient that does not pass the recurrent product.
  void (*gru_backward)(CellRows shape, float* gates, const float* h_old, float* dh);
};

/// The tables; to be called on a CPU that has the instructions.
const Kernels<float>& avx2_kernels();
const Kernels<float>& avx512_kernels();
const Kernels<Bf16>& bf16_kernels();
const Kernels<Bf16>& amx_kernels();

}  // namespace kws::fused
