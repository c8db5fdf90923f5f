// Part of kernels_text.h: depthwise convolution, one group of channels at a time.

struct Tile {
  int time, freq;  // extent
};

static Tile padded_tile(const DepthwiseMap& m) {
  return {(m.out_time - 1) * m.stride_time + m.kernel_time, (m.out_freq - 1) * m.stride_freq + m.kernel_freq};
}

/// in [in_time][in_freq][pitch] -> tiles [groups][time][freq][kGroup], activated, zero outside the map. All groups in
/// one go, because memory is fast only in its own order.
static void fill_tiles(const DepthwiseMap& m, const Value* in, Activation activation, float* tiles) {
  const Tile size = padded_tile(m);
  const std::ptrdiff_t tile = static_cast<std::ptrdiff_t>(size.time) * size.freq * kGroup;
  const int times = m.in_time < size.time - m.top ? m.in_time : size.time - m.top;
  const int freqs = m.in_freq < size.freq - m.left ? m.in_freq : size.freq - m.left;
  const bool normed = activation.scale != nullptr;
  for (int t = 0; t < times; ++t) {
    const Value* from = in + static_cast<std::ptrdiff_t>(t) * m.in_freq * m.pitch;
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

template <int kOutputs, class Out>
static void correlate_run(const Correlation& k, const float* tile, Vec start, Out* out) {
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

template <class Out>
static void correlate(const Correlation& k, const float* tile, Vec start, Out* out, Fetcher& ahead) {
  for (int t = 0; t < k.out_time; ++t) {
    ahead.fetch();
    const float* row = tile + static_cast<std::ptrdiff_t>(t) * k.stride_time * k.tile_freq * kGroup;
    for (int f = 0; f < k.out_freq;) {
      const float* from = row + static_cast<std::ptrdiff_t>(f) * k.stride_freq * kGroup;
      Out* to = out + (static_cast<std::ptrdiff_t>(t) * k.out_freq + f) * k.out_pitch;
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

static void depthwise(const DepthwiseMap& m, const Value* in, Activation activation, const float* taps,
                      const float* bias, Value* out, float* tiles, Ahead ahead) {
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
static void tap_gradient(const DepthwiseMap& m, int tile_freq, const Value* dy, const float* tile, float* d_taps) {
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

static void tap_gradients(const DepthwiseMap& m, int tile_freq, const Value* dy, const float* tile, float* d_taps,
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

static void depthwise_backward(const DepthwiseMap& m, const Value* dy, const Value* in, Activation activation,
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
