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
/* The longest window that is widened. */
#define KWS_WIDE 64

/* Two channels of two positions at a time: what a block of four outputs reads beside inputs and weights. */
typedef struct {
  const int32_t* bias; /* of the next block, and so on */
  const int32_t* multiplier;
  const int8_t* shift;
  int8_t* y0;
  int8_t* y1;
  const int8_t* x;      /* both windows of n elements, one behind the other */
  const int8_t* x_end;  /* of the first one's whole words */
  const uint32_t* wide; /* where the widened windows begin */
  const int8_t* last;   /* weights behind the last block */
  int32_t twice;        /* 2 zero_out + 1 */
  uint32_t low;         /* activation_min four times */
} kws_pairs;

/* Elements of both windows as halves, up to the end of `wide`, behind which the loop finds what it needs next. Of each
 * four of them: 0 and 2 of one window, of the other, 1 and 3 of one, of the other. */
typedef struct {
  uint32_t wide[KWS_WIDE];
  kws_pairs pairs;
} kws_wide_pairs;
KWS_STATIC_ASSERT(kws_pairs_lie_behind_wide, offsetof(kws_wide_pairs, pairs) == sizeof(uint32_t) * KWS_WIDE);

/* Eight products of a row of weights, whose word is in wo: with elements 0 and 2, then with 1 and 3. */
#define KWS_ROW(first, second, x0e, x1e, x0o, x1o) \
  "sxtb16 %[we], %[wo]\n\t"                        \
  "sxtb16 %[wo], %[wo], ror #8\n\t"                \
  "smlad %[" first "], " x0e ", %[we], %[" first   \
  "]\n\t"                                          \
  "smlad %[" second "], " x1e ", %[we], %[" second \
  "]\n\t"                                          \
  "smlad %[" first "], " x0o ", %[wo], %[" first   \
  "]\n\t"                                          \
  "smlad %[" second "], " x1o ", %[wo], %[" second "]\n\t"
/* Four elements of two inputs, in r4, r5, r6, r8, and of two rows of weights: sixteen products. Row 1 lies n behind row
 * 0. */
#define KWS_PRODUCTS                                                                                           \
  "ldr %[wo], [%[w], %[n]]\n\t" KWS_ROW("c", "d", "r4", "r5", "r6", "r8") "ldr %[wo], [%[w]], #4\n\t" KWS_ROW( \
      "a", "b", "r4", "r5", "r6", "r8")
#define KWS_STEP_WIDE "ldmia %[x]!, {r4, r5, r6, r8}\n\t" KWS_PRODUCTS
#define KWS_STEP_BYTES        \
  "ldr r8, [%[x], %[n]]\n\t"  \
  "ldr r6, [%[x]], #4\n\t"    \
  "sxtb16 r5, r8\n\t"         \
  "sxtb16 r4, r6\n\t"         \
  "sxtb16 r8, r8, ror #8\n\t" \
  "sxtb16 r6, r6, ror #8\n\t" KWS_PRODUCTS

/* Blocks of outputs x0 w0, x1 w0, x0 w1, x1 w1 for windows of at least four elements, up to `last`, or to one of whose
 * channels one does not shift to the right: acc are its sums then. The way from sums to outputs stands in assembler
 * too, because compilers keep more pointers than there are registers. */
KWS_INLINE void kws_blocks(kws_pairs* pairs, const int8_t* w, int32_t n, int32_t* acc) {
  int32_t a;
  int32_t b;
  int32_t c;
  int32_t d;
  uint32_t we;
  uint32_t wo;
  __asm__ volatile(
      "push {%[x]}\n"
      "1:\n\t"
      "ldr %[d], [%[x], %[bias]]\n\t"
      "ldrd %[a], %[c], [%[d]], #8\n\t"
      "str %[d], [%[x], %[bias]]\n\t"
      "mov %[b], %[a]\n\t"
      "mov %[d], %[c]\n\t"
      "cmp %[n], %[most]\n\t"
      "bgt 6f\n\t"
      "ldr %[x], [%[x], %[wide]]\n\t"
      "tst %[n], #4\n\t"
      "bne 3f\n"
      "2:\n\t" KWS_STEP_WIDE
      "3:\n\t" KWS_STEP_WIDE
      "ldr %[we], [sp]\n\t"
      "cmp %[x], %[we]\n\t"
      "bne 2b\n"
      "4:\n\t"
      "tst %[n], #3\n\t"
      "bne 9f\n"
      "5:\n\t"
      "ldr %[we], [%[x], %[shift]]\n\t"
      "ldrsh %[wo], [%[we]], #2\n\t"
      "str %[we], [%[x], %[shift]]\n\t"
      "mvn %[wo], %[wo]\n\t"
      "tst %[wo], #0x80808080\n\t"
      "ldr %[we], [%[x], %[multiplier]]\n\t"
      "bne 10f\n\t"
      "ldrd r4, r5, [%[we]], #8\n\t"
      "str %[we], [%[x], %[multiplier]]\n\t"
      "ldrd r6, r8, [%[x], %[twice]]\n\t"
      KWS_RIGHT_OUTPUT("%[a]", "r4", "%[wo]", "r6") KWS_RIGHT_OUTPUT("%[b]", "r4", "%[wo]", "r6")
      "lsr %[wo], %[wo], #8\n\t"
      KWS_RIGHT_OUTPUT("%[c]", "r5", "%[wo]", "r6") KWS_RIGHT_OUTPUT("%[d]", "r5", "%[wo]", "r6")
      "bfi %[a], %[c], #8, #8\n\t"
      "bfi %[b], %[d], #8, #8\n\t"
      "ldrd r4, r5, [%[x], %[y0]]\n\t"
      "pkhbt %[a], %[a], %[b], lsl #16\n\t"
      "ldr %[we], [%[x], %[last]]\n\t"
      "ssub8 %[b], %[a], r8\n\t"
      "sel %[a], %[a], r8\n\t"
      "strh %[a], [r4], #2\n\t"
      "lsr %[a], %[a], #16\n\t"
      "strh %[a], [r5], #2\n\t"
      "add %[w], %[w], %[n]\n\t"
      "strd r4, r5, [%[x], %[y0]]\n\t"
      "cmp %[w], %[we]\n\t"
      "bne 1b\n\t"
      "b 10f\n"
      /* A long window is read as it is. */
      "6:\n\t"
      "ldr %[x], [%[x], %[bytes]]\n\t"
      "tst %[n], #4\n\t"
      "bne 8f\n"
      "7:\n\t" KWS_STEP_BYTES
      "8:\n\t" KWS_STEP_BYTES
      "ldr %[we], [sp]\n\t"
      "ldr %[we], [%[we], %[bytes_end]]\n\t"
      "cmp %[x], %[we]\n\t"
      "bne 7b\n\t"
      "ldr %[x], [sp]\n\t"
      "b 4b\n"
      /* What no whole word is left of. */
      "9:\n\t"
      "ldr r4, [%[x], %[bytes_end]]\n\t"
      "and r5, %[n], #3\n"
      "11:\n\t"
      "ldrsb r6, [r4, %[n]]\n\t"
      "ldrsb r8, [r4], #1\n\t"
      "ldrsb %[we], [%[w], %[n]]\n\t"
      "ldrsb %[wo], [%[w]], #1\n\t"
      "smlabb %[c], r8, %[we], %[c]\n\t"
      "smlabb %[d], r6, %[we], %[d]\n\t"
      "smlabb %[a], r8, %[wo], %[a]\n\t"
      "smlabb %[b], r6, %[wo], %[b]\n\t"
      "subs r5, #1\n\t"
      "bne 11b\n\t"
      "b 5b\n"
      "10:\n\t"
      "add sp, #4"
      : [x] "+r"(pairs), [w] "+r"(w), [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d), [we] "=&r"(we),
        [wo] "=&r"(wo)
      : [n] "r"(n), [most] "i"(KWS_WIDE), [bias] "i"(offsetof(kws_pairs, bias)),
        [multiplier] "i"(offsetof(kws_pairs, multiplier)), [shift] "i"(offsetof(kws_pairs, shift)),
        [y0] "i"(offsetof(kws_pairs, y0)), [bytes] "i"(offsetof(kws_pairs, x)),
        [bytes_end] "i"(offsetof(kws_pairs, x_end)), [wide] "i"(offsetof(kws_pairs, wide)),
        [last] "i"(offsetof(kws_pairs, last)), [twice] "i"(offsetof(kws_pairs, twice))
      : "r4", "r5", "r6", "r8", "cc", "memory");
  acc[0] = a;
  acc[1] = b;
  acc[2] = c;
  acc[3] = d;
}

/* All channels of two positions, whose windows of n elements lie one behind the other, two at a time; of an odd number
 * one is computed twice. */
KWS_APART void kws_two_positions(const kws_conv_params* p, const int8_t* x, int32_t n, int8_t* y0, int8_t* y1) {
  const kws_product* m = &p->main;
  const int32_t channels = p->out_channels;
  kws_wide_pairs s;
  int32_t c = 0;
  if (n < 4 || channels < 2) {
    for (; c < channels; c += 4) {
      kws_few_channels(p, x, n, c, y0, y1);
    }
    return;
  }
  s.pairs.x = x;
  s.pairs.x_end = x + (n & ~3);
  s.pairs.twice = 2 * p->zero_out + 1;
  s.pairs.low = ((uint32_t)p->activation_min & 255U) * 0x01010101U;
  if (n <= KWS_WIDE) {
    uint32_t* wide = s.wide + (KWS_WIDE - (n & ~3));
    s.pairs.wide = wide;
    for (; x != s.pairs.x_end; x += 4) {
      const uint32_t first = kws_load4(x);
      const uint32_t second = kws_load4(x + n);
      wide[0] = kws_even(first);
      wide[1] = kws_even(second);
      wide[2] = kws_odd(first);
      wide[3] = kws_odd(second);
      wide += 4;
    }
  }
  do {
    const int32_t begin = c + 1 < channels ? c : c - 1;
    const int32_t end = begin + ((channels - begin) & ~1);
    int32_t acc[4];
    s.pairs.bias = m->bias + begin;
    s.pairs.multiplier = m->multiplier + begin;
    s.pairs.shift = m->shift + begin;
    s.pairs.y0 = y0 + begin;
    s.pairs.y1 = y1 + begin;
    s.pairs.last = m->weight + end * n;
    kws_blocks(&s.pairs, m->weight + begin * n, n, acc);
    c = (int32_t)(s.pairs.y0 - y0);
    if (!KWS_LIKELY(c == end)) {
      int32_t i;
      for (i = 0; i < 4; i += 2) {
        y0[c] = (int8_t)kws_scaled_output(acc[i], m->multiplier[c], m->shift[c], p->zero_out, p->activation_min);
        y1[c] = (int8_t)kws_scaled_output(acc[i + 1], m->multiplier[c], m->shift[c], p->zero_out, p->activation_min);
        ++c;
      }
    }
  } while (c < channels);
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
#if KWS_DSP
  /* Short rows that all lie inside, by two words, which may overlap. */
  if (whole && row >= 4 && row <= 8 && time >= 0 && time + p->kernel_time <= p->in_time) {
    const int32_t second = row - 4;
    for (k = p->kernel_time; k > 0; --k) {
      const uint32_t begin = kws_load4(x);
      kws_store4(window + second, kws_load4(x + second));
      kws_store4(window, begin);
      window += row;
      x += step;
    }
    return;
  }
#endif
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
