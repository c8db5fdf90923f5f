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
    for (int c = 0; c < pitch; c += kLanes) store(out + c, Activate(activation, c)(load(y + c)));
  }
}

static void moments(std::ptrdiff_t rows, int pitch, const Value* y, const Moments& moments) {
  in_pieces(rows, pitch, [&](std::ptrdiff_t first, std::ptrdiff_t end, int c) {
    const SeeMoments see(moments, c);
    PartialSums sums;
    for (std::ptrdiff_t at = first; at < end; at += pitch) see(load(y + at), sums);
    sums.add(moments.sum + c, moments.squares + c);
  });
}

static void sums(std::ptrdiff_t rows, int pitch, const Value* y, double* sum) {
  in_pieces(rows, pitch, [&](std::ptrdiff_t first, std::ptrdiff_t end, int c) {
    Vec total = splat(0.0F);
    for (std::ptrdiff_t at = first; at < end; at += pitch) total = total + load(y + at);
    add_to(sum + c, total);
  });
}

static void norm_gradient(std::ptrdiff_t rows, int pitch, const Value* dz, const Value* y, NormGradient norm,
                          Value* dy) {
  for (std::ptrdiff_t r = 0; r < rows; ++r, dz += pitch, y += pitch, dy += pitch) {
    for (int c = 0; c < pitch; c += kLanes) store(dy + c, ToDy(norm, c)(load(dz + c), load(y + c)));
  }
}

static void mask(std::ptrdiff_t rows, int pitch, const float* gradient, const Mask<Value>& mask, Value* dz) {
  in_pieces(rows, pitch, [&](std::ptrdiff_t first, std::ptrdiff_t end, int c) {
    const PassMask pass(mask, c);
    PartialSums sums;
    for (std::ptrdiff_t at = first; at < end; at += pitch) {
      pass.keep(dz + at, load(gradient + at), load(mask.y + at), sums);
    }
    if (mask.mean != nullptr) sums.add(mask.sum + c, mask.product + c);
  });
}
