// Part of kernels_text.h: matrix product.

/// What becomes of a product's sums: tiles of a panel of columns come row after row, then the panel ends. Without bias
/// and addition but for Keep.
template <class Out>
struct Keep {
  const Gemm<Factor<Value>, Out>& g;
  template <int kRows, int kColumns>
  void write(int row, int column, const Vec (&sum)[std::size_t{kRows}][std::size_t{kColumns}]) {
    Out* to = g.c + row * g.c_row + column;
    KWS_UNROLL for (int r = 0; r < kRows; ++r, to += g.c_row) {
      KWS_UNROLL for (int v = 0; v < kColumns; ++v) {
        Vec value = sum[r][v];
        if (g.bias != nullptr) value = value + load(g.bias + column + v * kLanes);
        if (g.add) value = load(to + v * kLanes) + value;
        store(to + v * kLanes, value);
      }
    }
  }
  void end(int /*column*/, int /*vectors*/) {}
};

struct KeepMoments {
  const Gemm<Factor<Value>, Value>& g;
  const Moments& moments;
  PartialSums sums[std::size_t{kMostColumns}]{};
  template <int kRows, int kColumns>
  void write(int row, int column, const Vec (&sum)[std::size_t{kRows}][std::size_t{kColumns}]) {
    KWS_UNROLL for (int v = 0; v < kColumns; ++v) {
      const SeeMoments see(moments, column + v * kLanes);
      PartialSums partial = sums[v];
      Value* to = g.c + row * g.c_row + column + v * kLanes;
      KWS_UNROLL for (int r = 0; r < kRows; ++r, to += g.c_row) see(kept(to, sum[r][v]), partial);
      sums[v] = partial;
    }
  }
  void end(int column, int vectors) {
    for (int v = 0; v < vectors; ++v, column += kLanes) sums[v].add(moments.sum + column, moments.squares + column);
  }
};

struct KeepMasked {
  const Gemm<Factor<Value>, Value>& g;
  const Mask<Value>& mask;
  PartialSums sums[std::size_t{kMostColumns}]{};
  template <int kRows, int kColumns>
  void write(int row, int column, const Vec (&sum)[std::size_t{kRows}][std::size_t{kColumns}]) {
    KWS_UNROLL for (int v = 0; v < kColumns; ++v) {
      const PassMask pass(mask, column + v * kLanes);
      PartialSums partial = sums[v];
      std::ptrdiff_t at = row * g.c_row + column + v * kLanes;
      KWS_UNROLL for (int r = 0; r < kRows; ++r, at += g.c_row) {
        pass.keep(g.c + at, sum[r][v], load(mask.y + at), partial);
      }
      sums[v] = partial;
    }
  }
  void end(int column, int vectors) {
    for (int v = 0; v < vectors; ++v, column += kLanes) {
      if (mask.mean != nullptr) sums[v].add(mask.sum + column, mask.product + column);
    }
  }
};

template <int kRows, int kColumns, bool kTransposed, class Out, class Finish>
static void gemm_tile(const Gemm<Factor<Value>, Out>& g, int r0, int n0, Finish& finish) {
  Vec sum[std::size_t{kRows}][std::size_t{kColumns}];
  const Factor<Value>* const a = g.a + r0 * g.a_row;
  const Factor<Value>* row[std::size_t{kRows}];
  KWS_UNROLL for (int r = 0; r < kRows; ++r) {
    row[r] = a + r * g.a_row;
    KWS_UNROLL for (int v = 0; v < kColumns; ++v) sum[r][v] = splat(0.0F);
  }
  for (int run = 0; run < g.depth.runs; ++run) {
    const std::ptrdiff_t first = std::ptrdiff_t{run} * g.depth.step, last = first + g.depth.run;
    const Factor<Value>* from = g.b + n0 + first * g.b_row;
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
  finish.template write<kRows, kColumns>(r0, n0, sum);
}

/// The last rows, fewer than kRows + 1 of them.
template <int kRows, int kColumns, bool kTransposed, class Out, class Finish>
static void gemm_rest(int rows, const Gemm<Factor<Value>, Out>& g, int r0, int n0, Finish& finish) {
  if constexpr (kRows > 0) {
    if (rows == kRows) return gemm_tile<kRows, kColumns, kTransposed>(g, r0, n0, finish);
    gemm_rest<kRows - 1, kColumns, kTransposed>(rows, g, r0, n0, finish);
  }
}

template <int kColumns, bool kTransposed, class Out, class Finish>
static void gemm_panel(const Gemm<Factor<Value>, Out>& g, int n, Finish& finish, Fetcher& first, Fetcher& second) {
  constexpr int kRows = tile_rows(kColumns);
  int r = 0;
  for (; r + kRows <= g.rows; r += kRows) {
    first.fetch();
    second.fetch();
    gemm_tile<kRows, kColumns, kTransposed>(g, r, n, finish);
  }
  gemm_rest<kRows - 1, kColumns, kTransposed>(g.rows - r, g, r, n, finish);
  finish.end(n, kColumns);
}

/// A panel of `vectors`, at most kColumns.
template <int kColumns, bool kTransposed, class Out, class Finish>
static void gemm_take(int vectors, const Gemm<Factor<Value>, Out>& g, int n, Finish& finish, Fetcher& first,
                      Fetcher& second) {
  if constexpr (kColumns > 0) {
    if (vectors == kColumns) return gemm_panel<kColumns, kTransposed>(g, n, finish, first, second);
    gemm_take<kColumns - 1, kTransposed>(vectors, g, n, finish, first, second);
  }
}

template <bool kTransposed, class Out, class Finish>
static void gemm_columns(const Gemm<Factor<Value>, Out>& g, Finish& finish) {
  const std::ptrdiff_t panels = (g.columns / kLanes + kMostColumns - 1) / kMostColumns;
  const std::ptrdiff_t tiles = panels * (g.rows / tile_rows(kMostColumns) + 1);
  Fetcher first(g.ahead, tiles), second(g.also, tiles);
  for (int n = 0; n < g.columns;) {
    const int left = (g.columns - n) / kLanes;
    const int take = left <= kMostColumns ? left : left == kMostColumns + 1 ? kMostColumns - 1 : kMostColumns;
    gemm_take<kMostColumns, kTransposed>(take, g, n, finish, first, second);
    n += take * kLanes;
  }
}

template <class Out>
static void gemm(const Gemm<Factor<Value>, Out>& g) {
  Keep<Out> finish{g};
  if (g.a_row == 1 && g.a_depth != 1) {
    gemm_columns<true>(g, finish);
  } else {
    gemm_columns<false>(g, finish);
  }
}

static void gemm_moments(const Gemm<Factor<Value>, Value>& g, const Moments& moments) {
  KeepMoments finish{g, moments};
  gemm_columns<false>(g, finish);
}

static void gemm_masked(const Gemm<Factor<Value>, Value>& g, const Mask<Value>& mask, float* /*scratch*/) {
  KeepMasked finish{g, mask};
  gemm_columns<false>(g, finish);
}
