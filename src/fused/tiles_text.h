// Included after bf16_text.h and ahead_text.h: the matrix product on AMX tiles. Tiles is the processor's own, or what
// stands for it in a test: eight tiles of 16 rows of 64 bytes, all of them set up at full size.

constexpr int kTile = 16;       // rows of a tile; pairs or floats of its row
constexpr int kDepthTiles = 8;  // of a transposed matrix that are turned at once

/// Where a tile is loaded from; `row` pairs from row to row.
struct TileSource {
  const Bf16Pair* at;
  std::ptrdiff_t row;
};

struct TileScratch {
  alignas(64) Bf16Pair turned[2][kDepthTiles][kTile * kTile];
  alignas(64) Bf16Pair spare[4][kTile * kTile];  // tiles that reach over an edge: zeros beyond it
  alignas(64) float sums[2 * kTile][2 * kTile];
};

static inline __mmask16 first_lanes(int count) {
  return static_cast<__mmask16>(count >= kTile ? 0xFFFFU : (1U << count) - 1U);
}

/// `rows` x `columns` pairs into a tile of its own.
static TileSource edge_tile(const Bf16Pair* from, std::ptrdiff_t row, int rows, int columns, Bf16Pair* spare) {
  for (int r = 0; r < kTile; ++r) {
    const __m512i x =
        r < rows ? _mm512_maskz_loadu_epi32(first_lanes(columns), from + r * row) : _mm512_setzero_si512();
    _mm512_store_si512(spare + r * kTile, x);
  }
  return {spare, kTile};
}

/// to[c][r] = from[r][c], zeros beyond `rows` and `columns` of `from`.
static void turn(const Bf16Pair* from, std::ptrdiff_t row, int rows, int columns, Bf16Pair* to) {
  __m512i x[kTile], y[kTile];
  KWS_UNROLL for (int r = 0; r < kTile; ++r) {
    x[r] = r < rows ? _mm512_maskz_loadu_epi32(first_lanes(columns), from + r * row) : _mm512_setzero_si512();
  }
  KWS_UNROLL for (int r = 0; r < kTile; r += 2) {
    y[r] = _mm512_unpacklo_epi32(x[r], x[r + 1]);
    y[r + 1] = _mm512_unpackhi_epi32(x[r], x[r + 1]);
  }
  // x[r + j]: in 128-bit lane l, column 4 l + j of rows r .. r + 3.
  KWS_UNROLL for (int r = 0; r < kTile; r += 4) {
    x[r] = _mm512_unpacklo_epi64(y[r], y[r + 2]);
    x[r + 1] = _mm512_unpackhi_epi64(y[r], y[r + 2]);
    x[r + 2] = _mm512_unpacklo_epi64(y[r + 1], y[r + 3]);
    x[r + 3] = _mm512_unpackhi_epi64(y[r + 1], y[r + 3]);
  }
  constexpr int kEven = 0x88, kOdd = 0xDD;  // lanes of both operands
  KWS_UNROLL for (int j = 0; j < 4; ++j) {
    const __m512i upper_even = _mm512_shuffle_i32x4(x[j], x[j + 4], kEven);
    const __m512i lower_even = _mm512_shuffle_i32x4(x[j + 8], x[j + 12], kEven);
    const __m512i upper_odd = _mm512_shuffle_i32x4(x[j], x[j + 4], kOdd);
    const __m512i lower_odd = _mm512_shuffle_i32x4(x[j + 8], x[j + 12], kOdd);
    _mm512_store_si512(to + j * kTile, _mm512_shuffle_i32x4(upper_even, lower_even, kEven));
    _mm512_store_si512(to + (j + 4) * kTile, _mm512_shuffle_i32x4(upper_odd, lower_odd, kEven));
    _mm512_store_si512(to + (j + 8) * kTile, _mm512_shuffle_i32x4(upper_even, lower_even, kOdd));
    _mm512_store_si512(to + (j + 12) * kTile, _mm512_shuffle_i32x4(upper_odd, lower_odd, kOdd));
  }
}

static inline int up_to_tile(int count) { return count < kTile ? count : kTile; }

template <class Out>
static inline TileSource left_tile(const Gemm<Bf16Pair, Out>& g, bool transposed, int first, int tile, int d,
                                   TileScratch& scratch) {
  const int r = first + tile * kTile;
  if (transposed) return {scratch.turned[tile][d / kTile], kTile};
  const Bf16Pair* at = g.a + r * g.a_row + d;
  const int rows = up_to_tile(g.rows - r), depth = up_to_tile(g.depth.run - d);
  if (rows == kTile && depth == kTile) return {at, g.a_row};
  return edge_tile(at, g.a_row, rows, depth, scratch.spare[tile]);
}

template <class Out>
static inline TileSource right_tile(const Gemm<Bf16Pair, Out>& g, int n, int tile, int d, TileScratch& scratch) {
  const Bf16Pair* at = g.b + d * g.b_row + n + tile * kTile;
  const int depth = up_to_tile(g.depth.run - d);
  if (depth == kTile) return {at, g.b_row};
  return edge_tile(at, g.b_row, depth, kTile, scratch.spare[2 + tile]);
}

/// Rows from r and columns from n on, as many tiles of each; the last rows may be fewer.
template <class Tiles, int kRowTiles, int kColumnTiles, class Out>
static void tile_block(const Gemm<Bf16Pair, Out>& g, bool transposed, int r, int n, TileScratch& scratch) {
  // Tiles 0 to 3 hold sums, 4 and 5 rows of a, 6 and 7 columns of b.
  const auto load_left = [&]<int kIndex>(int d) {
    const TileSource from = left_tile(g, transposed, r, kIndex, d, scratch);
    Tiles::template load<4 + kIndex>(from.at, from.row * static_cast<std::ptrdiff_t>(sizeof(Bf16Pair)));
  };
  const auto load_right = [&]<int kIndex>(int d) {
    const TileSource from = right_tile(g, n, kIndex, d, scratch);
    Tiles::template load<6 + kIndex>(from.at, from.row * static_cast<std::ptrdiff_t>(sizeof(Bf16Pair)));
  };
  Tiles::template zero<0>();
  Tiles::template zero<1>();
  Tiles::template zero<2>();
  Tiles::template zero<3>();
  for (int d = 0; d < g.depth.run; d += kTile) {
    load_left.template operator()<0>(d);
    load_right.template operator()<0>(d);
    Tiles::template multiply<0, 4, 6>();
    if constexpr (kColumnTiles == 2) {
      load_right.template operator()<1>(d);
      Tiles::template multiply<1, 4, 7>();
    }
    if constexpr (kRowTiles == 2) {
      load_left.template operator()<1>(d);
      Tiles::template multiply<2, 5, 6>();
      if constexpr (kColumnTiles == 2) Tiles::template multiply<3, 5, 7>();
    }
  }
  constexpr std::ptrdiff_t kRow = sizeof(scratch.sums[0]);
  Tiles::template store<0>(&scratch.sums[0][0], kRow);
  Tiles::template store<1>(&scratch.sums[0][kTile], kRow);
  Tiles::template store<2>(&scratch.sums[kTile][0], kRow);
  Tiles::template store<3>(&scratch.sums[kTile][kTile], kRow);
  const int rows = g.rows - r < kRowTiles * kTile ? g.rows - r : kRowTiles * kTile;
  for (int i = 0; i < rows; ++i) {
    Out* to = g.c + (r + i) * g.c_row + n;
    for (int j = 0; j < kColumnTiles * kTile; j += kTile) {
      Vec value = load(&scratch.sums[i][j]);
      if (g.bias != nullptr) value = value + load(g.bias + n + j);
      if (g.add) value = load(to + j) + value;
      store(to + j, value);
    }
  }
}

template <class Tiles, class Out>
static void tile_columns(const Gemm<Bf16Pair, Out>& g, bool transposed, int r, TileScratch& scratch, Fetcher& first,
                         Fetcher& second) {
  const bool two_rows = g.rows - r > kTile;
  for (int n = 0; n < g.columns; n += 2 * kTile) {
    first.fetch();
    second.fetch();
    const bool two_columns = g.columns - n > kTile;
    if (two_rows && two_columns) {
      tile_block<Tiles, 2, 2>(g, transposed, r, n, scratch);
    } else if (two_rows) {
      tile_block<Tiles, 2, 1>(g, transposed, r, n, scratch);
    } else if (two_columns) {
      tile_block<Tiles, 1, 2>(g, transposed, r, n, scratch);
    } else {
      tile_block<Tiles, 1, 1>(g, transposed, r, n, scratch);
    }
  }
}

/// A transposed product goes to floats: its depth is done in pieces that add up there.
template <class Tiles, class Out>
static void tile_gemm(const Gemm<Bf16Pair, Out>& whole) {
  TileScratch scratch;
  Gemm<Bf16Pair, Out> g = whole;
  const int depth = whole.depth.whole();  // a tile's worth of zeros costs no more than cutting around them
  g.depth = {depth};
  const std::ptrdiff_t blocks = static_cast<std::ptrdiff_t>(g.rows / (2 * kTile) + 1) * (g.columns / (2 * kTile) + 1);
  Fetcher first(g.ahead, blocks), second(g.also, blocks);
  const bool transposed = g.a_row == 1 && g.a_depth != 1;
  for (int done = 0; done == 0 || done < depth;) {
    if (transposed && g.depth.run > kDepthTiles * kTile) g.depth.run = kDepthTiles * kTile;
    for (int r = 0; r < g.rows; r += 2 * kTile) {
      for (int tile = 0; transposed && tile < 2 && r + tile * kTile < g.rows; ++tile) {
        const int at = r + tile * kTile;
        for (int d = 0; d < g.depth.run; d += kTile) {
          turn(g.a + at + d * g.a_depth, g.a_depth, up_to_tile(g.depth.run - d), up_to_tile(g.rows - at),
               scratch.turned[tile][d / kTile]);
        }
      }
      tile_columns<Tiles>(g, transposed, r, scratch, first, second);
    }
    done += g.depth.run > 0 ? g.depth.run : 1;
    g.a += g.depth.run * g.a_depth;
    g.b += g.depth.run * g.b_row;
    g.depth.run = depth - done;
    g.bias = nullptr;
    g.add = true;
  }
}

// Sums of tiles are stored before anyone can read them: what else is made of them passes over the result.

template <class Tiles>
static void tile_gemm_moments(const Gemm<Bf16Pair, Bf16>& g, const Moments& moments) {
  tile_gemm<Tiles>(g);
  bf16_kernels().moments(g.rows, g.columns, g.c, moments);
}

template <class Tiles>
static void tile_gemm_masked(const Gemm<Bf16Pair, Bf16>& g, const Mask<Bf16>& mask, float* scratch) {
  tile_gemm<Tiles, float>({g.rows, g.columns, g.depth, g.a, g.a_row, g.a_depth, g.b, g.b_row, scratch, g.columns,
                           nullptr, false, g.ahead, g.also});
  bf16_kernels().mask(g.rows, g.columns, scratch, mask, g.c);
}
