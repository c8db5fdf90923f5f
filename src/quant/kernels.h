#pragma once

#include <cstddef>
#include <cstdint>

#include "kws/core/isa.h"

/// The loops of the int8 engine, one table of them per instruction set; all compute the formulas of int8_model.h.
///
/// An activation is an array of cells: int16, or, where the CPU multiplies bytes, the byte plus 128. A register holds
/// `cells` of them; channels are padded to whole registers, called blocks. Products run with output rows in lanes: a
/// 32-bit word of `word` neighbouring inputs goes to all lanes and meets as many weights in each. The `word`
/// accumulator registers of a block hold its channels in the order that saturating packs undo, see lane_channel().
namespace kws::int8 {

/// Per output row, in lane order: accumulators start at bias, see requantize() for the rest.
struct Scaling {
  const std::int32_t* bias;
  const std::int32_t* multiplier;
  const std::int32_t* left;   ///< max(shift, 0)
  const std::int32_t* right;  ///< max(-shift, 0)
  const std::int32_t* half;   ///< 2^right / 2
  const std::int32_t* away;   ///< right > 0 ? -1 : 0, added for negative values
};

/// `count` outputs, each a product of all rows with words gathered from one place of the input.
struct ProductCall {
  const void* in;                 ///< cells
  const std::int32_t* in_offset;  ///< [count] cells
  int count;
  const std::int32_t* tap;  ///< [taps] cells from in_offset to each run of words
  int taps, words;
  const void* weight;  ///< [blocks][taps][words][word] registers
  Scaling scaling;     ///< [blocks * cells]
  int blocks;
  void* out;                       ///< cells; gates: int16
  const std::int32_t* out_offset;  ///< [count] elements
  std::int32_t zero_point, low;    ///< of the output
};

/// One row of outputs of a depthwise convolution: windows of kernel_time rows and kernel_freq columns.
struct DepthwiseCall {
  const void* in;  ///< cells, first row and column of the first window
  std::ptrdiff_t row_step, column_step;
  int kernel_time, kernel_freq, stride_freq, columns;
  const void* weight;  ///< [blocks][kernel_freq][groups of `word` rows][word] registers
  Scaling scaling;
  int blocks;
  void* out;                       ///< cells
  const std::int32_t* out_offset;  ///< [count] cells
  int count;                       ///< outputs in the row
  void* scratch;                   ///< [columns][groups][word] registers
  std::int32_t zero_point, low;
};

/// One row of a sum of two maps.
struct AddCall {
  const void *a, *b;                ///< cells
  std::ptrdiff_t a_step, b_step;    ///< cells from one position to the next; 0: one for all
  std::int16_t a_factor, b_factor;  ///< not negative
  std::int32_t bias, shift;         ///< of the sum of what cells hold
  void* out;                        ///< cells
  int count, blocks;                ///< positions, and blocks of each
  std::int32_t low;
};

/// One time step of `count` clips; every array has blocks * cells elements per clip (gates: per gate), int16 in gate
/// order.
struct GruCall {
  const std::int16_t *ax, *ah;  ///< reset, update, new
  std::int16_t* h;
  void* h8;                     ///< cells
  const std::int32_t* sigmoid;  ///< sigmoid_pairs()
  int count, blocks;
};
struct LstmCall {
  const std::int16_t *ax, *ah;  ///< input, forget, cell, output
  std::int16_t* c;
  void* m8;                      ///< cells
  const std::int16_t* peephole;  ///< [3][blocks * cells] or null
  Scaling peephole_scaling;      ///< [3], no bias
  const std::int32_t* sigmoid;
  int count, blocks;
};

struct Kernels {
  int cells;                            ///< of a register
  int word;                             ///< cells in 32 bit: 2 or 4
  void (*product)(const ProductCall&);  ///< out = clamp(zero_point + requantize(acc), low, 127)
  void (*gates)(const ProductCall&);    ///< out = sat16(requantize(acc)), in gate order
  void (*depthwise)(const DepthwiseCall&);
  void (*add)(const AddCall&);  ///< out = clamp((a_factor a + b_factor b + bias) >> shift, low, 127)
  void (*gru)(const GruCall&);
  void (*lstm)(const LstmCall&);

  [[nodiscard]] int lanes() const { return cells / word; }
  /// Channel of a block that lane `lane` of its accumulator register `reg` holds.
  [[nodiscard]] int lane_channel(int reg, int lane) const { return lane / 4 * 4 * word + 4 * reg + lane % 4; }
  /// Channel of a block that element `i` of its int16 values holds: gate order.
  [[nodiscard]] int gate_channel(int i) const {
    const int shorts = 2 * lanes();
    return i % shorts / 8 * 4 * word + i / shorts * 8 + i % 8;
  }
};

const Kernels& portable_kernels();
const Kernels& avx2_kernels();
const Kernels& vnni_kernels();
/// isa  one that this CPU supports
const Kernels& kernels_for(Isa isa);

}  // namespace kws::int8
