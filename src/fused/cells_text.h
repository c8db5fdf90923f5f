// Part of kernels_text.h: recurrent cells.

/// Relative error below 2e-7. Source: the polynomial of Cephes' expf.
static inline Vec exponential(Vec x) {
  x = maximum(minimum(x, splat(88.0F)), splat(-87.0F));
  const Vec n = nearest(x * splat(1.44269504F));
  Vec r = multiply_add(n, splat(-0.693359375F), x);
  r = multiply_add(n, splat(2.12194440e-4F), r);
  Vec p = splat(1.9875691500e-4F);
  p = multiply_add(p, r, splat(1.3981999507e-3F));
  p = multiply_add(p, r, splat(8.3334519073e-3F));
  p = multiply_add(p, r, splat(4.1665795894e-2F));
  p = multiply_add(p, r, splat(1.6666665459e-1F));
  p = multiply_add(p, r, splat(5.0000001201e-1F));
  return power_of_two(n) * (multiply_add(p, r * r, r) + splat(1.0F));
}
static inline Vec sigmoid(Vec x) { return splat(1.0F) / (splat(1.0F) + exponential(splat(0.0F) - x)); }
static inline Vec tangent(Vec x) { return multiply_add(splat(2.0F), sigmoid(x + x), splat(-1.0F)); }
/// Derivatives from the function's value.
static inline Vec sigmoid_slope(Vec s) { return s * (splat(1.0F) - s); }
static inline Vec tangent_slope(Vec t) { return splat(1.0F) - t * t; }

constexpr float kCellLimit = 8.0F;  // what a Q3.12 cell state holds; see quant/int8_model.h

static void lstm(CellRows shape, float* gates, const float* c_old, const float* peephole, float* c, Value* m) {
  const int pitch = shape.pitch;
  for (int r = 0; r < shape.rows; ++r, gates += 4 * pitch, c_old += pitch, c += pitch, m += pitch) {
    for (int j = 0; j < pitch; j += kLanes) {
      const Vec old = load(c_old + j);
      Vec in = load(gates + j), forget = load(gates + pitch + j), out = load(gates + 3 * pitch + j);
      if (peephole != nullptr) {
        in = multiply_add(load(peephole + j), old, in);
        forget = multiply_add(load(peephole + pitch + j), old, forget);
      }
      in = sigmoid(in);
      forget = sigmoid(forget);
      const Vec fresh = tangent(load(gates + 2 * pitch + j));
      Vec cell = multiply_add(forget, old, in * fresh);
      cell = maximum(minimum(cell, splat(kCellLimit)), splat(-kCellLimit));
      if (peephole != nullptr) out = multiply_add(load(peephole + 2 * pitch + j), cell, out);
      out = sigmoid(out);
      store(gates + j, in);
      store(gates + pitch + j, forget);
      store(gates + 2 * pitch + j, fresh);
      store(gates + 3 * pitch + j, out);
      store(c + j, cell);
      store(m + j, out * tangent(cell));
    }
  }
}

static void lstm_backward(CellRows shape, float* gates, const float* c_old, const float* c, const float* dm,
                          const float* peephole, float* dc, float* d_peephole) {
  const int pitch = shape.pitch;
  for (int j = 0; j < pitch; j += kLanes) {
    Vec peep_in = splat(0.0F), peep_forget = splat(0.0F), peep_out = splat(0.0F);
    for (int r = 0; r < shape.rows; ++r) {
      const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(r) * pitch + j;
      float* gate = gates + static_cast<std::ptrdiff_t>(r) * 4 * pitch + j;
      const Vec in = load(gate), forget = load(gate + pitch), fresh = load(gate + 2 * pitch);
      const Vec out = load(gate + 3 * pitch);
      const Vec cell = load(c + at), old = load(c_old + at), from_m = load(dm + at);
      const Vec squashed = tangent(cell);
      const Vec d_out = from_m * squashed * sigmoid_slope(out);
      Vec d_cell = multiply_add(from_m * out, tangent_slope(squashed), load(dc + at));
      if (peephole != nullptr) d_cell = multiply_add(d_out, load(peephole + 2 * pitch + j), d_cell);
      d_cell = where_positive(splat(kCellLimit) - magnitude(cell), d_cell);  // no gradient through the limit
      const Vec d_in = d_cell * fresh * sigmoid_slope(in);
      const Vec d_forget = d_cell * old * sigmoid_slope(forget);
      Vec d_old = d_cell * forget;
      if (peephole != nullptr) {
        d_old = multiply_add(d_in, load(peephole + j), d_old);
        d_old = multiply_add(d_forget, load(peephole + pitch + j), d_old);
        peep_in = multiply_add(d_in, old, peep_in);
        peep_forget = multiply_add(d_forget, old, peep_forget);
        peep_out = multiply_add(d_out, cell, peep_out);
      }
      store(gate, d_in);
      store(gate + pitch, d_forget);
      store(gate + 2 * pitch, d_cell * in * tangent_slope(fresh));
      store(gate + 3 * pitch, d_out);
      store(dc + at, d_old);
    }
    if (d_peephole == nullptr) continue;
    store(d_peephole + j, load(d_peephole + j) + peep_in);
    store(d_peephole + pitch + j, load(d_peephole + pitch + j) + peep_forget);
    store(d_peephole + 2 * pitch + j, load(d_peephole + 2 * pitch + j) + peep_out);
  }
}

static void gru(CellRows shape, float* gates, const float* h_old, float* h) {
  const int pitch = shape.pitch;
  for (int r = 0; r < shape.rows; ++r, gates += 4 * pitch, h_old += pitch, h += pitch) {
    for (int j = 0; j < pitch; j += kLanes) {
      const Vec reset = sigmoid(load(gates + j));
      const Vec update = sigmoid(load(gates + pitch + j));
      const Vec fresh = tangent(multiply_add(reset, load(gates + 3 * pitch + j), load(gates + 2 * pitch + j)));
      store(gates + j, reset);
      store(gates + pitch + j, update);
      store(gates + 2 * pitch + j, fresh);
      store(h + j, multiply_add(update, load(h_old + j) - fresh, fresh));
    }
  }
}

static void gru_backward(CellRows shape, float* gates, const float* h_old, float* dh) {
  const int pitch = shape.pitch;
  for (int r = 0; r < shape.rows; ++r, gates += 4 * pitch, h_old += pitch, dh += pitch) {
    for (int j = 0; j < pitch; j += kLanes) {
      const Vec reset = load(gates + j), update = load(gates + pitch + j), fresh = load(gates + 2 * pitch + j);
      const Vec past = load(gates + 3 * pitch + j), g = load(dh + j);
      const Vec d_fresh = g * (splat(1.0F) - update) * tangent_slope(fresh);
      store(gates + j, d_fresh * past * sigmoid_slope(reset));
      store(gates + pitch + j, g * (load(h_old + j) - fresh) * sigmoid_slope(update));
      store(gates + 2 * pitch + j, d_fresh);
      store(gates + 3 * pitch + j, d_fresh * reset);
      store(dh + j, g * update);
    }
  }
}
