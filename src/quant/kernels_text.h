// The text of all kernels, included by one file per instruction set inside its own unnamed namespace and target.
// That file has defined: Reg, Cell (int16 or byte), kWord, the macros OP(name) and SI(name) for intrinsics of its
// width, and dot(), Factors, load_factors(), requantized(), mulhrs(), minimum32(), gather(), broadcast(). No pragma
// once: each inclusion is another code.

constexpr int kLanes = static_cast<int>(sizeof(Reg) / sizeof(std::int32_t));
constexpr int kShorts = 2 * kLanes;
constexpr int kCells = kLanes * kWord;
constexpr int kParts = kCells / kShorts;  // int16 registers of a block
constexpr int kTile = 6;                  // outputs at once: fills the register file, hides the latency of dot()

inline Reg load(const void* from) { return SI(loadu)(static_cast<const Reg*>(from)); }
inline void store(void* to, Reg x) { SI(storeu)(static_cast<Reg*>(to), x); }
inline Reg widen_low(Reg x) { return OP(srai_epi32)(OP(unpacklo_epi16)(x, x), 16); }
inline Reg widen_high(Reg x) { return OP(srai_epi32)(OP(unpackhi_epi16)(x, x), 16); }

/// A block's int16 values as cells.
inline Reg to_cells(const Reg (&x)[kParts]) {
  if constexpr (kParts == 1) {
    return x[0];
  } else {
    return SI(xor)(OP(packs_epi16)(x[0], x[kParts - 1]), OP(set1_epi8)(-128));
  }
}

/// Accumulators of kRows positions of a block to int16, left in `out`. The factors of a register serve all positions.
template <std::size_t kRows>
inline void requantize_rows(const Reg (&acc)[kRows][kWord], const Scaling& scaling, int block,
                            Reg (&out)[kRows][kParts]) {
  for (int part = 0; part < kParts; ++part) {
    const int at = (block * kWord + 2 * part) * kLanes;
    const Factors first = load_factors(scaling, at), second = load_factors(scaling, at + kLanes);
    for (std::size_t i = 0; i < kRows; ++i) {
      out[i][part] = OP(packs_epi32)(requantized(acc[i][2 * part], first), requantized(acc[i][2 * part + 1], second));
    }
  }
}

// Neither is inlined: compilers would keep their values in registers that the products need.
template <std::size_t kRows>
[[gnu::noinline]] void finish_gates(const Reg (&acc)[kRows][kWord], const ProductCall& call, int block, int first) {
  Reg value[kRows][kParts];
  requantize_rows(acc, call.scaling, block, value);
  for (std::size_t i = 0; i < kRows; ++i) {
    std::int16_t* out = static_cast<std::int16_t*>(call.out) + call.out_offset[first + static_cast<int>(i)];
    for (int part = 0; part < kParts; ++part) store(out + block * kCells + part * kShorts, value[i][part]);
  }
}

template <std::size_t kRows, class Call>
[[gnu::noinline]] void finish_cells(const Reg (&acc)[kRows][kWord], const Call& call, int block, int first) {
  Reg value[kRows][kParts];
  requantize_rows(acc, call.scaling, block, value);
  const Reg zero_point = OP(set1_epi16)(static_cast<std::int16_t>(call.zero_point));
  const Reg low = OP(set1_epi16)(static_cast<std::int16_t>(call.low)), high = OP(set1_epi16)(127);
  for (std::size_t i = 0; i < kRows; ++i) {
    // Saturated to 16 bit before the zero point is added, as the definition has it.
    for (int part = 0; part < kParts; ++part) {
      const Reg shifted = OP(adds_epi16)(value[i][part], zero_point);
      value[i][part] = OP(min_epi16)(OP(max_epi16)(shifted, low), high);
    }
    store(static_cast<Cell*>(call.out) + call.out_offset[first + static_cast<int>(i)] + block * kCells,
          to_cells(value[i]));
  }
}

template <std::size_t kRows, bool kGates>
inline void product_tile(const ProductCall& call, int block, int first) {
  const std::int32_t* in_offset = call.in_offset + first;
  const Cell* in[kRows];
  Reg acc[kRows][kWord];
#pragma GCC unroll 6
  for (std::size_t i = 0; i < kRows; ++i) {
    in[i] = static_cast<const Cell*>(call.in) + in_offset[i];
#pragma GCC unroll 4
    for (int v = 0; v < kWord; ++v) acc[i][v] = load(call.scaling.bias + (block * kWord + v) * kLanes);
  }
  const auto* weight = static_cast<const Cell*>(call.weight) +
                       static_cast<std::ptrdiff_t>(block) * call.taps * call.words * kWord * kCells;
  for (int tap = 0; tap < call.taps; ++tap) {
    const std::ptrdiff_t begin = call.tap[tap];
    const std::ptrdiff_t end = begin + static_cast<std::ptrdiff_t>(call.words) * kWord;
    for (std::ptrdiff_t at = begin; at < end; at += kWord) {
      Reg w[kWord];
#pragma GCC unroll 4
      for (int v = 0; v < kWord; ++v) w[v] = load(weight + v * kCells);
      weight += kWord * kCells;
#pragma GCC unroll 6
      for (std::size_t i = 0; i < kRows; ++i) {
        const Reg x = broadcast(in[i] + at);
#pragma GCC unroll 4
        for (int v = 0; v < kWord; ++v) acc[i][v] = dot(acc[i][v], x, w[v]);
      }
    }
  }
  if constexpr (kGates) {
    finish_gates(acc, call, block, first);
  } else {
    finish_cells(acc, call, block, first);
  }
}

template <bool kGates>
void product_of(const ProductCall& call) {
  for (int block = 0; block < call.blocks; ++block) {
    if (call.count < kTile) {
      for (int first = 0; first < call.count; ++first) product_tile<1, kGates>(call, block, first);
      continue;
    }
    for (int first = 0; first < call.count; first += kTile) {
      // The last tile computes outputs of the one before it again rather than leaving a remainder.
      product_tile<kTile, kGates>(call, block, first + kTile <= call.count ? first : call.count - kTile);
    }
  }
}

/// Rows 0 .. kWord - 1 of a column become words: register v holds the channels of accumulator v.
inline void interleave(const Cell* const (&row)[kWord], Reg (&out)[kWord]) {
  if constexpr (kWord == 2) {
    const Reg a = load(row[0]), b = load(row[1]);
    out[0] = OP(unpacklo_epi16)(a, b);
    out[1] = OP(unpackhi_epi16)(a, b);
  } else {
    const Reg a = load(row[0]), b = load(row[1]), c = load(row[kWord - 2]), d = load(row[kWord - 1]);
    const Reg ab_low = OP(unpacklo_epi8)(a, b), ab_high = OP(unpackhi_epi8)(a, b);
    const Reg cd_low = OP(unpacklo_epi8)(c, d), cd_high = OP(unpackhi_epi8)(c, d);
    out[0] = OP(unpacklo_epi16)(ab_low, cd_low);
    out[1] = OP(unpackhi_epi16)(ab_low, cd_low);
    out[kWord - 2] = OP(unpacklo_epi16)(ab_high, cd_high);
    out[kWord - 1] = OP(unpackhi_epi16)(ab_high, cd_high);
  }
}

/// kRows neighbouring outputs of a block.
///   words   scratch cells of the first window, `step` from one window to the next
///   weight  of the block, `length` cells like each window
template <std::size_t kRows>
inline void depthwise_tile(const DepthwiseCall& call, int block, int first, const Cell* words, std::ptrdiff_t step,
                           const Cell* weight, std::ptrdiff_t length) {
  Reg acc[kRows][kWord];
#pragma GCC unroll 4
  for (int v = 0; v < kWord; ++v) {
    const Reg bias = load(call.scaling.bias + (block * kWord + v) * kLanes);
#pragma GCC unroll 4
    for (std::size_t i = 0; i < kRows; ++i) acc[i][v] = bias;
  }
  // Columns of a window lie one behind the other, as their weights do.
  for (std::ptrdiff_t at = 0; at < length; at += kWord * kCells) {
#pragma GCC unroll 4
    for (int v = 0; v < kWord; ++v) {
      const Reg w = load(weight + at + v * kCells);
#pragma GCC unroll 4
      for (std::size_t i = 0; i < kRows; ++i) {
        acc[i][v] = dot(acc[i][v], load(words + static_cast<std::ptrdiff_t>(i) * step + at + v * kCells), w);
      }
    }
  }
  finish_cells(acc, call, block, first);
}

void depthwise(const DepthwiseCall& call) {
  constexpr int kOutputs = 4;  // at once
  const int groups = (call.kernel_time + kWord - 1) / kWord;
  const std::ptrdiff_t column_cells = static_cast<std::ptrdiff_t>(groups) * kWord * kCells;
  const std::ptrdiff_t length = call.kernel_freq * column_cells;
  const std::ptrdiff_t step = call.stride_freq * column_cells;
  auto* words = static_cast<Cell*>(call.scratch);
  for (int block = 0; block < call.blocks; ++block) {
    const Cell* in = static_cast<const Cell*>(call.in) + block * kCells;
    // Once per column for all windows that it is in.
    for (int column = 0; column < call.columns; ++column) {
      for (int group = 0; group < groups; ++group) {
        const Cell* row[kWord];
        for (int j = 0; j < kWord; ++j) {
          // Rows behind the kernel meet zero weights.
          const int time = group * kWord + j < call.kernel_time ? group * kWord + j : call.kernel_time - 1;
          row[j] = in + time * call.row_step + column * call.column_step;
        }
        Reg x[kWord];
        interleave(row, x);
        for (int v = 0; v < kWord; ++v) store(words + column * column_cells + (group * kWord + v) * kCells, x[v]);
      }
    }
    const Cell* weight = static_cast<const Cell*>(call.weight) + block * length;
    int i = 0;
    for (; i + kOutputs <= call.count; i += kOutputs) {
      depthwise_tile<kOutputs>(call, block, i, words + i * step, step, weight, length);
    }
    for (; i < call.count; ++i) depthwise_tile<1>(call, block, i, words + i * step, step, weight, length);
  }
}

void add(const AddCall& call) {
  const std::uint32_t both =
      static_cast<std::uint16_t>(call.a_factor) | std::uint32_t{static_cast<std::uint16_t>(call.b_factor)} << 16U;
  const Reg factors = OP(set1_epi32)(static_cast<std::int32_t>(both)), bias = OP(set1_epi32)(call.bias);
  const Reg low = OP(set1_epi16)(static_cast<std::int16_t>(call.low)), high = OP(set1_epi16)(127);
  const __m128i shift = _mm_cvtsi32_si128(call.shift);
  const auto sums = [&](Reg pairs) {
    return OP(sra_epi32)(OP(add_epi32)(OP(madd_epi16)(pairs, factors), bias), shift);
  };
  const auto one = [&](Reg a, Reg b) {
    const Reg sum = OP(packs_epi32)(sums(OP(unpacklo_epi16)(a, b)), sums(OP(unpackhi_epi16)(a, b)));
    return OP(min_epi16)(OP(max_epi16)(sum, low), high);
  };
  const std::ptrdiff_t cells = static_cast<std::ptrdiff_t>(call.blocks) * kCells;
  for (int i = 0; i < call.count; ++i) {
    const Cell* a = static_cast<const Cell*>(call.a) + i * call.a_step;
    const Cell* b = static_cast<const Cell*>(call.b) + i * call.b_step;
    Cell* out = static_cast<Cell*>(call.out) + i * cells;
    for (std::ptrdiff_t at = 0; at < cells; at += kCells) {
      const Reg x = load(a + at), y = load(b + at);
      if constexpr (kParts == 1) {
        store(out + at, one(x, y));
      } else {
        const Reg zero = OP(set1_epi8)(0);
        Reg value[kParts];
        value[0] = one(OP(unpacklo_epi8)(x, zero), OP(unpacklo_epi8)(y, zero));
        value[kParts - 1] = one(OP(unpackhi_epi8)(x, zero), OP(unpackhi_epi8)(y, zero));
        store(out + at, to_cells(value));
      }
    }
  }
}

/// sigmoid(x * 2^shift), x a Q12 number of 16 bit widened to 32, by the definition in arithmetic.h.
inline Reg sigmoid32(Reg x, int shift, const std::int32_t* table) {
  const Reg sign = OP(srai_epi32)(x, 31);
  const Reg magnitude = OP(slli_epi32)(OP(sub_epi32)(SI(xor)(x, sign), sign), shift);
  const Reg clamped = minimum32(magnitude, OP(set1_epi32)(8 * 4096));
  const Reg entry = gather(table, OP(srli_epi32)(clamped, 7));
  // S * 128 + (next - S) * fraction, both in one instruction.
  const Reg fraction = OP(slli_epi32)(SI(and)(clamped, OP(set1_epi32)(127)), 16);
  const Reg sum = OP(madd_epi16)(entry, SI(or)(fraction, OP(set1_epi32)(128)));
  const Reg value = OP(srai_epi32)(OP(add_epi32)(sum, OP(set1_epi32)(64)), 7);
  const Reg mirrored = OP(sub_epi32)(SI(xor)(value, sign), sign);
  return OP(add_epi32)(mirrored, SI(and)(sign, OP(set1_epi32)(32768)));
}

/// int16 in, int16 out: the table ends at 32757, so results lie in 11 .. 32757.
inline Reg sigmoid(Reg x, int shift, const std::int32_t* table) {
  return OP(packs_epi32)(sigmoid32(widen_low(x), shift, table), sigmoid32(widen_high(x), shift, table));
}
inline Reg tanh(Reg x, int shift, const std::int32_t* table) {
  const auto one = [table, shift](Reg wide) {
    return OP(sub_epi32)(OP(slli_epi32)(sigmoid32(wide, shift + 1, table), 1), OP(set1_epi32)(32768));
  };
  return OP(packs_epi32)(one(widen_low(x)), one(widen_high(x)));
}

/// Q15 to the int8 that products read: (x + 128) >> 8, at most 127.
inline Reg to_byte_range(Reg x) { return OP(srai_epi16)(OP(adds_epi16)(x, OP(set1_epi16)(128)), 8); }

void gru(const GruCall& call) {
  const std::ptrdiff_t cells = static_cast<std::ptrdiff_t>(call.blocks) * kCells;
  for (int clip = 0; clip < call.count; ++clip) {
    const std::int16_t* ax = call.ax + clip * 3 * cells;
    const std::int16_t* ah = call.ah + clip * 3 * cells;
    for (std::ptrdiff_t block = 0; block < cells; block += kCells) {
      Reg h8[kParts];
      for (int part = 0; part < kParts; ++part) {
        const std::ptrdiff_t j = block + part * kShorts;
        std::int16_t* h = call.h + clip * cells + j;
        const auto gate = [&](int row) {
          return OP(adds_epi16)(load(ax + row * cells + j), load(ah + row * cells + j));
        };
        // Gates are Q4.11, the activations read Q12.
        const Reg r = sigmoid(gate(0), 1, call.sigmoid);
        const Reg z = sigmoid(gate(1), 1, call.sigmoid);
        const Reg kept = mulhrs(r, load(ah + 2 * cells + j));
        const Reg n = tanh(OP(adds_epi16)(load(ax + 2 * cells + j), kept), 1, call.sigmoid);
        // 32768 - z wraps to itself in 16 bit, and lies in 11 .. 32757.
        const Reg rest = OP(sub_epi16)(OP(set1_epi16)(-32768), z);
        const Reg old = load(h);
        const Reg low = OP(madd_epi16)(OP(unpacklo_epi16)(z, rest), OP(unpacklo_epi16)(old, n));
        const Reg high = OP(madd_epi16)(OP(unpackhi_epi16)(z, rest), OP(unpackhi_epi16)(old, n));
        const Reg round = OP(set1_epi32)(1 << 14);
        const Reg fresh = OP(packs_epi32)(OP(srai_epi32)(OP(add_epi32)(low, round), 15),
                                          OP(srai_epi32)(OP(add_epi32)(high, round), 15));
        store(h, fresh);
        h8[part] = to_byte_range(fresh);
      }
      store(static_cast<Cell*>(call.h8) + clip * cells + block, to_cells(h8));
    }
  }
}

/// sat16(gate + requantize(p * c)) with the factor of peephole row `row`.
inline Reg with_peephole(Reg gate, Reg p, Reg c, const Scaling& scaling, int row) {
  const Reg low = OP(mullo_epi16)(p, c), high = OP(mulhi_epi16)(p, c);
  const Factors factors = load_factors(scaling, row * kLanes);
  const Reg first = requantized(OP(unpacklo_epi16)(low, high), factors);
  const Reg second = requantized(OP(unpackhi_epi16)(low, high), factors);
  return OP(packs_epi32)(OP(add_epi32)(widen_low(gate), first), OP(add_epi32)(widen_high(gate), second));
}

void lstm(const LstmCall& call) {
  const std::ptrdiff_t cells = static_cast<std::ptrdiff_t>(call.blocks) * kCells;
  for (int clip = 0; clip < call.count; ++clip) {
    const std::int16_t* ax = call.ax + clip * 4 * cells;
    const std::int16_t* ah = call.ah + clip * 4 * cells;
    for (std::ptrdiff_t block = 0; block < cells; block += kCells) {
      Reg m8[kParts];
      for (int part = 0; part < kParts; ++part) {
        const std::ptrdiff_t j = block + part * kShorts;
        std::int16_t* cell = call.c + clip * cells + j;
        const Reg old = load(cell);
        const auto gate = [&](int row) {
          return OP(adds_epi16)(load(ax + row * cells + j), load(ah + row * cells + j));
        };
        const auto peep = [&](int row, Reg x, Reg c) {
          if (call.peephole == nullptr) return x;
          return with_peephole(x, load(call.peephole + row * cells + j), c, call.peephole_scaling, row);
        };
        const Reg i = sigmoid(peep(0, gate(0), old), 0, call.sigmoid);
        const Reg f = sigmoid(peep(1, gate(1), old), 0, call.sigmoid);
        const Reg g = tanh(gate(2), 0, call.sigmoid);
        const Reg low = OP(mullo_epi16)(i, g), high = OP(mulhi_epi16)(i, g);
        const Reg round = OP(set1_epi32)(1 << 17);
        const Reg added = OP(packs_epi32)(OP(srai_epi32)(OP(add_epi32)(OP(unpacklo_epi16)(low, high), round), 18),
                                          OP(srai_epi32)(OP(add_epi32)(OP(unpackhi_epi16)(low, high), round), 18));
        const Reg c = OP(adds_epi16)(mulhrs(f, old), added);
        store(cell, c);
        const Reg o = sigmoid(peep(2, gate(3), c), 0, call.sigmoid);
        m8[part] = to_byte_range(mulhrs(o, tanh(c, 0, call.sigmoid)));
      }
      store(static_cast<Cell*>(call.m8) + clip * cells + block, to_cells(m8));
    }
  }
}

constexpr Kernels table = {.cells = kCells,
                           .word = kWord,
                           .product = product_of<false>,
                           .gates = product_of<true>,
                           .depthwise = depthwise,
                           .add = add,
                           .gru = gru,
                           .lstm = lstm};
