/* kws:begin pointwise conv2d conv2d_dilated dense gru lstm */
#include "kws_kernels_lanes.h"

/* kws:end */
/* kws:begin pointwise conv2d depthwise gru lstm */
#if defined(KWS_OWN_OPTIMIZATION)
#pragma GCC push_options
#pragma GCC optimize("O2")
#endif

/* kws:end */
/* kws:begin pointwise conv2d conv2d_dilated dense gru lstm */
void kws_four_rows(const kws_product* m, const int8_t* x, int32_t n, int32_t row, int32_t rows, int32_t* acc) {
  /* Four rows at a time, so near the end the block begins earlier and `skip` of its sums are known already. */
  const int32_t skip = row + 4 > rows && rows >= 4 ? row + 4 - rows : 0;
  const int32_t begin = row - skip;
  const int8_t* w = m->weight + begin * n;
  const int8_t* const end = x + (n & ~3);
  const int8_t* const last = x + n;
  int32_t a = 0;
  int32_t b = 0;
  int32_t c = 0;
  int32_t d = 0;
  int32_t i;
#if KWS_MVE
  if (rows >= 4) {
    int32x4_t sums = kws_products4(x, w, n);
    if (skip == 0) {
      vst1q_s32(acc, m->bias != NULL ? vaddq_s32(sums, vld1q_s32(m->bias + row)) : sums);
      return;
    }
    a = vgetq_lane_s32(sums, 0);
    b = vgetq_lane_s32(sums, 1);
    c = vgetq_lane_s32(sums, 2);
    d = vgetq_lane_s32(sums, 3);
    (void)end;
#else
  if (rows >= 4) {
    const int8_t* w2 = w + 2 * n;
    while (x != end) {
#if KWS_DSP
      const uint32_t x_word = kws_load4(x);
      const uint32_t even_x = kws_even(x_word);
      const uint32_t odd_x = kws_odd(x_word);
      uint32_t w_word = kws_load4(w + n);
      b = kws_smlad(even_x, kws_even(w_word), b);
      b = kws_smlad(odd_x, kws_odd(w_word), b);
      w_word = kws_load4(w);
      a = kws_smlad(even_x, kws_even(w_word), a);
      a = kws_smlad(odd_x, kws_odd(w_word), a);
      w_word = kws_load4(w2 + n);
      d = kws_smlad(even_x, kws_even(w_word), d);
      d = kws_smlad(odd_x, kws_odd(w_word), d);
      w_word = kws_load4(w2);
      c = kws_smlad(even_x, kws_even(w_word), c);
      c = kws_smlad(odd_x, kws_odd(w_word), c);
#else
#define KWS_MAC(k)        \
  a += x[k] * w[k];       \
  b += x[k] * w[n + (k)]; \
  c += x[k] * w2[k];      \
  d += x[k] * w2[n + (k)]
      KWS_MAC(0);
      KWS_MAC(1);
      KWS_MAC(2);
      KWS_MAC(3);
#undef KWS_MAC
#endif
      x += 4;
      w += 4;
      w2 += 4;
    }
    while (x != last) {
      a += *x * w[0];
      b += *x * w[n];
      c += *x * w2[0];
      d += *x * w2[n];
      ++x;
      ++w;
      ++w2;
    }
#endif
  } else {
    while (x != last) {
      a += *x * w[0];
      b += rows > row + 1 ? *x * w[n] : 0;
      c += rows > row + 2 ? *x * w[2 * n] : 0;
      ++x;
      ++w;
    }
  }
  acc[0] = a;
  acc[1] = b;
  acc[2] = c;
  acc[3] = d;
  for (i = 0; skip > 0 && i + skip < 4; ++i) {
    acc[i] = acc[i + skip];
  }
  if (m->bias != NULL) {
    for (i = 0; i < 4 && row + i < rows; ++i) {
      acc[i] += m->bias[row + i];
    }
  }
}

/* kws:end */
/* kws:begin dense */
void kws_dense_s8(const void* params, const int8_t* in, int8_t* out, void* scratch) {
  const kws_dense_params* p = (const kws_dense_params*)params;
  int32_t u;
  int32_t j;
  (void)scratch;
  for (u = 0; u < p->units; u += 4) {
    int32_t acc[4];
    kws_four_rows(&p->main, in, p->inputs, u, p->units, acc);
#if KWS_MVE
    if (u + 4 <= p->units) {
      const int32x4_t scaled =
          kws_requantize4(vld1q_s32(acc), vld1q_s32(p->main.multiplier + u), vldrbq_s32(p->main.shift + u));
      vstrbq_s32(out + u, kws_output4(scaled, p->zero_out, p->activation_min));
      continue;
    }
#endif
    for (j = u; j < u + 4 && j < p->units; ++j) {
      out[j] = (int8_t)kws_scaled_output(acc[j - u], p->main.multiplier[j], p->main.shift[j], p->zero_out,
                                         p->activation_min);
    }
  }
}

/* kws:end */
/* kws:begin pointwise conv2d depthwise gru lstm */
#if defined(KWS_OWN_OPTIMIZATION)
#pragma GCC pop_options
#endif

/* kws:end */
