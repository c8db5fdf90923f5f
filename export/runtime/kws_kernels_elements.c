/* kws:begin avg_pool avg_pool_rows add activate */
#include "kws_kernels_lanes.h"

#if defined(KWS_OWN_OPTIMIZATION)
#pragma GCC push_options
#pragma GCC optimize("O2")
#endif

/* kws:end */
/* kws:begin avg_pool avg_pool_rows */
#if KWS_DSP
/* Sums of four channels, `step` bytes from one position to the next, two in a word; 16 bits must hold each. */
KWS_INLINE void kws_sum_four(const int8_t* x, int32_t step, int32_t positions, uint32_t* even, uint32_t* odd) {
  *even = 0;
  *odd = 0;
  for (; positions > 0; --positions) {
    const uint32_t word = kws_load4(x);
    *even = kws_add_halves(*even, kws_even(word));
    *odd = kws_add_halves(*odd, kws_odd(word));
    x += step;
  }
}
#endif

void kws_avg_pool_s8(const void* params, const int8_t* in, int8_t* out, void* scratch) {
  const kws_avg_pool_params* p = (const kws_avg_pool_params*)params;
  const int32_t channels = p->channels;
  const int32_t multiplier = p->main.multiplier[0];
  const int32_t shift = p->main.shift[0];
  const int32_t zero = p->zero_out;
  const int32_t low = p->activation_min;
  const int32_t none = -p->positions * p->zero_in;
  int32_t c = 0;
  int32_t i;
  (void)scratch;
#if KWS_DSP
  /* Sums of four channels, two in a word, as long as 16 bits hold them. */
  for (; p->positions < 256 && c + 4 <= channels; c += 4) {
    uint32_t even;
    uint32_t odd;
    kws_sum_four(in + c, channels, p->positions, &even, &odd);
    out[c] = (int8_t)kws_scaled_output((int16_t)even + none, multiplier, shift, zero, low);
    out[c + 1] = (int8_t)kws_scaled_output((int16_t)odd + none, multiplier, shift, zero, low);
    out[c + 2] = (int8_t)kws_scaled_output((int16_t)(even >> 16) + none, multiplier, shift, zero, low);
    out[c + 3] = (int8_t)kws_scaled_output((int16_t)(odd >> 16) + none, multiplier, shift, zero, low);
  }
#endif
  for (; c < channels; ++c) {
    const int8_t* x = in + c;
    int32_t acc = none;
    for (i = p->positions; i > 0; --i) {
      acc += *x;
      x += channels;
    }
    out[c] = (int8_t)kws_scaled_output(acc, multiplier, shift, zero, low);
  }
}

/* kws:end */
/* kws:begin avg_pool_rows */
void kws_avg_pool_rows_s8(const void* params, const int8_t* in, int8_t* out, void* scratch) {
  const kws_avg_pool_rows_params* p = (const kws_avg_pool_rows_params*)params;
  int32_t i;
  for (i = 0; i < p->rows; ++i) {
    kws_avg_pool_s8(&p->row, in, out, scratch);
    in += p->row.positions * p->row.channels;
    out += p->row.channels;
  }
}

/* kws:end */
/* kws:begin column_sums */
void kws_column_sums_s8(const void* params, const int8_t* in, int8_t* out, void* scratch) {
  const kws_column_sums_params* p = (const kws_column_sums_params*)params;
  const int32_t channels = p->channels;
  int16_t* sum = (int16_t*)(void*)out;
  int32_t column;
  int32_t i;
  (void)scratch;
  for (column = p->columns; column > 0; --column) {
    int32_t c = 0;
#if KWS_DSP
    for (; c + 4 <= channels; c += 4) {
      uint32_t even;
      uint32_t odd;
      kws_sum_four(in + c, channels, p->positions, &even, &odd);
      sum[c] = (int16_t)even;
      sum[c + 1] = (int16_t)odd;
      sum[c + 2] = (int16_t)(even >> 16);
      sum[c + 3] = (int16_t)(odd >> 16);
    }
#endif
    for (; c < channels; ++c) {
      const int8_t* x = in + c;
      int32_t acc = 0;
      for (i = p->positions; i > 0; --i) {
        acc += *x;
        x += channels;
      }
      sum[c] = (int16_t)acc;
    }
    in += p->positions * channels;
    sum += channels;
  }
}

/* kws:end */
/* kws:begin avg_pool_sums */
void kws_avg_pool_sums_s8(const void* params, const int8_t* in, int8_t* out, void* scratch) {
  const kws_avg_pool_params* p = (const kws_avg_pool_params*)params;
  const int16_t* const sums = (const int16_t*)(const void*)in;
  const int32_t channels = p->channels;
  const int32_t multiplier = p->main.multiplier[0];
  const int32_t shift = p->main.shift[0];
  const int32_t none = -p->positions * p->zero_in;
  int32_t c;
  int32_t i;
  (void)scratch;
  for (c = 0; c < channels; ++c) {
    const int16_t* x = sums + c;
    int32_t acc = none;
    for (i = p->positions; i > 0; --i) {
      acc += *x;
      x += channels;
    }
    out[c] = (int8_t)kws_scaled_output(acc, multiplier, shift, p->zero_out, p->activation_min);
  }
}

/* kws:end */
/* kws:begin add */
#if KWS_DSP
/* As kws_smlad, for an acc that is needed again. */
KWS_INLINE int32_t kws_smlad_of(uint32_t a, uint32_t b, int32_t acc) {
  int32_t result;
  __asm__("smlad %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(acc));
  return result;
}

/* Both halves saturated to 8 bit. */
KWS_INLINE uint32_t kws_ssat8_halves(uint32_t x) {
  uint32_t result;
  __asm__("ssat16 %0, #8, %1" : "=r"(result) : "r"(x));
  return result;
}
#endif

/* y = a + b, count elements; b begins again behind each `length` of them, a multiple of 4 unless it is count. */
KWS_INLINE void kws_add_row(const int8_t* a, const int8_t* b, int32_t count, int32_t length, int32_t factor,
                            int32_t second_factor, int32_t bias, int32_t shift, int32_t low, int8_t* y) {
  const int8_t* const last = a + count;
  const int8_t* const first = b;
  const int8_t* const behind = b + length;
#if KWS_DSP
  const int8_t* const end = a + (count & ~3);
  const uint32_t factors = kws_lower((uint32_t)factor, (uint32_t)second_factor);
  const uint32_t lows = ((uint32_t)low & 255U) * 0x01010101U;
  while (a != end) {
    const uint32_t a_word = kws_load4(a);
    const uint32_t b_word = kws_load4(b);
    const uint32_t even_a = kws_even(a_word);
    const uint32_t even_b = kws_even(b_word);
    const uint32_t odd_a = kws_odd(a_word);
    const uint32_t odd_b = kws_odd(b_word);
    const int32_t y0 = kws_smlad_of(kws_lower(even_a, even_b), factors, bias) >> shift;
    const int32_t y2 = kws_smlad_of(kws_upper(even_a, even_b), factors, bias) >> shift;
    const int32_t y1 = kws_smlad_of(kws_lower(odd_a, odd_b), factors, bias) >> shift;
    const int32_t y3 = kws_smlad_of(kws_upper(odd_a, odd_b), factors, bias) >> shift;
    /* The shift leaves 16 bits. */
    const uint32_t even = kws_ssat8_halves(kws_lower((uint32_t)y0, (uint32_t)y2));
    const uint32_t odd = kws_ssat8_halves(kws_lower((uint32_t)y1, (uint32_t)y3));
    kws_store4(y, kws_larger(kws_interleave(even, odd), lows));
    a += 4;
    b += 4;
    y += 4;
    b = b == behind ? first : b;
  }
#endif
  while (a != last) {
    const int32_t sum = factor * *a + second_factor * *b + bias;
    *y = (int8_t)kws_output(sum >> shift, 0, low);
    ++a;
    ++b;
    ++y;
    b = b == behind ? first : b;
  }
}

void kws_add_s8(const void* params, const int8_t* in, int8_t* out, void* scratch) {
  const kws_add_params* p = (const kws_add_params*)params;
  const int8_t* second = (const int8_t*)scratch;
  const int32_t count = p->count;
  const int32_t factor = p->factor;
  const int32_t second_factor = p->second_factor;
  const int32_t bias = p->bias;
  const int32_t shift = p->shift;
  const int32_t low = p->activation_min;
  /* Rows of whole words are one long one. */
  const int32_t together = (count & 3) == 0 ? p->inner : 1;
  const int32_t elements = together * count;
  int32_t i;
  int32_t j;
  for (i = p->outer; i > 0; --i) {
    for (j = p->inner; j > 0; j -= together) {
      kws_add_row(in, second, elements, count, factor, second_factor, bias, shift, low, out);
      in += elements;
      out += elements;
    }
    second += count;
  }
}

/* kws:end */
/* kws:begin activate */
void kws_activate_s8(const void* params, const int8_t* in, int8_t* out, void* scratch) {
  const kws_activate_params* p = (const kws_activate_params*)params;
  const int8_t* const table = p->table + 128;
  const int8_t* const end = in + (p->count & ~3);
  const int8_t* const last = in + p->count;
  (void)scratch;
  while (in != end) {
    out[0] = table[in[0]];
    out[1] = table[in[1]];
    out[2] = table[in[2]];
    out[3] = table[in[3]];
    in += 4;
    out += 4;
  }
  while (in != last) {
    *out = table[*in];
    ++in;
    ++out;
  }
}

/* kws:end */
/* kws:begin avg_pool avg_pool_rows add activate */
#if defined(KWS_OWN_OPTIMIZATION)
#pragma GCC pop_options
#endif

/* kws:end */
