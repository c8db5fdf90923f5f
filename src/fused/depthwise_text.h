// Part of kernels_text.h: depthwise convolution, one vector of channels at a time, whose input and gradient then lie in
// the innermost cache.

struct Tile {
  int time, freq;  // extent
};

static Tile padded_tile(const DepthwiseMap& m) {
  return {(m.out_time - 1) * m.stride_time + m.kernel_time, (m.out_freq - 1) * m.stride_freq + m.kernel_freq};
}

/// The vector of channels from c on: in [in_time][in_freq][pitch] -> tile [time][freq][kLanes], zero outside the map.
static void fill_tile(const DepthwiseMap& m, const Value* in, const Activate& activate, float* tile) {
  const Tile size = padded_tile(m);
  const int times = m.in_time < size.time - m.top ? m.in_time : size.time - m.top;
  const int freqs = m.in_freq < size.freq - m.left ? m.in_freq : size.freq - m.left;
  for (int t = 0; t < times; ++t) {
    const Value* from = in + static_cast<std::ptrdiff_t>(t) * m.in_freq * m.pitch;
    float* to = tile + (static_cast<std::ptrdiff_t>(t + m.top) * size.freq + m.left) * kLanes;
    for (int f = 0; f < freqs; ++f, from += m.pitch, to += kLanes) store(to, activate(load(from)));
  }
}

/// A correlation of a tile [..][tile_freq][kLanes] with taps that lie tap_step apart (negative: turned round).
struct Correlation {
  int out_time, out_freq, kernel_time, kernel_freq, stride_time, stride_freq, tile_freq;
  const float* taps;
  std::ptrdiff_t tap_step;
  int out_pitch;
};

/// Runs of neighbouring outputs for any kernel.
struct AnyKernel {
  const Correlation& k;
  Vec start;
  template <int kOutputs>
  void run(const float* tile, Vec (&sum)[std::size_t{kOutputs}]) const {
    KWS_UNROLL for (int i = 0; i < kOutputs; ++i) sum[i] = start;
    const float* tap = k.taps;
    for (int kt = 0; kt < k.kernel_time; ++kt) {
      const float* from = tile + static_cast<std::ptrdiff_t>(kt) * k.tile_freq * kLanes;
      for (int kf = 0; kf < k.kernel_freq; ++kf, from += kLanes, tap += k.tap_step) {
        const Vec weight = load(tap);
        KWS_UNROLL for (int i = 0; i < kOutputs; ++i) {
          sum[i] = multiply_add(load(from + i * k.stride_freq * kLanes), weight, sum[i]);
        }
      }
    }
  }
};

constexpr int kThree = 3;  // the kernel that nearly all designs have: 3 x 3, stride 1 along the frequencies

template <int kCount>
static inline void load_neighbours(const float* from, Vec (&to)[std::size_t{kCount}]) {
  KWS_UNROLL for (int i = 0; i < kCount; ++i) to[i] = load(from + i * kLanes);
}

/// The same sums in the same order for the usual kernel: what is loaded serves three taps.
struct ThreeByThree {
  Vec tap[std::size_t{kThree}][std::size_t{kThree}];
  Vec start;
  std::ptrdiff_t tile_row;
  ThreeByThree(const Correlation& k, Vec first) : start(first), tile_row(std::ptrdiff_t{k.tile_freq} * kLanes) {
    for (int i = 0; i < kThree * kThree; ++i) tap[i / kThree][i % kThree] = load(k.taps + i * k.tap_step);
  }
  template <int kOutputs>
  void run(const float* tile, Vec (&sum)[std::size_t{kOutputs}]) const {
    KWS_UNROLL for (int i = 0; i < kOutputs; ++i) sum[i] = start;
    KWS_UNROLL for (int kt = 0; kt < kThree; ++kt) {
      Vec in[std::size_t{kOutputs + kThree - 1}];
      load_neighbours<kOutputs + kThree - 1>(tile + kt * tile_row, in);
      KWS_UNROLL for (int kf = 0; kf < kThree; ++kf) {
        KWS_UNROLL for (int i = 0; i < kOutputs; ++i) sum[i] = multiply_add(in[i + kf], tap[kt][kf], sum[i]);
      }
    }
  }
};

/// Calls run<1>, <3> or <5>(f) for all outputs along the frequencies.
template <class Run>
static inline void in_runs(int out_freq, const Run& run) {
  for (int f = 0; f < out_freq;) {
    const int left = out_freq - f;
    if (left >= 5) {
      run.template operator()<5>(f);
      f += 5;
    } else if (left >= 3) {
      run.template operator()<3>(f);
      f += 3;
    } else {
      run.template operator()<1>(f);
      f += 1;
    }
  }
}

/// Finish: at(offset of an output, its value); flush() every few outputs and at the end.
template <class Kernel, class Finish>
static void correlate_with(const Correlation& k, const Kernel& kernel, const float* tile, Finish& finish,
                           Fetcher& ahead) {
  int unflushed = 0;
  for (int t = 0; t < k.out_time; ++t) {
    ahead.fetch();
    const float* row = tile + static_cast<std::ptrdiff_t>(t) * k.stride_time * k.tile_freq * kLanes;
    in_runs(k.out_freq, [&]<int kOutputs>(int f) {
      Vec sum[std::size_t{kOutputs}];
      kernel.template run<kOutputs>(row + static_cast<std::ptrdiff_t>(f) * k.stride_freq * kLanes, sum);
      const std::ptrdiff_t out = (static_cast<std::ptrdiff_t>(t) * k.out_freq + f) * k.out_pitch;
      KWS_UNROLL for (int i = 0; i < kOutputs; ++i) finish.at(out + i * k.out_pitch, sum[i]);
    });
    unflushed += k.out_freq;
    if (unflushed < kSumRows && t + 1 < k.out_time) continue;
    finish.flush();
    unflushed = 0;
  }
}

static bool usual(int kernel_time, int kernel_freq, int stride_freq) {
  return kernel_time == kThree && kernel_freq == kThree && stride_freq == 1;
}

template <class Finish>
static void correlate(const Correlation& k, const float* tile, Vec start, Finish finish, Fetcher& ahead) {
  if (usual(k.kernel_time, k.kernel_freq, k.stride_freq)) {
    correlate_with(k, ThreeByThree(k, start), tile, finish, ahead);
  } else {
    correlate_with(k, AnyKernel{k, start}, tile, finish, ahead);
  }
}

struct StoreOutput {
  Value* out;
  void at(std::ptrdiff_t offset, Vec value) const { store(out + offset, value); }
  void flush() const {}
};

struct StoreWithMoments {
  Value* out;
  const Moments& moments;
  int c;
  SeeMoments see{moments, c};
  PartialSums sums{};
  void at(std::ptrdiff_t offset, Vec value) { see(kept(out + offset, value), sums); }
  void flush() { sums.add(moments.sum + c, moments.squares + c); }
};

struct StoreMasked {
  Value* d_in;
  const Mask<Value>& mask;
  int c;
  PassMask pass{mask, c};
  PartialSums sums{};
  void at(std::ptrdiff_t offset, Vec gradient) {
    store(d_in + offset, pass(gradient, load(mask.y + c + offset), sums));
  }
  void flush() {
    if (mask.mean != nullptr) sums.add(mask.sum + c, mask.product + c);
  }
};

static void depthwise(const DepthwiseMap& m, const DepthwiseForward<Value>& pass) {
  Fetcher fetcher(pass.ahead, static_cast<std::ptrdiff_t>(m.pitch) / kLanes * m.out_time);
  for (int c = 0; c < m.pitch; c += kLanes) {
    fill_tile(m, pass.in + c, Activate(pass.activation, c), pass.tile);
    const Correlation k = {m.out_time,    m.out_freq,          m.kernel_time, m.kernel_freq, m.stride_time,
                           m.stride_freq, padded_tile(m).freq, pass.taps + c, m.pitch,       m.pitch};
    const Vec start = pass.bias == nullptr ? splat(0.0F) : load(pass.bias + c);
    if (pass.moments == nullptr) {
      correlate(k, pass.tile, start, StoreOutput{pass.out + c}, fetcher);
    } else {
      correlate(k, pass.tile, start, StoreWithMoments{pass.out + c, *pass.moments, c}, fetcher);
    }
  }
}

/// dy of the vector of channels from c on, spread out by the strides and padded: [time][freq][kLanes].
struct Spread {
  float* at;  // of the first output
  std::ptrdiff_t time_step, freq_step;
  int freq;  // extent
  Spread(const DepthwiseMap& m, float* spread)
      : time_step(std::ptrdiff_t{m.stride_time} * (m.in_freq + m.kernel_freq - 1) * kLanes),
        freq_step(std::ptrdiff_t{m.stride_freq} * kLanes),
        freq(m.in_freq + m.kernel_freq - 1) {
    at = spread + (std::ptrdiff_t{m.kernel_time - 1 - m.top} * freq + m.kernel_freq - 1 - m.left) * kLanes;
  }
};

static void fill_spread(const DepthwiseMap& m, const DepthwiseBackward<Value>& pass, int c, const Spread& spread) {
  const auto each = [&](const auto& dy_of) {
    std::ptrdiff_t at = c;
    for (int t = 0; t < m.out_time; ++t) {
      float* to = spread.at + t * spread.time_step;
      for (int f = 0; f < m.out_freq; ++f, to += spread.freq_step, at += m.pitch) store(to, dy_of(at));
    }
  };
  if (pass.norm == nullptr) {
    each([&](std::ptrdiff_t at) { return load(pass.dz + at); });
  } else {
    each([&pass, to_dy = ToDy(*pass.norm, c)](std::ptrdiff_t at) {
      return to_dy(load(pass.dz + at), load(pass.y + at));
    });
  }
}

/// kTaps neighbouring taps of one kernel row: d_taps += sum over positions of dy * tile.
template <int kTaps>
static void tap_gradient(const DepthwiseMap& m, int tile_freq, const Spread& dy, const float* tile, float* d_taps) {
  Vec sum[std::size_t{kTaps}];
  KWS_UNROLL for (int i = 0; i < kTaps; ++i) sum[i] = splat(0.0F);
  for (int t = 0; t < m.out_time; ++t) {
    const float* from = tile + static_cast<std::ptrdiff_t>(t) * m.stride_time * tile_freq * kLanes;
    const float* gradient = dy.at + t * dy.time_step;
    for (int f = 0; f < m.out_freq; ++f, from += m.stride_freq * kLanes, gradient += dy.freq_step) {
      const Vec g = load(gradient);
      KWS_UNROLL for (int i = 0; i < kTaps; ++i) sum[i] = multiply_add(g, load(from + i * kLanes), sum[i]);
    }
  }
  KWS_UNROLL for (int i = 0; i < kTaps; ++i) {
    float* to = d_taps + static_cast<std::ptrdiff_t>(i) * m.pitch;
    store(to, load(to) + sum[i]);
  }
}

/// The same sums for the usual kernel, all taps at once.
static void three_by_three_gradients(const DepthwiseMap& m, int tile_freq, const Spread& dy, const float* tile,
                                     float* d_taps) {
  Vec sum[std::size_t{kThree}][std::size_t{kThree}];
  KWS_UNROLL for (int i = 0; i < kThree * kThree; ++i) sum[i / kThree][i % kThree] = splat(0.0F);
  for (int t = 0; t < m.out_time; ++t) {
    const float* row = tile + static_cast<std::ptrdiff_t>(t) * m.stride_time * tile_freq * kLanes;
    const float* gradient = dy.at + t * dy.time_step;
    in_runs(m.out_freq, [&]<int kOutputs>(int f) {
      Vec g[std::size_t{kOutputs}];
      load_neighbours<kOutputs>(gradient + f * kLanes, g);
      KWS_UNROLL for (int kt = 0; kt < kThree; ++kt) {
        Vec in[std::size_t{kOutputs + kThree - 1}];
        load_neighbours<kOutputs + kThree - 1>(row + (kt * tile_freq + f) * kLanes, in);
        KWS_UNROLL for (int i = 0; i < kOutputs; ++i) {
          KWS_UNROLL for (int kf = 0; kf < kThree; ++kf) sum[kt][kf] = multiply_add(g[i], in[i + kf], sum[kt][kf]);
        }
      }
    });
  }
  KWS_UNROLL for (int i = 0; i < kThree * kThree; ++i) {
    float* to = d_taps + static_cast<std::ptrdiff_t>(i) * m.pitch;
    store(to, load(to) + sum[i / kThree][i % kThree]);
  }
}

static void tap_gradients(const DepthwiseMap& m, int tile_freq, const Spread& dy, const float* tile, float* d_taps) {
  if (usual(m.kernel_time, m.kernel_freq, m.stride_freq)) {
    three_by_three_gradients(m, tile_freq, dy, tile, d_taps);
    return;
  }
  for (int kt = 0; kt < m.kernel_time; ++kt) {
    for (int kf = 0; kf < m.kernel_freq;) {
      const float* from = tile + (static_cast<std::ptrdiff_t>(kt) * tile_freq + kf) * kLanes;
      float* to = d_taps + (static_cast<std::ptrdiff_t>(kt) * m.kernel_freq + kf) * m.pitch;
      const int left = m.kernel_freq - kf;
      if (left >= kThree) {
        tap_gradient<kThree>(m, tile_freq, dy, from, to);
        kf += kThree;
      } else {
        tap_gradient<1>(m, tile_freq, dy, from, to);
        kf += 1;
      }
    }
  }
}

static void depthwise_backward(const DepthwiseMap& m, const DepthwiseBackward<Value>& pass) {
  const std::ptrdiff_t portions = static_cast<std::ptrdiff_t>(m.pitch) / kLanes * m.in_time;
  Fetcher in_ahead(pass.in_ahead, portions), dz_ahead(pass.dz_ahead, portions / m.in_time),
      y_ahead(pass.y_ahead, portions / m.in_time);
  const Spread spread(m, pass.spread);
  for (int c = 0; c < m.pitch; c += kLanes) {
    fill_tile(m, pass.mask.y + c, Activate(pass.mask.activation, c), pass.tile);
    dz_ahead.fetch();
    fill_spread(m, pass, c, spread);
    y_ahead.fetch();
    tap_gradients(m, padded_tile(m).freq, spread, pass.tile, pass.d_taps + c);
    // The input's gradient is the correlation of what was spread with the kernel turned round.
    const std::ptrdiff_t last = static_cast<std::ptrdiff_t>(m.kernel_time) * m.kernel_freq - 1;
    const Correlation k = {m.in_time, m.in_freq, m.kernel_time, m.kernel_freq,
                           1,         1,         spread.freq,   pass.taps + last * m.pitch + c,
                           -m.pitch,  m.pitch};
    correlate(k, pass.spread, splat(0.0F), StoreMasked{pass.d_in + c, pass.mask, c}, in_ahead);
  }
}
