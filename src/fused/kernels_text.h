// Included once per instruction set by a file that defines Vec, kLanes, load, store, splat, multiply_add, root... for
// it. Everything is static: the same text becomes other code in each.

// NOLINTBEGIN(misc-definitions-in-headers)

constexpr int kVecs = kGroup / kLanes;  // registers of a group
constexpr int kSumRows = 64;            // rows added in float before they go to double

#define KWS_UNROLL _Pragma("GCC unroll 16")

static inline Vec lower_zero(Vec x) { return maximum(x, splat(0.0F)); }

static inline Vec activated(Vec y, Vec scale, Vec shift, bool relu) {
  const Vec x = multiply_add(y, scale, shift);
  return relu ? lower_zero(x) : x;
}

/// Hands out the cache lines of an Ahead in equal portions.
class Fetcher {
 public:
  Fetcher(Ahead ahead, std::ptrdiff_t portions)
      : next_(reinterpret_cast<const char*>(ahead.from)),
        end_(next_ + ahead.floats * static_cast<std::ptrdiff_t>(sizeof(float))),
        portion_((ahead.floats / kGroup + portions - 1) / portions * 64) {}
  void fetch() {
    const char* const stop = end_ - next_ < portion_ ? end_ : next_ + portion_;
    for (; next_ < stop; next_ += 64) _mm_prefetch(next_, _MM_HINT_T1);
  }

 private:
  const char* next_;
  const char* end_;
  std::ptrdiff_t portion_;
};

// ---- matrix product

template <int kRows, int kColumns, bool kTransposed>
static void gemm_tile(const Gemm& g, const float* a, const float* b, float* c, const float* bias) {
  Vec sum[std::size_t{kRows}][std::size_t{kColumns}];
  const float* row[std::size_t{kRows}];
  KWS_UNROLL for (int r = 0; r < kRows; ++r) {
    row[r] = a + r * g.a_row;
    KWS_UNROLL for (int v = 0; v < kColumns; ++v) sum[r][v] = splat(0.0F);
  }
  for (std::ptrdiff_t d = 0; d < g.depth; ++d) {
    Vec right[std::size_t{kColumns}];
    KWS_UNROLL for (int v = 0; v < kColumns; ++v) right[v] = load(b + v * kLanes);
    KWS_UNROLL for (int r = 0; r < kRows; ++r) {
      const Vec left = splat(kTransposed ? a[r] : row[r][d]);
      KWS_UNROLL for (int v = 0; v < kColumns; ++v) sum[r][v] = multiply_add(left, right[v], sum[r][v]);
    }
    b += g.b_row;
    if constexpr (kTransposed) a += g.a_depth;
  }
  KWS_UNROLL for (int r = 0; r < kRows; ++r) {
    float* to = c + r * g.c_row;
    KWS_UNROLL for (int v = 0; v < kColumns; ++v) {
      Vec value = sum[r][v];
      if (bias != nullptr) value = value + load(bias + v * kLanes);
      if (g.add) value = load(to + v * kLanes) + value;
      store(to + v * kLanes, value);
    }
  }
}

/// The last rows, fewer than kRows + 1 of them.
template <int kRows, int kColumns, bool kTransposed>
static void gemm_rest(int rows, const Gemm& g, const float* a, const float* b, float* c, const float* bias) {
  if constexpr (kRows > 0) {
    if (rows == kRows) return gemm_tile<kRows, kColumns, kTransposed>(g, a, b, c, bias);
    gemm_rest<kRows - 1, kColumns, kTransposed>(rows, g, a, b, c, bias);
  }
}

template <int kColumns, bool kTransposed>
static void gemm_panel(const Gemm& g, const float* b, float* c, const float* bias, Fetcher& first, Fetcher& second) {
  constexpr int kRows = tile_rows(kColumns);
  int r = 0;
  for (; r + kRows <= g.rows; r += kRows) {
    first.fetch();
    second.fetch();
    gemm_tile<kRows, kColumns, kTransposed>(g, g.a + r * g.a_row, b, c + r * g.c_row, bias);
  }
  gemm_rest<kRows - 1, kColumns, kTransposed>(g.rows - r, g, g.a + r * g.a_row, b, c + r * g.c_row, bias);
}

template <bool kTransposed>
static void gemm_columns(const Gemm& g) {
  const std::ptrdiff_t panels = (g.columns / kLanes + kMostColumns - 1) / kMostColumns;
  const std::ptrdiff_t tiles = panels * (g.rows / tile_rows(kMostColumns) + 1);
  Fetcher first(g.ahead, tiles), second(g.also, tiles);
  for (int n = 0; n < g.columns;) {
    const int left = (g.columns - n) / kLanes;
    const int take = left <= kMostColumns ? left : left == kMostColumns + 1 ? kMostColumns - 1 : kMostColumns;
    const float* bias = g.bias == nullptr ? nullptr : g.bias + n;
    switch (take) {
      case 1:
        gemm_panel<1, kTransposed>(g, g.b + n, g.c + n, bias, first, second);
        break;
      case 2:
        gemm_panel<2, kTransposed>(g, g.b + n, g.c + n, bias, first, second);
        break;
      case 3:
        gemm_panel<3, kTransposed>(g, g.b + n, g.c + n, bias, first, second);
        break;
      default:
        gemm_panel<4, kTransposed>(g, g.b + n, g.c + n, bias, first, second);
        break;
    }
    n += take * kLanes;
  }
}

static void gemm(const Gemm& g) {
  if (g.a_row == 1 && g.a_depth != 1) {
    gemm_columns<true>(g);
  } else {
    gemm_columns<false>(g);
  }
}

// ---- rows of channels

static void activate(std::ptrdiff_t rows, int pitch, const float* y, Activation activation, float* out) {
  if (activation.scale == nullptr) {
    for (std::ptrdiff_t i = 0; i < rows * pitch; i += kLanes) {
      const Vec x = load(y + i);
      store(out + i, activation.relu ? lower_zero(x) : x);
    }
    return;
  }
  for (std::ptrdiff_t r = 0; r < rows; ++r, y += pitch, out += pitch) {
    for (int c = 0; c < pitch; c += kLanes) {
      store(out + c, activated(load(y + c), load(activation.scale + c), load(activation.shift + c), activation.relu));
    }
  }
}

static void add_to(double* sum, Vec partial) {
  float values[kLanes];
  store(values, partial);
  for (int i = 0; i < kLanes; ++i) sum[i] += static_cast<double>(values[i]);
}

static void moments(std::ptrdiff_t rows, int pitch, const float* y, const float* pivot, double* sum, double* squares) {
  for (std::ptrdiff_t first = 0; first < rows; first += kSumRows) {
    const std::ptrdiff_t last = first + kSumRows < rows ? first + kSumRows : rows;
    for (int c = 0; c < pitch; c += kLanes) {
      const Vec middle = load(pivot + c);
      Vec total = splat(0.0F), square = splat(0.0F);
      for (std::ptrdiff_t r = first; r < last; ++r) {
        const Vec x = load(y + r * pitch + c) - middle;
        total = total + x;
        square = multiply_add(x, x, square);
      }
      add_to(sum + c, total);
      add_to(squares + c, square);
    }
  }
}

static void sums(std::ptrdiff_t rows, int pitch, const float* y, double* sum) {
  for (std::ptrdiff_t first = 0; first < rows; first += kSumRows) {
    const std::ptrdiff_t last = first + kSumRows < rows ? first + kSumRows : rows;
    for (int c = 0; c < pitch; c += kLanes) {
      Vec total = splat(0.0F);
      for (std::ptrdiff_t r = first; r < last; ++r) total = total + load(y + r * pitch + c);
      add_to(sum + c, total);
    }
  }
}

static void norm_gradient(std::ptrdiff_t rows, int pitch, const float* dz, const float* y, NormGradient norm,
                          float* dy) {
  for (std::ptrdiff_t r = 0; r < rows; ++r, dz += pitch, y += pitch, dy += pitch) {
    for (int c = 0; c < pitch; c += kLanes) {
      const Vec centred = load(y + c) - load(norm.mean_y + c);
      const Vec rest = load(dz + c) - load(norm.mean_dz + c);
      store(dy + c, load(norm.scale + c) * (rest - load(norm.slope + c) * centred));
    }
  }
}

static void mask(std::ptrdiff_t rows, int pitch, const float* gradient, const float* y, Activation activation,
                 const float* mean, float* dz, double* sum, double* product) {
  for (std::ptrdiff_t first = 0; first < rows; first += kSumRows) {
    const std::ptrdiff_t last = first + kSumRows < rows ? first + kSumRows : rows;
    for (int c = 0; c < pitch; c += kLanes) {
      const bool normed = activation.scale != nullptr;
      const Vec scale = normed ? load(activation.scale + c) : splat(1.0F);
      const Vec shift = normed ? load(activation.shift + c) : splat(0.0F);
      const Vec middle = mean != nullptr ? load(mean + c) : splat(0.0F);
      Vec total = splat(0.0F), weighted = splat(0.0F);
      for (std::ptrdiff_t r = first; r < last; ++r) {
        const std::ptrdiff_t at = r * pitch + c;
        const Vec value = load(y + at);
        Vec g = load(gradient + at);
        if (activation.relu) g = where_positive(multiply_add(value, scale, shift), g);
        store(dz + at, g);
        total = total + g;
        weighted = multiply_add(g, value - middle, weighted);
      }
      if (mean == nullptr) continue;
      add_to(sum + c, total);
      add_to(product + c, weighted);
    }
  }
}

// ---- convolution as a matrix product

static std::ptrdiff_t patch_at(const PatchMap& map, int output) {
  return output / map.out_freq * map.step_time + output % map.out_freq * map.step_freq;
}

static void gather(const PatchMap& map, int first, int rows, const float* from, float* patches) {
  for (int r = 0; r < rows; ++r) {
    const float* run = from + patch_at(map, first + r);
    for (int kt = 0; kt < map.kernel_time; ++kt, run += map.map_row, patches += map.run) {
      // Whole groups: what lies behind the run is overwritten by the next one.
      for (int i = 0; i < map.run; i += kLanes) store(patches + i, load(run + i));
    }
  }
}

static void scatter(const PatchMap& map, int first, int rows, const float* patches, float* to) {
  for (int r = 0; r < rows; ++r) {
    float* run = to + patch_at(map, first + r);
    for (int kt = 0; kt < map.kernel_time; ++kt, run += map.map_row, patches += map.run) {
      for (int i = 0; i < map.run; i += kLanes) store(run + i, load(run + i) + load(patches + i));
    }
  }
}

// ---- depthwise convolution, one group of channels at a time

struct Tile {
  int time, freq;  // extent
};

static Tile padded_tile(const DepthwiseMap& m) {
  return {(m.out_time - 1) * m.stride_time + m.kernel_time, (m.out_freq - 1) * m.stride_freq + m.kernel_freq};
}

/// in [in_time][in_freq][pitch] -> tiles [groups][time][freq][kGroup], activated, zero outside the map. All groups in
/// one go, because memory is fast only in its own order.
static void fill_tiles(const DepthwiseMap& m, const float* in, Activation activation, float* tiles) {
  const Tile size = padded_tile(m);
  const std::ptrdiff_t tile = static_cast<std::ptrdiff_t>(size.time) * size.freq * kGroup;
  const int times = m.in_time < size.time - m.top ? m.in_time : size.time - m.top;
  const int freqs = m.in_freq < size.freq - m.left ? m.in_freq : size.freq - m.left;
  const bool normed = activation.scale != nullptr;
  for (int t = 0; t < times; ++t) {
    const float* from = in + static_cast<std::ptrdiff_t>(t) * m.in_freq * m.pitch;
    float* position = tiles + (static_cast<std::ptrdiff_t>(t + m.top) * size.freq + m.left) * kGroup;
    for (int f = 0; f < freqs; ++f, from += m.pitch, position += kGroup) {
      float* to = position;
      for (int group = 0; group < m.pitch; group += kGroup, to += tile) {
        for (int c = group; c < group + kGroup; c += kLanes) {
          const Vec scale = normed ? load(activation.scale + c) : splat(1.0F);
          const Vec shift = normed ? load(activation.shift + c) : splat(0.0F);
          store(to + (c - group), activated(load(from + c), scale, shift, activation.relu));
        }
      }
    }
  }
}

/// A correlation of a tile [..][tile_freq][kGroup] with taps that lie tap_step apart (negative: turned round).
struct Correlation {
  int out_time, out_freq, kernel_time, kernel_freq, stride_time, stride_freq, tile_freq;
  const float* taps;
  std::ptrdiff_t tap_step;
  std::ptrdiff_t out_pitch;
};

template <int kOutputs>
static void correlate_run(const Correlation& k, const float* tile, Vec start, float* out) {
  Vec sum[std::size_t{kOutputs}];
  KWS_UNROLL for (int i = 0; i < kOutputs; ++i) sum[i] = start;
  const float* tap = k.taps;
  const std::ptrdiff_t step = static_cast<std::ptrdiff_t>(k.stride_freq) * kGroup;
  for (int kt = 0; kt < k.kernel_time; ++kt) {
    const float* from = tile + static_cast<std::ptrdiff_t>(kt) * k.tile_freq * kGroup;
    for (int kf = 0; kf < k.kernel_freq; ++kf, from += kGroup, tap += k.tap_step) {
      const Vec weight = load(tap);
      KWS_UNROLL for (int i = 0; i < kOutputs; ++i) sum[i] = multiply_add(load(from + i * step), weight, sum[i]);
    }
  }
  KWS_UNROLL for (int i = 0; i < kOutputs; ++i) store(out + i * k.out_pitch, sum[i]);
}

static void correlate(const Correlation& k, const float* tile, Vec start, float* out, Fetcher& ahead) {
  for (int t = 0; t < k.out_time; ++t) {
    ahead.fetch();
    const float* row = tile + static_cast<std::ptrdiff_t>(t) * k.stride_time * k.tile_freq * kGroup;
    for (int f = 0; f < k.out_freq;) {
      const float* from = row + static_cast<std::ptrdiff_t>(f) * k.stride_freq * kGroup;
      float* to = out + (static_cast<std::ptrdiff_t>(t) * k.out_freq + f) * k.out_pitch;
      const int left = k.out_freq - f;
      if (left >= 5) {
        correlate_run<5>(k, from, start, to);
        f += 5;
      } else if (left >= 3) {
        correlate_run<3>(k, from, start, to);
        f += 3;
      } else {
        correlate_run<1>(k, from, start, to);
        f += 1;
      }
    }
  }
}

static void depthwise(const DepthwiseMap& m, const float* in, Activation activation, const float* taps,
                      const float* bias, float* out, float* tiles, Ahead ahead) {
  const Tile size = padded_tile(m);
  Fetcher fetcher(ahead, static_cast<std::ptrdiff_t>(m.pitch) / kLanes * m.out_time);
  fill_tiles(m, in, activation, tiles);
  for (int c = 0; c < m.pitch; c += kLanes) {
    const Correlation k = {m.out_time,    m.out_freq, m.kernel_time, m.kernel_freq, m.stride_time,
                           m.stride_freq, size.freq,  taps + c,      m.pitch,       m.pitch};
    const float* tile = tiles + c / kGroup * (static_cast<std::ptrdiff_t>(size.time) * size.freq * kGroup) + c % kGroup;
    correlate(k, tile, bias == nullptr ? splat(0.0F) : load(bias + c), out + c, fetcher);
  }
}

/// kTaps neighbouring taps of one kernel row: d_taps += sum over positions of dy * tile.
template <int kTaps>
static void tap_gradient(const DepthwiseMap& m, int tile_freq, const float* dy, const float* tile, float* d_taps) {
  Vec sum[std::size_t{kTaps}];
  KWS_UNROLL for (int i = 0; i < kTaps; ++i) sum[i] = splat(0.0F);
  for (int t = 0; t < m.out_time; ++t) {
    const float* from = tile + static_cast<std::ptrdiff_t>(t) * m.stride_time * tile_freq * kGroup;
    for (int f = 0; f < m.out_freq; ++f, from += m.stride_freq * kGroup, dy += m.pitch) {
      const Vec g = load(dy);
      KWS_UNROLL for (int i = 0; i < kTaps; ++i) sum[i] = multiply_add(g, load(from + i * kGroup), sum[i]);
    }
  }
  KWS_UNROLL for (int i = 0; i < kTaps; ++i) {
    float* to = d_taps + static_cast<std::ptrdiff_t>(i) * m.pitch;
    store(to, load(to) + sum[i]);
  }
}

static void tap_gradients(const DepthwiseMap& m, int tile_freq, const float* dy, const float* tile, float* d_taps,
                          Fetcher& ahead) {
  for (int kt = 0; kt < m.kernel_time; ++kt) {
    ahead.fetch();
    for (int kf = 0; kf < m.kernel_freq;) {
      const float* from = tile + (static_cast<std::ptrdiff_t>(kt) * tile_freq + kf) * kGroup;
      float* to = d_taps + (static_cast<std::ptrdiff_t>(kt) * m.kernel_freq + kf) * m.pitch;
      const int left = m.kernel_freq - kf;
      if (left >= 5) {
        tap_gradient<5>(m, tile_freq, dy, from, to);
        kf += 5;
      } else if (left >= 3) {
        tap_gradient<3>(m, tile_freq, dy, from, to);
        kf += 3;
      } else {
        tap_gradient<1>(m, tile_freq, dy, from, to);
        kf += 1;
      }
    }
  }
}

static void depthwise_backward(const DepthwiseMap& m, const float* dy, const float* in, Activation activation,
                               const float* taps, float* d_in, float* d_taps, float* tiles, float* spread, Ahead ahead,
                               Ahead also) {
  const Tile size = padded_tile(m);
  const std::ptrdiff_t rounds = static_cast<std::ptrdiff_t>(m.pitch) / kLanes;
  Fetcher first(ahead, rounds * m.in_time), second(also, rounds * m.kernel_time);
  const int spread_freq = m.in_freq + m.kernel_freq - 1;
  fill_tiles(m, in, activation, tiles);
  for (int c = 0; c < m.pitch; c += kLanes) {
    const int lane = c % kGroup;
    const float* tile = tiles + c / kGroup * (static_cast<std::ptrdiff_t>(size.time) * size.freq * kGroup) + lane;
    tap_gradients(m, size.freq, dy + c, tile, d_taps + c, second);
    // dy spread out by the strides and padded: the input's gradient is its correlation with the kernel turned round.
    for (int t = 0; t < m.out_time; ++t) {
      const int time = t * m.stride_time - m.top + m.kernel_time - 1;
      for (int f = 0; f < m.out_freq; ++f) {
        const int freq = f * m.stride_freq - m.left + m.kernel_freq - 1;
        store(spread + (static_cast<std::ptrdiff_t>(time) * spread_freq + freq) * kGroup + lane,
              load(dy + (static_cast<std::ptrdiff_t>(t) * m.out_freq + f) * m.pitch + c));
      }
    }
    const std::ptrdiff_t last = static_cast<std::ptrdiff_t>(m.kernel_time) * m.kernel_freq - 1;
    const Correlation k = {m.in_time, m.in_freq, m.kernel_time, m.kernel_freq,
                           1,         1,         spread_freq,   taps + last * m.pitch + c,
                           -m.pitch,  m.pitch};
    correlate(k, spread + lane, splat(0.0F), d_in + c, first);
  }
}

// ---- recurrent cells

/// Relative error below 2e-7. Source: the polynomial of Cephes' expf.
static inline Vec exponential(Vec x) {
  x = maximum(minimum(x, splat(88.0F)), splat(-87.0F));
  const Vec n = nearest(x * splat(1.44269504F));
  Vec r = multiply_add(n, splat(-0.693359375F), x);
  r = multiply_add(n, splat(2.12194440e-4F), r);
  Vec p = splat(1.9875691500e-4F);
  p = multiply_add(p, r, splat(1.3981999507e-3F));
  p = multiply_add(p, r, splat(8.3334519073e-3F));
  p = multiply_add(p, r, splat(4.1665795894e-2F));
  p = multiply_add(p, r, splat(1.6666665459e-1F));
  p = multiply_add(p, r, splat(5.0000001201e-1F));
  return power_of_two(n) * (multiply_add(p, r * r, r) + splat(1.0F));
}
static inline Vec sigmoid(Vec x) { return splat(1.0F) / (splat(1.0F) + exponential(splat(0.0F) - x)); }
static inline Vec tangent(Vec x) { return multiply_add(splat(2.0F), sigmoid(x + x), splat(-1.0F)); }
/// Derivatives from the function's value.
static inline Vec sigmoid_slope(Vec s) { return s * (splat(1.0F) - s); }
static inline Vec tangent_slope(Vec t) { return splat(1.0F) - t * t; }

constexpr float kCellLimit = 8.0F;  // what a Q3.12 cell state holds; see quant/int8_model.h

static void lstm(CellRows shape, float* gates, const float* c_old, const float* peephole, float* c, float* m) {
  const int pitch = shape.pitch;
  for (int r = 0; r < shape.rows; ++r, gates += 4 * pitch, c_old += pitch, c += pitch, m += pitch) {
    for (int j = 0; j < pitch; j += kLanes) {
      const Vec old = load(c_old + j);
      Vec in = load(gates + j), forget = load(gates + pitch + j), out = load(gates + 3 * pitch + j);
      if (peephole != nullptr) {
        in = multiply_add(load(peephole + j), old, in);
        forget = multiply_add(load(peephole + pitch + j), old, forget);
      }
      in = sigmoid(in);
      forget = sigmoid(forget);
      const Vec fresh = tangent(load(gates + 2 * pitch + j));
      Vec cell = multiply_add(forget, old, in * fresh);
      cell = maximum(minimum(cell, splat(kCellLimit)), splat(-kCellLimit));
      if (peephole != nullptr) out = multiply_add(load(peephole + 2 * pitch + j), cell, out);
      out = sigmoid(out);
      store(gates + j, in);
      store(gates + pitch + j, forget);
      store(gates + 2 * pitch + j, fresh);
      store(gates + 3 * pitch + j, out);
      store(c + j, cell);
      store(m + j, out * tangent(cell));
    }
  }
}

static void lstm_backward(CellRows shape, float* gates, const float* c_old, const float* c, const float* dm,
                          const float* peephole, float* dc, float* d_peephole) {
  const int pitch = shape.pitch;
  for (int j = 0; j < pitch; j += kLanes) {
    Vec peep_in = splat(0.0F), peep_forget = splat(0.0F), peep_out = splat(0.0F);
    for (int r = 0; r < shape.rows; ++r) {
      const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(r) * pitch + j;
      float* gate = gates + static_cast<std::ptrdiff_t>(r) * 4 * pitch + j;
      const Vec in = load(gate), forget = load(gate + pitch), fresh = load(gate + 2 * pitch);
      const Vec out = load(gate + 3 * pitch);
      const Vec cell = load(c + at), old = load(c_old + at), from_m = load(dm + at);
      const Vec squashed = tangent(cell);
      const Vec d_out = from_m * squashed * sigmoid_slope(out);
      Vec d_cell = multiply_add(from_m * out, tangent_slope(squashed), load(dc + at));
      if (peephole != nullptr) d_cell = multiply_add(d_out, load(peephole + 2 * pitch + j), d_cell);
      d_cell = where_positive(splat(kCellLimit) - magnitude(cell), d_cell);  // no gradient through the limit
      const Vec d_in = d_cell * fresh * sigmoid_slope(in);
      const Vec d_forget = d_cell * old * sigmoid_slope(forget);
      Vec d_old = d_cell * forget;
      if (peephole != nullptr) {
        d_old = multiply_add(d_in, load(peephole + j), d_old);
        d_old = multiply_add(d_forget, load(peephole + pitch + j), d_old);
        peep_in = multiply_add(d_in, old, peep_in);
        peep_forget = multiply_add(d_forget, old, peep_forget);
        peep_out = multiply_add(d_out, cell, peep_out);
      }
      store(gate, d_in);
      store(gate + pitch, d_forget);
      store(gate + 2 * pitch, d_cell * in * tangent_slope(fresh));
      store(gate + 3 * pitch, d_out);
      store(dc + at, d_old);
    }
    if (d_peephole == nullptr) continue;
    store(d_peephole + j, load(d_peephole + j) + peep_in);
    store(d_peephole + pitch + j, load(d_peephole + pitch + j) + peep_forget);
    store(d_peephole + 2 * pitch + j, load(d_peephole + 2 * pitch + j) + peep_out);
  }
}

static void gru(CellRows shape, float* gates, const float* h_old, float* h) {
  const int pitch = shape.pitch;
  for (int r = 0; r < shape.rows; ++r, gates += 4 * pitch, h_old += pitch, h += pitch) {
    for (int j = 0; j < pitch; j += kLanes) {
      const Vec reset = sigmoid(load(gates + j));
      const Vec update = sigmoid(load(gates + pitch + j));
      const Vec fresh = tangent(multiply_add(reset, load(gates + 3 * pitch + j), load(gates + 2 * pitch + j)));
      store(gates + j, reset);
      store(gates + pitch + j, update);
      store(gates + 2 * pitch + j, fresh);
      store(h + j, multiply_add(update, load(h_old + j) - fresh, fresh));
    }
  }
}

static void gru_backward(CellRows shape, float* gates, const float* h_old, float* dh) {
  const int pitch = shape.pitch;
  for (int r = 0; r < shape.rows; ++r, gates += 4 * pitch, h_old += pitch, dh += pitch) {
    for (int j = 0; j < pitch; j += kLanes) {
      const Vec reset = load(gates + j), update = load(gates + pitch + j), fresh = load(gates + 2 * pitch + j);
      const Vec past = load(gates + 3 * pitch + j), g = load(dh + j);
      const Vec d_fresh = g * (splat(1.0F) - update) * tangent_slope(fresh);
      store(gates + j, d_fresh * past * sigmoid_slope(reset));
      store(gates + pitch + j, g * (load(h_old + j) - fresh) * sigmoid_slope(update));
      store(gates + 2 * pitch + j, d_fresh);
      store(gates + 3 * pitch + j, d_fresh * reset);
      store(dh + j, g * update);
    }
  }
}

static constexpr Kernels kKernels = {gemm, activate,      moments, sums,        norm_gradient,
                                     mask, gather,        scatter, depthwise,   depthwise_backward,
                                     lstm, lstm_backward, gru,     gru_backward};
// NOLINTEND(misc-definitions-in-headers)
