// Part of kernels_text.h: matrix product.

template <int kRows, int kColumns, bool kTransposed, class Out>
static void gemm_tile(const Gemm<Factor<Value>, Out>& g, const Factor<Value>* a, const Factor<Value>* b, Out* c,
                      const float* bias) {
  Vec sum[std::size_t{kRows}][std::size_t{kColumns}];
  const Factor<Value>* row[std::size_t{kRows}];
  KWS_UNROLL for (int r = 0; r < kRows; ++r) {
    row[r] = a + r * g.a_row;
    KWS_UNROLL for (int v = 0; v < kColumns; ++v) sum[r][v] = splat(0.0F);
  }
  for (int run = 0; run < g.depth.runs; ++run) {
    const std::ptrdiff_t first = std::ptrdiff_t{run} * g.depth.step, last = first + g.depth.run;
    const Factor<Value>* from = b + first * g.b_row;
    const Factor<Value>* turned = a + first * g.a_depth;
    for (std::ptrdiff_t d = first; d < last; ++d) {
      Factors right[std::size_t{kColumns}];
      KWS_UNROLL for (int v = 0; v < kColumns; ++v) right[v] = factors_at(from + v * kLanes);
      KWS_UNROLL for (int r = 0; r < kRows; ++r) {
        const Factors left = factor_splat(kTransposed ? turned[r] : row[r][d]);
        KWS_UNROLL for (int v = 0; v < kColumns; ++v) sum[r][v] = accumulate(left, right[v], sum[r][v]);
      }
      from += g.b_row;
      if constexpr (kTransposed) turned += g.a_depth;
    }
  }
  KWS_UNROLL for (int r = 0; r < kRows; ++r) {
    Out* to = c + r * g.c_row;
    KWS_UNROLL for (int v = 0; v < kColumns; ++v) {
      Vec value = sum[r][v];
      if (bias != nullptr) value = value + load(bias + v * kLanes);
      if (g.add) value = load(to + v * kLanes) + value;
      store(to + v * kLanes, value);
    }
  }
}

/// The last rows, fewer than kRows + 1 of them.
template <int kRows, int kColumns, bool kTransposed, class Out>
static void gemm_rest(int rows, const Gemm<Factor<Value>, Out>& g, const Factor<Value>* a, const Factor<Value>* b,
                      Out* c, const float* bias) {
  if constexpr (kRows > 0) {
    if (rows == kRows) return gemm_tile<kRows, kColumns, kTransposed>(g, a, b, c, bias);
    gemm_rest<kRows - 1, kColumns, kTransposed>(rows, g, a, b, c, bias);
  }
}

template <int kColumns, bool kTransposed, class Out>
static void gemm_panel(const Gemm<Factor<Value>, Out>& g, const Factor<Value>* b, Out* c, const float* bias,
                       Fetcher& first, Fetcher& second) {
  constexpr int kRows = tile_rows(kColumns);
  int r = 0;
  for (; r + kRows <= g.rows; r += kRows) {
    first.fetch();
    second.fetch();
    gemm_tile<kRows, kColumns, kTransposed>(g, g.a + r * g.a_row, b, c + r * g.c_row, bias);
  }
  gemm_rest<kRows - 1, kColumns, kTransposed>(g.rows - r, g, g.a + r * g.a_row, b, c + r * g.c_row, bias);
}

template <bool kTransposed, class Out>
static void gemm_columns(const Gemm<Factor<Value>, Out>& g) {
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

template <class Out>
static void gemm(const Gemm<Factor<Value>, Out>& g) {
  if (g.a_row == 1 && g.a_depth != 1) {
    gemm_columns<true>(g);
  } else {
    gemm_columns<false>(g);
  }
}
