// Part of kernels_text.h: layers without parameters, which add, average and bend maps.

static void accumulate(std::ptrdiff_t count, const Value* from, Value* to) {
  for (std::ptrdiff_t i = 0; i < count; i += kLanes) store(to + i, load(to + i) + load(from + i));
}

static void add(const Broadcast& m, const Value* map, Activation activation, const Value* small,
                Activation small_activation, Value* out) {
  for (int c = 0; c < m.pitch; c += kLanes) {
    const Activate activate(activation, c), activate_small(small_activation, c);
    const Value* from = map + c;
    Value* to = out + c;
    for (int t = 0; t < m.time; ++t) {
      const Value* other = small + t * m.small_time + c;
      for (int f = 0; f < m.freq; ++f, from += m.pitch, to += m.pitch, other += m.small_freq) {
        store(to, activate(load(from)) + activate_small(load(other)));
      }
    }
  }
}

static void reduce(const Broadcast& m, const Value* map, Activation activation, float share, float* small) {
  const bool all_time = m.small_time == 0, all_freq = m.small_freq == 0;
  const std::ptrdiff_t row = std::ptrdiff_t{m.freq} * m.pitch;
  const int times = all_time ? m.time : 1, freqs = all_freq ? m.freq : 1;  // of a sum
  for (int t = 0; t < m.time; t += times) {
    for (int f = 0; f < m.freq; f += freqs) {
      float* to = small + t * m.small_time + f * m.small_freq;
      for (int c = 0; c < m.pitch; c += kLanes) {
        const Activate activate(activation, c);
        Vec sum = splat(0.0F);
        for (int inner = 0; inner < times; ++inner) {
          const Value* from = map + (t + inner) * row + std::ptrdiff_t{f} * m.pitch + c;
          for (int i = 0; i < freqs; ++i, from += m.pitch) sum = sum + as_kept(activate(load(from)));
        }
        store(to + c, sum * splat(share));
      }
    }
  }
}

/// Where every value gets its gradient and nobody wants their sums.
static void spread_plain(const Broadcast& m, const Value* small, Vec factor, bool add, Value* dz) {
  for (int t = 0; t < m.time; ++t) {
    const Value* from = small + t * m.small_time;
    for (int f = 0; f < m.freq; ++f, from += m.small_freq, dz += m.pitch) {
      for (int c = 0; c < m.pitch; c += kLanes) {
        const Vec gradient = load(from + c) * factor;
        store(dz + c, add ? load(dz + c) + gradient : gradient);
      }
    }
  }
}

static void spread(const Broadcast& m, const Value* small, float share, const Mask<Value>& mask, Value* dz) {
  const Vec factor = splat(share);
  if (!mask.activation.relu && mask.mean == nullptr) return spread_plain(m, small, factor, mask.add, dz);
  in_pieces(std::ptrdiff_t{m.time} * m.freq, m.pitch, [&](std::ptrdiff_t first, std::ptrdiff_t end, int c) {
    const PassMask pass(mask, c);
    PartialSums sums;
    const std::ptrdiff_t row = first / m.pitch;
    std::ptrdiff_t t = row / m.freq, f = row % m.freq;
    for (std::ptrdiff_t at = first; at < end; at += m.pitch) {
      const Vec gradient = load(small + t * m.small_time + f * m.small_freq + c) * factor;
      if (dz == nullptr) {
        static_cast<void>(pass(gradient, load(mask.y + at), sums));
      } else {
        pass.keep(dz + at, gradient, load(mask.y + at), sums);
      }
      if (++f == m.freq) {
        f = 0;
        ++t;
      }
    }
    if (mask.mean != nullptr) sums.add(mask.sum + c, mask.product + c);
  });
}

/// x where condition >= 0, else 0.
static inline Vec where_not_negative(Vec condition, Vec x) { return x - where_positive(splat(0.0F) - condition, x); }
static inline Vec within(Vec x, float low, float high) { return minimum(maximum(x, splat(low)), splat(high)); }
/// The gradient that within() lets pass.
static inline Vec where_within(Vec x, float low, float high, Vec gradient) {
  return where_not_negative(x - splat(low), where_not_negative(splat(high) - x, gradient));
}

template <Curve kCurve>
static inline Vec bent(Vec x) {
  if constexpr (kCurve == Curve::relu) return lower_zero(x);
  if constexpr (kCurve == Curve::relu6) return within(x, 0.0F, 6.0F);
  if constexpr (kCurve == Curve::swish) return x * sigmoid(x);
  if constexpr (kCurve == Curve::hard_swish) return x * within(x + splat(3.0F), 0.0F, 6.0F) * splat(1.0F / 6.0F);
  if constexpr (kCurve == Curve::tanh) return tangent(x);
  if constexpr (kCurve == Curve::clip) return within(x, 0.0F, 1.0F);
  if constexpr (kCurve == Curve::gate) return within(tangent(x) + splat(0.5F), 0.0F, 1.0F);
}

/// The gradient by x from the one by bent(x).
template <Curve kCurve>
static inline Vec unbent(Vec x, Vec gradient) {
  if constexpr (kCurve == Curve::relu) return where_positive(x, gradient);
  if constexpr (kCurve == Curve::relu6) return where_within(x, 0.0F, 6.0F, gradient);
  if constexpr (kCurve == Curve::swish) {
    const Vec s = sigmoid(x);
    return gradient * multiply_add(x, sigmoid_slope(s), s);
  }
  if constexpr (kCurve == Curve::hard_swish) {
    const Vec moved = x + splat(3.0F);
    return gradient * (within(moved, 0.0F, 6.0F) + where_within(moved, 0.0F, 6.0F, x)) * splat(1.0F / 6.0F);
  }
  if constexpr (kCurve == Curve::tanh) return gradient * tangent_slope(tangent(x));
  if constexpr (kCurve == Curve::clip) return where_within(x, 0.0F, 1.0F, gradient);
  if constexpr (kCurve == Curve::gate) {
    const Vec squashed = tangent(x);
    return gradient * where_within(squashed + splat(0.5F), 0.0F, 1.0F, tangent_slope(squashed));
  }
}

/// Calls use<curve>().
template <class Use>
static void with_curve(Curve curve, const Use& use) {
  switch (curve) {
    case Curve::relu:
      return use.template operator()<Curve::relu>();
    case Curve::relu6:
      return use.template operator()<Curve::relu6>();
    case Curve::swish:
      return use.template operator()<Curve::swish>();
    case Curve::hard_swish:
      return use.template operator()<Curve::hard_swish>();
    case Curve::tanh:
      return use.template operator()<Curve::tanh>();
    case Curve::clip:
      return use.template operator()<Curve::clip>();
    case Curve::gate:
      return use.template operator()<Curve::gate>();
  }
}

static void bend(Curve curve, std::ptrdiff_t rows, int pitch, const Value* y, Activation activation, Value* out) {
  with_curve(curve, [&]<Curve kCurve>() {
    in_pieces(rows, pitch, [&](std::ptrdiff_t first, std::ptrdiff_t end, int c) {
      const Activate activate(activation, c);
      for (std::ptrdiff_t at = first; at < end; at += pitch) store(out + at, bent<kCurve>(activate(load(y + at))));
    });
  });
}

static void bend_backward(Curve curve, std::ptrdiff_t rows, int pitch, const Value* gradient, const Mask<Value>& mask,
                          Value* dz) {
  with_curve(curve, [&]<Curve kCurve>() {
    in_pieces(rows, pitch, [&](std::ptrdiff_t first, std::ptrdiff_t end, int c) {
      const PassMask pass(mask, c);
      PartialSums sums;
      for (std::ptrdiff_t at = first; at < end; at += pitch) {
        const Vec y = load(mask.y + at);
        pass.keep(dz + at, unbent<kCurve>(pass.activate(y), load(gradient + at)), y, sums);
      }
      if (mask.mean != nullptr) sums.add(mask.sum + c, mask.product + c);
    });
  });
}
