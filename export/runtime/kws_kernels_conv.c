/* kws:begin pointwise conv2d conv2d_dilated */
#include "kws_kernels_lanes.h"

#if defined(KWS_OWN_OPTIMIZATION)
#pragma GCC push_options
#pragma GCC optimize("O2")
#endif

/* kws:end */
/* kws:begin pointwise conv2d conv2d_dilated */
#if KWS_DSP
/* Two channels of two positions; acc: both positions of the first channel, then of the second one. */
KWS_INLINE void kws_block_outputs(const int32_t* acc, const int32_t* multiplier, const int8_t* shift, int32_t zero,
                                  int32_t low, int8_t* y0, int8_t* y1) {
  const int32_t first = shift[0];
  const int32_t second = shift[1];
  uint32_t word;
  int32_t a = acc[0];
  int32_t b = acc[1];
  int32_t c = acc[2];
  int32_t d = acc[3];
  if (KWS_LIKELY((first & second) < 0)) {
    const int32_t twice = 2 * zero + 1;
    a = kws_right_output(a, multiplier[0], (uint32_t)~first, twice);
    b = kws_right_output(b, multiplier[0], (uint32_t)~first, twice);
    c = kws_right_output(c, multiplier[1], (uint32_t)~second, twice);
    d = kws_right_output(d, multiplier[1], (uint32_t)~second, twice);
  } else {
    a = kws_ssat8(kws_requantize(a, multiplier[0], first) + zero);
    b = kws_ssat8(kws_requantize(b, multiplier[0], first) + zero);
    c = kws_ssat8(kws_requantize(c, multiplier[1], second) + zero);
    d = kws_ssat8(kws_requantize(d, multiplier[1], second) + zero);
  }
  word = kws_four(a, c, b, d, ((uint32_t)low & 255U) * 0x01010101U);
  kws_store2(y0, word);
  kws_store2(y1, word >> 16);
}
#endif

/* kws:end */
/* kws:begin pointwise conv2d conv2d_dilated */
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
    int32_t acc[8];
    kws_four_rows(m, x, n, 0, channels, acc);
    kws_four_rows(m, x + n, n, 0, channels, acc + 4);
    for (i = 0; i < channels; ++i) {
      y0[i] = (int8_t)kws_scaled_output(acc[i], m->multiplier[i], m->shift[i], zero, low);
      y1[i] = (int8_t)kws_scaled_output(acc[i + 4], m->multiplier[i], m->shift[i], zero, low);
    }
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
#if KWS_DSP
    const uint32_t x1_word = kws_load4(x + n);
    const uint32_t x0_word = kws_load4(x);
    const uint32_t x0_even = kws_even(x0_word);
    const uint32_t x0_odd = kws_odd(x0_word);
    const uint32_t x1_even = kws_even(x1_word);
    const uint32_t x1_odd = kws_odd(x1_word);
    uint32_t w_word = kws_load4(w + n);
    uint32_t w_even = kws_even(w_word);
    uint32_t w_odd = kws_odd(w_word);
    c = kws_smlad(x0_even, w_even, c);
    c = kws_smlad(x0_odd, w_odd, c);
    d = kws_smlad(x1_even, w_even, d);
    d = kws_smlad(x1_odd, w_odd, d);
    w_word = kws_load4(w);
    w_even = kws_even(w_word);
    w_odd = kws_odd(w_word);
    a = kws_smlad(x0_even, w_even, a);
    a = kws_smlad(x0_odd, w_odd, a);
    b = kws_smlad(x1_even, w_even, b);
    b = kws_smlad(x1_odd, w_odd, b);
#else
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
#endif
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
#if KWS_DSP
    kws_block_outputs(acc, m->multiplier + c, m->shift + c, zero, low, y0 + c, y1 + c);
#else
    y0[c] = (int8_t)kws_scaled_output(acc[0], m->multiplier[c], m->shift[c], zero, low);
    y1[c] = (int8_t)kws_scaled_output(acc[1], m->multiplier[c], m->shift[c], zero, low);
    y0[c + 1] = (int8_t)kws_scaled_output(acc[2], m->multiplier[c + 1], m->shift[c + 1], zero, low);
    y1[c + 1] = (int8_t)kws_scaled_output(acc[3], m->multiplier[c + 1], m->shift[c + 1], zero, low);
#endif
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
/* Copies the window of a position; what lies outside the map becomes zero_in. */
static void kws_window(const void* params, const int8_t* in, int32_t position, int8_t* window) {
  const kws_conv_params* p = (const kws_conv_params*)params;
  const int32_t time = position / p->out_freq * p->stride_time - p->pad_time;
  const int32_t freq = position % p->out_freq * p->stride_freq - p->pad_freq;
  const int32_t row = p->kernel_freq * p->in_channels;
  /* Elements of a kernel row before, inside and after the map; inside they are contiguous in the map too. */
  const int32_t first = (freq < 0 ? -freq : 0) * p->in_channels;
  const int32_t end = (freq + p->kernel_freq > p->in_freq ? p->in_freq - freq : p->kernel_freq) * p->in_channels;
  const int whole = first == 0 && end == row;
  int32_t k;
  for (k = time; k < time + p->kernel_time; ++k) {
    const int inside = k >= 0 && k < p->in_time;
    if (!inside || !whole) {
      memset(window, (int)p->zero_in, (size_t)row);
    }
    if (inside) {
      memcpy(window + first, in + (k * p->in_freq + (freq < 0 ? 0 : freq)) * p->in_channels, (size_t)(end - first));
    }
    window += row;
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
