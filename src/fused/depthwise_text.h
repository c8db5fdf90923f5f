// Part of kernels_text.h: depthwise convolution, one vector of channels at a time, whose input and gradient then lie in
// the innermost cache.

struct Tile {
  int time, freq;  // extent
};

static Tile padded_tile(const DepthwiseMap& m) {
  return {(m.out_time - 1) * m.stride_time + span_time(m), (m.out_freq - 1) * m.stride_freq + span_freq(m)};
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

/// A correlation of a tile [..][tile_freq][kLanes].
struct Correlation {
  int out_time, out_freq, kernel_time, kernel_freq, stride_time, stride_freq, dilation_time, dilation_freq, tile_freq;
  const float* taps;
  std::ptrdiff_t tap_time, tap_freq;             // steps between taps; negative: the kernel is turned round
  std::ptrdiff_t first_out, time_out, freq_out;  // offset of the first output, steps between them
};

/// Runs of neighbouring outputs for any kernel.
struct AnyKernel {
  const Correlation& k;
  Vec start;
  template <int kOutputs>
  void run(const float* tile, Vec (&sum)[std::size_t{kOutputs}]) const {
    KWS_UNROLL for (int i = 0; i < kOutputs; ++i) sum[i] = start;
    for (int kt = 0; kt < k.kernel_time; ++kt) {
      const float* tap = k.taps + kt * k.tap_time;
      const float* from = tile + static_cast<std::ptrdiff_t>(kt) * k.dilation_time * k.tile_freq * kLanes;
      for (int kf = 0; kf < k.kernel_freq; ++kf, from += k.dilation_freq * kLanes, tap += k.tap_freq) {
        const Vec weight = load(tap);
        KWS_UNROLL for (int i = 0; i < kOutputs; ++i) {
          sum[i] = multiply_add(load(from + i * k.stride_freq * kLanes), weight, sum[i]);
        }
      }
    }
  }
};

constexpr int kThree = 3;  // the kernel that nearly all designs have: 3 x 3, stride 1 or 2 along the frequencies

/// Calls use(input, output, tap) for neighbouring outputs of one row of that kernel: input by input, each loaded once
/// for all that read it, because 16 registers would not hold them all; every output meets its taps in order.
template <int kOutputs, int kStride, class Use>
static inline void each_input(const float* from, const Use& use) {
  constexpr int kInputs = (kOutputs - 1) * kStride + kThree;
  KWS_UNROLL for (int j = 0; j < kInputs; ++j) {
    const Vec in = load(from + j * kLanes);
    KWS_UNROLL for (int i = 0; i < kOutputs; ++i) {
      if (const int tap = j - i * kStride; tap >= 0 && tap < kThree) use(in, i, tap);
    }
  }
}

/// The same sums in the same order for the usual kernel: what is loaded serves three taps.
template <int kStride>
struct ThreeByThree {
  Vec tap[std::size_t{kThree}][std::size_t{kThree}];
  Vec start;
  std::ptrdiff_t tile_row;
  ThreeByThree(const Correlation& k, Vec first) : start(first), tile_row(std::ptrdiff_t{k.tile_freq} * kLanes) {
    for (int kt = 0; kt < kThree; ++kt) {
      for (int kf = 0; kf < kThree; ++kf) tap[kt][kf] = load(k.taps + kt * k.tap_time + kf * k.tap_freq);
    }
  }
  template <int kOutputs>
  void run(const float* tile, Vec (&sum)[std::size_t{kOutputs}]) const {
    KWS_UNROLL for (int i = 0; i < kOutputs; ++i) sum[i] = start;
    KWS_UNROLL for (int kt = 0; kt < kThree; ++kt) {
      each_input<kOutputs, kStride>(tile + kt * tile_row,
                                    [&](Vec in, int i, int kf) { sum[i] = multiply_add(in, tap[kt][kf], sum[i]); });
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
      const std::ptrdiff_t out = k.first_out + t * k.time_out + f * k.freq_out;
      KWS_UNROLL for (int i = 0; i < kOutputs; ++i) finish.at(out + i * k.freq_out, sum[i]);
    });
    unflushed += k.out_freq;
    if (unflushed < kSumRows && t + 1 < k.out_time) continue;
    finish.flush();
    unflushed = 0;
  }
}

/// A correlation or a map that is 3 x 3 without dilation.
template <class Window>
static bool three_by_three(const Window& k) {
  return k.kernel_time == kThree && k.kernel_freq == kThree && k.dilation_time == 1 && k.dilation_freq == 1;
}

template <class Finish>
static void correlate(const Correlation& k, const float* tile, Vec start, Finish& finish, Fetcher& ahead) {
  const bool usual = three_by_three(k);
  if (usual && k.stride_freq == 1) {
    correlate_with(k, ThreeByThree<1>(k, start), tile, finish, ahead);
  } else if (usual && k.stride_freq == 2) {
    correlate_with(k, ThreeByThree<2>(k, start), tile, finish, ahead);
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
  void at(std::ptrdiff_t offset, Vec gradient) { pass.keep(d_in + offset, gradient, load(mask.y + offset), sums); }
  void flush() {
    if (mask.mean != nullptr) sums.add(mask.sum + c, mask.product + c);
  }
};

static void depthwise(const DepthwiseMap& m, const DepthwiseForward<Value>& pass) {
  Fetcher fetcher(pass.ahead, static_cast<std::ptrdiff_t>(m.pitch) / kLanes * m.out_time);
  const std::ptrdiff_t pitch = m.pitch;
  for (int c = 0; c < m.pitch; c += kLanes) {
    fill_tile(m, pass.in + c, Activate(pass.activation, c), pass.tile);
    const Correlation k = {.out_time = m.out_time,
                           .out_freq = m.out_freq,
                           .kernel_time = m.kernel_time,
                           .kernel_freq = m.kernel_freq,
                           .stride_time = m.stride_time,
                           .stride_freq = m.stride_freq,
                           .dilation_time = m.dilation_time,
                           .dilation_freq = m.dilation_freq,
                           .tile_freq = padded_tile(m).freq,
                           .taps = pass.taps + c,
                           .tap_time = m.kernel_freq * pitch,
                           .tap_freq = pitch,
                           .first_out = c,
                           .time_out = m.out_freq * pitch,
                           .freq_out = pitch};
    const Vec start = pass.bias == nullptr ? splat(0.0F) : load(pass.bias + c);
    if (pass.moments == nullptr) {
      StoreOutput finish{pass.out};
      correlate(k, pass.tile, start, finish, fetcher);
    } else {
      StoreWithMoments finish{pass.out, *pass.moments, c};
      correlate(k, pass.tile, start, finish, fetcher);
    }
  }
}

/// dy of the vector of channels from c on: [time][freq][kLanes], zeros around it.
struct Spread {
  float* all;
  float* at;           // of the first output
  std::ptrdiff_t row;  // floats of a time step
  Spread(const DepthwiseMap& m, float* spread) : all(spread), row(std::ptrdiff_t{spread_freqs(m)} * kLanes) {
    at = spread + reach(span_time(m), m.stride_time) * row + reach(span_freq(m), m.stride_freq) * kLanes;
  }
};

static void fill_spread(const DepthwiseMap& m, const DepthwiseBackward<Value>& pass, int c, const Spread& spread) {
  const auto each = [&](const auto& dy_of) {
    std::ptrdiff_t at = c;
    for (int t = 0; t < m.out_time; ++t) {
      float* to = spread.at + t * spread.row;
      for (int f = 0; f < m.out_freq; ++f, to += kLanes, at += m.pitch) store(to, dy_of(at));
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
  const int step = m.dilation_freq * kLanes;
  Vec sum[std::size_t{kTaps}];
  KWS_UNROLL for (int i = 0; i < kTaps; ++i) sum[i] = splat(0.0F);
  for (int t = 0; t < m.out_time; ++t) {
    const float* from = tile + static_cast<std::ptrdiff_t>(t) * m.stride_time * tile_freq * kLanes;
    const float* gradient = dy.at + t * dy.row;
    for (int f = 0; f < m.out_freq; ++f, from += m.stride_freq * kLanes, gradient += kLanes) {
      const Vec g = load(gradient);
      KWS_UNROLL for (int i = 0; i < kTaps; ++i) sum[i] = multiply_add(g, load(from + i * step), sum[i]);
    }
  }
  KWS_UNROLL for (int i = 0; i < kTaps; ++i) {
    float* to = d_taps + static_cast<std::ptrdiff_t>(i) * m.pitch;
    store(to, load(to) + sum[i]);
  }
}

/// The same sums for the usual kernel, all taps at once.
template <int kStride>
static void three_by_three_gradients(const DepthwiseMap& m, int tile_freq, const Spread& dy, const float* tile,
                                     float* d_taps) {
  Vec sum[std::size_t{kThree}][std::size_t{kThree}];
  KWS_UNROLL for (int i = 0; i < kThree * kThree; ++i) sum[i / kThree][i % kThree] = splat(0.0F);
  for (int t = 0; t < m.out_time; ++t) {
    const float* row = tile + static_cast<std::ptrdiff_t>(t) * m.stride_time * tile_freq * kLanes;
    const float* gradient = dy.at + t * dy.row;
    in_runs(m.out_freq, [&]<int kOutputs>(int f) {
      Vec g[std::size_t{kOutputs}];
      KWS_UNROLL for (int i = 0; i < kOutputs; ++i) g[i] = load(gradient + (f + i) * kLanes);
      KWS_UNROLL for (int kt = 0; kt < kThree; ++kt) {
        each_input<kOutputs, kStride>(row + (kt * tile_freq + f * kStride) * kLanes, [&](Vec in, int i, int kf) {
          sum[kt][kf] = multiply_add(g[i], in, sum[kt][kf]);
        });
      }
    });
  }
  KWS_UNROLL for (int i = 0; i < kThree * kThree; ++i) {
    float* to = d_taps + static_cast<std::ptrdiff_t>(i) * m.pitch;
    store(to, load(to) + sum[i / kThree][i % kThree]);
  }
}

constexpr int kManyTaps = 8;  // of a long kernel: enough sums that none waits for the one before

static void tap_gradients(const DepthwiseMap& m, int tile_freq, const Spread& dy, const float* tile, float* d_taps) {
  const bool usual = three_by_three(m);
  if (usual && m.stride_freq == 1) return three_by_three_gradients<1>(m, tile_freq, dy, tile, d_taps);
  if (usual && m.stride_freq == 2) return three_by_three_gradients<2>(m, tile_freq, dy, tile, d_taps);
  for (int kt = 0; kt < m.kernel_time; ++kt) {
    for (int kf = 0; kf < m.kernel_freq;) {
      const float* from =
          tile + (static_cast<std::ptrdiff_t>(kt) * m.dilation_time * tile_freq + kf * m.dilation_freq) * kLanes;
      float* to = d_taps + (static_cast<std::ptrdiff_t>(kt) * m.kernel_freq + kf) * m.pitch;
      const int left = m.kernel_freq - kf;
      if (left >= kManyTaps) {
        tap_gradient<kManyTaps>(m, tile_freq, dy, from, to);
        kf += kManyTaps;
      } else if (left >= kThree) {
        tap_gradient<kThree>(m, tile_freq, dy, from, to);
        kf += kThree;
      } else {
        tap_gradient<1>(m, tile_freq, dy, from, to);
        kf += 1;
      }
    }
  }
}

/// One dimension of the inputs that lie alike to the stride, every stride-th one from `first` on: `count` of them,
/// which see `taps` taps of the kernel, last, last - tap_step, .., the first of them with the gradient at `from` of the
/// spread, the others `step` further each.
struct Alike {
  int first, count, tap_step, step, taps = 0, last = 0, from = 0;
  Alike(int phase, int in, int before, int kernel, int stride, int dilation)
      : first(((phase - before) % stride + stride) % stride),
        count(first < in ? (in - first + stride - 1) / stride : 0) {
    int common = stride;  // the greatest divisor of stride and dilation
    while (stride % common != 0 || dilation % common != 0) --common;
    tap_step = stride / common;
    step = dilation / common;
    int tap = 0;
    while (tap < tap_step && tap * dilation % stride != phase) ++tap;
    if (tap == tap_step || tap >= kernel) return;
    taps = (kernel - 1 - tap) / tap_step + 1;
    last = tap + (taps - 1) * tap_step;
    from = reach(span_of(kernel, dilation), stride) + (first + before - last * dilation) / stride;
  }
};

/// The input's gradient is the correlation of dy with the kernel turned round, and with a stride one such correlation
/// for each of its phases, with the taps that meet it.
template <class Finish>
static void input_gradient(const DepthwiseMap& m, const float* taps, int c, const Spread& spread, Finish& finish,
                           Fetcher& ahead) {
  const std::ptrdiff_t pitch = m.pitch, tap_row = m.kernel_freq * pitch;
  for (int phase = 0; phase < m.stride_time * m.stride_freq; ++phase) {
    const Alike time(phase / m.stride_freq, m.in_time, m.top, m.kernel_time, m.stride_time, m.dilation_time);
    const Alike freq(phase % m.stride_freq, m.in_freq, m.left, m.kernel_freq, m.stride_freq, m.dilation_freq);
    const Correlation k = {.out_time = time.count,
                           .out_freq = freq.count,
                           .kernel_time = time.taps,
                           .kernel_freq = freq.taps,
                           .stride_time = 1,
                           .stride_freq = 1,
                           .dilation_time = time.step,
                           .dilation_freq = freq.step,
                           .tile_freq = spread_freqs(m),
                           .taps = taps + time.last * tap_row + freq.last * pitch + c,
                           .tap_time = -time.tap_step * tap_row,
                           .tap_freq = -freq.tap_step * pitch,
                           .first_out = (std::ptrdiff_t{time.first} * m.in_freq + freq.first) * pitch + c,
                           .time_out = m.stride_time * m.in_freq * pitch,
                           .freq_out = m.stride_freq * pitch};
    correlate(k, spread.all + time.from * spread.row + freq.from * kLanes, splat(0.0F), finish, ahead);
  }
}

static void depthwise_backward(const DepthwiseMap& m, const DepthwiseBackward<Value>& pass) {
  const std::ptrdiff_t vectors = static_cast<std::ptrdiff_t>(m.pitch) / kLanes;
  Fetcher in_ahead(pass.in_ahead, vectors * m.in_time), dz_ahead(pass.dz_ahead, vectors),
      y_ahead(pass.y_ahead, vectors);
  const Spread spread(m, pass.spread);
  for (int c = 0; c < m.pitch; c += kLanes) {
    fill_tile(m, pass.mask.y + c, Activate(pass.mask.activation, c), pass.tile);
    dz_ahead.fetch();
    fill_spread(m, pass, c, spread);
    y_ahead.fetch();
    tap_gradients(m, padded_tile(m).freq, spread, pass.tile, pass.d_taps + c);
    if (pass.d_in == nullptr) continue;
    StoreMasked finish{pass.d_in, pass.mask, c};
    input_gradient(m, pass.taps, c, spread, finish, in_ahead);
  }
}
