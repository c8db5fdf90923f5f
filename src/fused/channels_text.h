// Part of kernels_text.h: what is done to single vectors of channels, by whatever loop meets them.

constexpr int kSumRows = 64;  // rows added in float before they go to double

/// Calls column(first offset, end, channel) for a few rows of every vector of channels at a time.
template <class Column>
static void in_pieces(std::ptrdiff_t rows, int pitch, const Column& column) {
  for (std::ptrdiff_t first = 0; first < rows; first += kSumRows) {
    const std::ptrdiff_t last = first + kSumRows < rows ? first + kSumRows : rows;
    for (int c = 0; c < pitch; c += kLanes) column(first * pitch + c, last * pitch + c, c);
  }
}

static inline Vec lower_zero(Vec x) { return maximum(x, splat(0.0F)); }

static void add_to(double* sum, Vec partial) {
  float values[kLanes];
  store(values, partial);
  for (int i = 0; i < kLanes; ++i) sum[i] += static_cast<double>(values[i]);
}

/// An activation for the channels from c on.
struct Activate {
  Vec scale, shift;
  bool relu;
  Activate(const Activation& a, int c)
      : scale(a.scale != nullptr ? load(a.scale + c) : splat(1.0F)),
        shift(a.scale != nullptr ? load(a.shift + c) : splat(0.0F)),
        relu(a.relu) {}
  [[nodiscard]] Vec operator()(Vec y) const {
    const Vec x = multiply_add(y, scale, shift);
    return relu ? lower_zero(x) : x;
  }
};

struct ToDy {
  Vec scale, mean_dz, slope, mean_y;
  ToDy(const NormGradient& norm, int c)
      : scale(load(norm.scale + c)),
        mean_dz(load(norm.mean_dz + c)),
        slope(load(norm.slope + c)),
        mean_y(load(norm.mean_y + c)) {}
  [[nodiscard]] Vec operator()(Vec dz, Vec y) const { return scale * ((dz - mean_dz) - slope * (y - mean_y)); }
};

/// Two sums over rows of the channels from c on.
struct PartialSums {
  Vec first = splat(0.0F), second = splat(0.0F);
  void add(double* to_first, double* to_second) {
    add_to(to_first, first);
    add_to(to_second, second);
    first = second = splat(0.0F);
  }
};

struct SeeMoments {
  Vec pivot;
  SeeMoments(const Moments& m, int c) : pivot(load(m.pivot + c)) {}
  void operator()(Vec y, PartialSums& sums) const {
    const Vec x = y - pivot;
    sums.first = sums.first + x;
    sums.second = multiply_add(x, x, sums.second);
  }
};

struct PassMask {
  Activate activate;
  Vec mean;
  bool add;
  PassMask(const Mask<Value>& m, int c)
      : activate(m.activation, c), mean(m.mean != nullptr ? load(m.mean + c) : splat(0.0F)), add(m.add) {}
  [[nodiscard]] Vec operator()(Vec gradient, Vec y, PartialSums& sums) const {
    const Vec dz = activate.relu ? where_positive(multiply_add(y, activate.scale, activate.shift), gradient) : gradient;
    sums.first = sums.first + dz;
    sums.second = multiply_add(dz, y - mean, sums.second);
    return dz;
  }
  void keep(Value* to, Vec gradient, Vec y, PartialSums& sums) const {
    const Vec dz = (*this)(gradient, y, sums);
    store(to, add ? load(to) + dz : dz);
  }
};
