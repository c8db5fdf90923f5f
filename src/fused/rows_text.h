// Part of kernels_text.h: rows of channels.

static void activate(std::ptrdiff_t rows, int pitch, const Value* y, Activation activation, Value* out) {
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

static void moments(std::ptrdiff_t rows, int pitch, const Value* y, const float* pivot, double* sum, double* squares) {
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

static void sums(std::ptrdiff_t rows, int pitch, const Value* y, double* sum) {
  for (std::ptrdiff_t first = 0; first < rows; first += kSumRows) {
    const std::ptrdiff_t last = first + kSumRows < rows ? first + kSumRows : rows;
    for (int c = 0; c < pitch; c += kLanes) {
      Vec total = splat(0.0F);
      for (std::ptrdiff_t r = first; r < last; ++r) total = total + load(y + r * pitch + c);
      add_to(sum + c, total);
    }
  }
}

static void norm_gradient(std::ptrdiff_t rows, int pitch, const Value* dz, const Value* y, NormGradient norm,
                          Value* dy) {
  for (std::ptrdiff_t r = 0; r < rows; ++r, dz += pitch, y += pitch, dy += pitch) {
    for (int c = 0; c < pitch; c += kLanes) {
      const Vec centred = load(y + c) - load(norm.mean_y + c);
      const Vec rest = load(dz + c) - load(norm.mean_dz + c);
      store(dy + c, load(norm.scale + c) * (rest - load(norm.slope + c) * centred));
    }
  }
}

static void mask(std::ptrdiff_t rows, int pitch, const float* gradient, const Value* y, Activation activation,
                 const float* mean, Value* dz, double* sum, double* product) {
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
