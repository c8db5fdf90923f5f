/* kws:begin pointwise conv2d conv2d_dilated */
#include "kws_kernels_lanes.h"

#if defined(KWS_OWN_OPTIMIZATION)
#pragma GCC push_options
#pragma GCC optimize("O2")
#endif

/* kws:end */
/* kws:begin pointwise conv2d conv2d_dilated */
#if KWS_MVE || KWS_DSP
/* Channels row .. row + 3 of two positions, as far as there are so many. */
KWS_APART void kws_few_channels(const kws_conv_params* p, const int8_t* x, int32_t n, int32_t row, int8_t* y0,
                                int8_t* y1) {
  const kws_product* m = &p->main;
  int32_t acc[8];
  int32_t i;
  kws_four_rows(m, x, n, row, p->out_channels, acc);
  kws_four_rows(m, x + n, n, row, p->out_channels, acc + 4);
  for (i = 0; i < 4 && row + i < p->out_channels; ++i) {
    const int32_t c = row + i;
    y0[c] = (int8_t)kws_scaled_output(acc[i], m->multiplier[c], m->shift[c], p->zero_out, p->activation_min);
    y1[c] = (int8_t)kws_scaled_output(acc[i + 4], m->multiplier[c], m->shift[c], p->zero_out, p->activation_min);
  }
}
#endif

#if KWS_MVE
/* All channels of two positions, whose windows of n elements lie one behind the other, four at a time; of the last four
 * some are computed twice. */
KWS_APART void kws_two_positions(const kws_conv_params* p, const int8_t* x, int32_t n, int8_t* y0, int8_t* y1) {
  const kws_product* m = &p->main;
  const int32_t channels = p->out_channels;
  const int32_t zero = p->zero_out;
  const int32_t low = p->activation_min;
  int32_t i;
  if (channels < 4) {
    kws_few_channels(p, x, n, 0, y0, y1);
    return;
  }
  for (i = 0; i < channels; i += 4) {
    const int32_t c = i + 4 <= channels ? i : channels - 4;
    const int8_t* const w = m->weight + c * n;
    const int32x4_t bias = vld1q_s32(m->bias + c);
    const int32x4_t multiplier = vld1q_s32(m->multiplier + c);
    const int32x4_t shift = vldrbq_s32(m->shift + c);
    const int32x4_t a = kws_requantize4(vaddq_s32(kws_products4(x, w, n), bias), multiplier, shift);
    const int32x4_t b = kws_requantize4(vaddq_s32(kws_products4(x + n, w, n), bias), multiplier, shift);
    vstrbq_s32(y0 + c, kws_output4(a, zero, low));
    vstrbq_s32(y1 + c, kws_output4(b, zero, low));
  }
}
#elif KWS_DSP
/* Four elements of two inputs and of two rows of weights, sixteen products: the loop of kws_block(). */
#define KWS_STEP                        \
  "ldr %[x1o], [%[x], %[n]]\n\t"        \
  "ldr %[x0o], [%[x]], #4\n\t"          \
  "ldr %[wo], [%[w], %[n]]\n\t"         \
  "sxtb16 %[x1e], %[x1o]\n\t"           \
  "sxtb16 %[x0e], %[x0o]\n\t"           \
  "sxtb16 %[we], %[wo]\n\t"             \
  "sxtb16 %[x1o], %[x1o], ror #8\n\t"   \
  "sxtb16 %[x0o], %[x0o], ror #8\n\t"   \
  "sxtb16 %[wo], %[wo], ror #8\n\t"     \
  "smlad %[c], %[x0e], %[we], %[c]\n\t" \
  "smlad %[d], %[x1e], %[we], %[d]\n\t" \
  "smlad %[c], %[x0o], %[wo], %[c]\n\t" \
  "smlad %[d], %[x1o], %[wo], %[d]\n\t" \
  "ldr %[wo], [%[w]], #4\n\t"           \
  "sxtb16 %[we], %[wo]\n\t"             \
  "sxtb16 %[wo], %[wo], ror #8\n\t"     \
  "smlad %[a], %[x0e], %[we], %[a]\n\t" \
  "smlad %[b], %[x1e], %[we], %[b]\n\t" \
  "smlad %[a], %[x0o], %[wo], %[a]\n\t" \
  "smlad %[b], %[x1o], %[wo], %[b]\n\t"

/* What a block of outputs reads again behind its loop, so that nothing else takes the loop's registers. */
KWS_INLINE const kws_conv_params* kws_again(const kws_conv_params* p) {
  __asm__ volatile("" : "+r"(p));
  return p;
}

/* Two channels of two positions, whose windows of n elements lie one behind the other, as bytes x0 w0, x0 w1, x1 w0,
 * x1 w1, without their lower end. Input and row 1 lie n elements behind input and row 0: one offset for both.
 *   end     of the whole words of x
 *   places  of kws_right_output() for the two rows, the second one in the second byte */
KWS_INLINE uint32_t kws_block(const kws_conv_params* p, const int8_t* x, const int8_t* end, int32_t n, int32_t row,
                              uint32_t places, int32_t twice) {
  const int32_t* const bias = p->main.bias + row;
  const int8_t* w = p->main.weight + row * n;
  const int32_t* multiplier;
  int32_t rest;
  int32_t a = bias[0];
  int32_t b = a;
  int32_t c = bias[1];
  int32_t d = c;
  uint32_t x0e;
  uint32_t x0o;
  uint32_t x1e;
  uint32_t x1o;
  uint32_t wo;
  const int8_t* we = end; /* which the loop keeps on the stack */
  __asm__ volatile(
      "push {%[we]}\n\ttst %[n], #4\n\tbne 2f\n"
      "1:\n\t" KWS_STEP "2:\n\t" KWS_STEP "ldr %[we], [sp]\n\tcmp %[x], %[we]\n\tbne 1b\n\tadd sp, #4"
      : [x] "+r"(x), [w] "+r"(w), [a] "+r"(a), [b] "+r"(b), [c] "+r"(c), [d] "+r"(d), [x0e] "=&r"(x0e),
        [x0o] "=&r"(x0o), [x1e] "=&r"(x1e), [x1o] "=&r"(x1o), [we] "+r"(we), [wo] "=&r"(wo)
      : [n] "r"(n)
      : "cc", "memory");
  for (rest = n & 3; rest > 0; --rest) {
    a += x[0] * w[0];
    b += x[n] * w[0];
    c += x[0] * w[n];
    d += x[n] * w[n];
    ++x;
    ++w;
  }
  multiplier = kws_again(p)->main.multiplier + row;
  a = kws_right_output(a, multiplier[0], places & 255U, twice);
  b = kws_right_output(b, multiplier[0], places & 255U, twice);
  c = kws_right_output(c, multiplier[1], (places >> 8) & 255U, twice);
  d = kws_right_output(d, multiplier[1], (places >> 8) & 255U, twice);
  return kws_interleave(kws_lower((uint32_t)a, (uint32_t)b), kws_lower((uint32_t)c, (uint32_t)d));
}

/* All channels of two positions, whose windows of n elements lie one behind the other, four at a time; of the last four
 * some are computed twice. */
KWS_APART void kws_two_positions(const kws_conv_params* p, const int8_t* x, int32_t n, int8_t* y0, int8_t* y1) {
  const int32_t channels = p->out_channels;
  const int32_t twice = 2 * p->zero_out + 1;
  const uint32_t low = ((uint32_t)p->activation_min & 255U) * 0x01010101U;
  const int8_t* const end = x + (n & ~3);
  int32_t i;
  for (i = 0; i < channels; i += 4) {
    const int32_t c = i + 4 <= channels ? i : channels - 4;
    const uint32_t places = c >= 0 && n >= 4 ? ~kws_load4(p->main.shift + c) : ~0U;
    uint32_t first;
    uint32_t second;
    if (!KWS_LIKELY((places & 0x80808080U) == 0)) {
      kws_few_channels(p, x, n, i, y0, y1);
      continue;
    }
    first = kws_block(p, x, end, n, c, places, twice);
    second = kws_block(kws_again(p), x, end, n, c + 2, places >> 16, twice);
    kws_store4(y0 + c, kws_larger(kws_lower(first, second), low));
    kws_store4(y1 + c, kws_larger(kws_upper(first, second), low));
  }
}
#else
/* acc[0..3] += the products of two inputs with two rows of n weights: x0 w0, x1 w0, x0 w1, x1 w1. Input and row 1 lie n
 * elements behind input and row 0: one offset for both keeps the loop inside the registers. */
KWS_INLINE void kws_block(const int8_t* x, const int8_t* w, int32_t n, int32_t* acc) {
  int32_t a = acc[0];
  int32_t b = acc[1];
  int32_t c = acc[2];
  int32_t d = acc[3];
  const int8_t* const end = x + (n & ~3);
  const int8_t* const last = x + n;
  while (x != end) {
#define KWS_MAC(k)      \
  a += x[k] * w[k];     \
  b += x[n + k] * w[k]; \
  c += x[k] * w[n + k]; \
  d += x[n + k] * w[n + k]
    KWS_MAC(0);
    KWS_MAC(1);
    KWS_MAC(2);
    KWS_MAC(3);
#undef KWS_MAC
    x += 4;
    w += 4;
  }
  while (x != last) {
    a += x[0] * w[0];
    b += x[n] * w[0];
    c += x[0] * w[n];
    d += x[n] * w[n];
    ++x;
    ++w;
  }
  acc[0] = a;
  acc[1] = b;
  acc[2] = c;
  acc[3] = d;
}

/* All channels of two positions, whose windows of n elements lie one behind the other. Of an odd number of channels
 * one is computed twice. */
KWS_APART void kws_two_positions(const kws_conv_params* p, const int8_t* x, int32_t n, int8_t* y0, int8_t* y1) {
  const kws_product* m = &p->main;
  const int32_t channels = p->out_channels;
  const int32_t zero = p->zero_out;
  const int32_t low = p->activation_min;
  int32_t acc[4];
  int32_t i;
  if (channels == 1) {
    int32_t first[4];
    int32_t second[4];
    kws_four_rows(m, x, n, 0, 1, first);
    kws_four_rows(m, x + n, n, 0, 1, second);
    *y0 = (int8_t)kws_scaled_output(first[0], m->multiplier[0], m->shift[0], zero, low);
    *y1 = (int8_t)kws_scaled_output(second[0], m->multiplier[0], m->shift[0], zero, low);
    return;
  }
  for (i = 0; i < channels; i += 2) {
    const int32_t c = i + 1 < channels ? i : i - 1;
    acc[0] = m->bias[c];
    acc[1] = acc[0];
    acc[2] = m->bias[c + 1];
    acc[3] = acc[2];
    kws_block(x, m->weight + c * n, n, acc);
    y0[c] = (int8_t)kws_scaled_output(acc[0], m->multiplier[c], m->shift[c], zero, low);
    y1[c] = (int8_t)kws_scaled_output(acc[1], m->multiplier[c], m->shift[c], zero, low);
    y0[c + 1] = (int8_t)kws_scaled_output(acc[2], m->multiplier[c + 1], m->shift[c + 1], zero, low);
    y1[c + 1] = (int8_t)kws_scaled_output(acc[3], m->multiplier[c + 1], m->shift[c + 1], zero, low);
  }
}
#endif

/* kws:end */
/* kws:begin pointwise */
void kws_pointwise_s8(const void* params, const int8_t* in, int8_t* out, void* scratch) {
  const kws_conv_params* p = (const kws_conv_params*)params;
  const int32_t count = p->out_time * p->out_freq;
  const int32_t n = p->in_channels;
  int32_t i;
  (void)scratch;
  for (i = 0; i < count; i += 2) {
    const int32_t a = kws_begin(p, i, 2);
    int8_t* const y = out + a * p->out_channels;
    kws_two_positions(p, in + a * n, n, y, y + p->out_channels);
  }
}

/* kws:end */
/* kws:begin conv2d conv2d_dilated */
/* Two positions at a time: window() copies what a position sees into scratch. */
KWS_INLINE void kws_convolution(const kws_conv_params* p, const void* params,
                                void (*window)(const void* params, const int8_t* in, int32_t position, int8_t* window),
                                const int8_t* in, int8_t* out, int8_t* x) {
  const int32_t count = p->out_time * p->out_freq;
  const int32_t n = p->kernel_time * p->kernel_freq * p->in_channels;
  int32_t i;
  for (i = 0; i < count; i += 2) {
    /* A map of one position counts it twice. */
    const int32_t a = count > 1 ? kws_begin(p, i, 2) : 0;
    const int32_t b = count > 1 ? a + 1 : 0;
    window(params, in, a, x);
    window(params, in, b, x + n);
    kws_two_positions(p, x, n, out + a * p->out_channels, out + b * p->out_channels);
  }
}

/* kws:end */
/* kws:begin conv2d */
/* Short rows by words, which may overlap: a call would take longer. */
KWS_INLINE void kws_copy(int8_t* y, const int8_t* x, int32_t n) {
#if KWS_DSP
  if (n >= 4 && n <= 16) {
    const uint32_t first = kws_load4(x);
    const uint32_t last = kws_load4(x + n - 4);
    if (n > 8) {
      kws_store4(y + 4, kws_load4(x + 4));
      kws_store4(y + n - 8, kws_load4(x + n - 8));
    }
    kws_store4(y, first);
    kws_store4(y + n - 4, last);
    return;
  }
#endif
  memcpy(y, x, (size_t)n);
}

/* Copies the window of a position; what lies outside the map becomes zero_in. */
static void kws_window(const void* params, const int8_t* in, int32_t position, int8_t* window) {
  const kws_conv_params* p = (const kws_conv_params*)params;
  const int32_t time = position / p->out_freq * p->stride_time - p->pad_time;
  const int32_t freq = position % p->out_freq * p->stride_freq - p->pad_freq;
  const int32_t row = p->kernel_freq * p->in_channels;
  const int32_t step = p->in_freq * p->in_channels;
  /* Elements of a kernel row before, inside and after the map; inside they are contiguous in the map too. */
  const int32_t first = (freq < 0 ? -freq : 0) * p->in_channels;
  const int32_t end = (freq + p->kernel_freq > p->in_freq ? p->in_freq - freq : p->kernel_freq) * p->in_channels;
  const int whole = first == 0 && end == row;
  const int8_t* x = in + time * step + freq * p->in_channels + first;
  int32_t k;
  for (k = time; k < time + p->kernel_time; ++k) {
    /* As unsigned numbers, negative ones lie behind the map. */
    const int inside = (uint32_t)k < (uint32_t)p->in_time;
    if (!inside || !whole) {
      memset(window, (int)p->zero_in, (size_t)row);
    }
    if (inside) {
      kws_copy(window + first, x, end - first);
    }
    window += row;
    x += step;
  }
}

void kws_conv2d_s8(const void* params, const int8_t* in, int8_t* out, void* scratch) {
  kws_convolution((const kws_conv_params*)params, params, kws_window, in, out, (int8_t*)scratch);
}

/* kws:end */
/* kws:begin conv2d_dilated */
static void kws_window_dilated(const void* params, const int8_t* in, int32_t position, int8_t* window) {
  const kws_conv2d_dilated_params* d = (const kws_conv2d_dilated_params*)params;
  const kws_conv_params* p = &d->conv;
  const int32_t time = position / p->out_freq * p->stride_time - p->pad_time;
  const int32_t freq = position % p->out_freq * p->stride_freq - p->pad_freq;
  int32_t k;
  int32_t j;
  for (k = 0; k < p->kernel_time; ++k) {
    const int32_t t = time + k * d->dilation_time;
    for (j = 0; j < p->kernel_freq; ++j) {
      const int32_t f = freq + j * d->dilation_freq;
      if (t >= 0 && t < p->in_time && f >= 0 && f < p->in_freq) {
        memcpy(window, in + (t * p->in_freq + f) * p->in_channels, (size_t)p->in_channels);
      } else {
        memset(window, (int)p->zero_in, (size_t)p->in_channels);
      }
      window += p->in_channels;
    }
  }
}

void kws_conv2d_dilated_s8(const void* params, const int8_t* in, int8_t* out, void* scratch) {
  kws_convolution(&((const kws_conv2d_dilated_params*)params)->conv, params, kws_window_dilated, in, out,
                  (int8_t*)scratch);
}

/* kws:end */
/* kws:begin pointwise conv2d conv2d_dilated */
#if defined(KWS_OWN_OPTIMIZATION)
#pragma GCC pop_options
#endif

/* kws:end */
