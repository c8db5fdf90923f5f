#include "kws_kernels.h"

#include <string.h>

/* Four forms of the same arithmetic, equal in every bit:
 *   Helium, the vectors of Cortex-M55 and above: sixteen multiply-accumulates an instruction,
 *   the DSP extension of Cortex-M4, M7, M33 and above: two multiply-accumulates an instruction,
 *   cores without a long multiply (ARMv6-M), where a product of 32 bits is put together from 16-bit parts,
 *   portable C99. -DKWS_PORTABLE takes it everywhere. */
#if defined(__ARM_FEATURE_DSP) && defined(__GNUC__) && !defined(KWS_PORTABLE)
#define KWS_DSP 1
#else
#define KWS_DSP 0
#if defined(__ARM_ARCH_6M__) && !defined(KWS_PORTABLE)
#define KWS_SHORT_MULTIPLY
#endif
#endif

#if defined(__ARM_FEATURE_MVE) && !defined(KWS_PORTABLE)
#define KWS_MVE 1
#include <arm_mve.h>
#else
#define KWS_MVE 0
#endif

#if defined(__GNUC__)
#define KWS_INLINE static inline __attribute__((always_inline))
#define KWS_LIKELY(condition) (__builtin_expect((condition) ? 1 : 0, 1) != 0)
#else
#define KWS_INLINE static inline
#define KWS_LIKELY(condition) (condition)
#endif

/* kws:begin pointwise conv2d depthwise gru lstm */
/* At -Os and -O3 GCC keeps fewer of the loops' values in registers, which costs up to half of the speed and gains next
 * to nothing in size, so these kernels are compiled at -O2 whatever the project takes; -DKWS_KEEP_OPTIMIZATION keeps
 * its level. */
#if KWS_DSP && !defined(__clang__) && defined(__OPTIMIZE__) && !defined(KWS_KEEP_OPTIMIZATION)
#define KWS_OWN_OPTIMIZATION
#pragma GCC push_options
#pragma GCC optimize("O2")
#endif

/* kws:end */
#if KWS_DSP
KWS_INLINE int32_t kws_smmulr(int32_t a, int32_t b) {
  int32_t result;
  __asm__("smmulr %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
  return result;
}

/* kws:begin pointwise conv2d conv2d_dilated depthwise depthwise_large dense avg_pool avg_pool_rows add */
KWS_INLINE int32_t kws_ssat8(int32_t x) {
  int32_t result;
  __asm__("ssat %0, #8, %1" : "=r"(result) : "r"(x));
  return result;
}

/* Of x / 2, rounded down. */
KWS_INLINE int32_t kws_ssat8_half(int32_t x) {
  int32_t result;
  __asm__("ssat %0, #8, %1, asr #1" : "=r"(result) : "r"(x));
  return result;
}

/* kws:end */
/* Bytes 0 and 2 of a word as two signed halves, and bytes 1 and 3. */
KWS_INLINE uint32_t kws_even(uint32_t word) {
  uint32_t result;
  __asm__("sxtb16 %0, %1" : "=r"(result) : "r"(word));
  return result;
}
KWS_INLINE uint32_t kws_odd(uint32_t word) {
  uint32_t result;
  __asm__("sxtb16 %0, %1, ror #8" : "=r"(result) : "r"(word));
  return result;
}

/* acc + low a * low b + high a * high b */
KWS_INLINE int32_t kws_smlad(uint32_t a, uint32_t b, int32_t acc) {
  __asm__("smlad %0, %1, %2, %0" : "+r"(acc) : "r"(a), "r"(b));
  return acc;
}

/* kws:begin depthwise depthwise_large */
/* acc + low a * low b */
KWS_INLINE int32_t kws_smlabb(uint32_t a, uint32_t b, int32_t acc) {
  __asm__("smlabb %0, %1, %2, %0" : "+r"(acc) : "r"(a), "r"(b));
  return acc;
}

/* acc + high a * high b */
KWS_INLINE int32_t kws_smlatt(uint32_t a, uint32_t b, int32_t acc) {
  __asm__("smlatt %0, %1, %2, %0" : "+r"(acc) : "r"(a), "r"(b));
  return acc;
}

/* kws:end */
/* kws:begin pointwise conv2d conv2d_dilated depthwise depthwise_large add */
/* The lower halves of two words in one. */
KWS_INLINE uint32_t kws_lower(uint32_t a, uint32_t b) {
  uint32_t result;
  __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(result) : "r"(a), "r"(b));
  return result;
}
/* The larger one of each pair of signed bytes. */
KWS_INLINE uint32_t kws_larger(uint32_t a, uint32_t b) {
  uint32_t result;
  __asm__("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(result) : "r"(a), "r"(b) : "cc");
  return result;
}
/* Bytes 0 and 2 of each word, those of `odd` behind those of `even`. */
KWS_INLINE uint32_t kws_interleave(uint32_t even, uint32_t odd) {
  uint32_t low;
  uint32_t high;
  __asm__("uxtb16 %0, %1" : "=r"(low) : "r"(even));
  __asm__("uxtb16 %0, %1" : "=r"(high) : "r"(odd));
  return low | high << 8;
}

/* Four saturated bytes in one word, none below those of `low`. */
KWS_INLINE uint32_t kws_four(int32_t a, int32_t b, int32_t c, int32_t d, uint32_t low) {
  const uint32_t even = kws_lower((uint32_t)a, (uint32_t)c);
  const uint32_t odd = kws_lower((uint32_t)b, (uint32_t)d);
  return kws_larger(kws_interleave(even, odd), low);
}

/* kws:end */
/* kws:begin avg_pool avg_pool_rows */
KWS_INLINE uint32_t kws_add_halves(uint32_t a, uint32_t b) {
  uint32_t result;
  __asm__("sadd16 %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
  return result;
}

/* kws:end */
typedef struct {
  int8_t byte[4];
} kws_four_bytes;

/* kws:begin pointwise conv2d conv2d_dilated */
typedef struct {
  int8_t byte[2];
} kws_two_bytes;

/* kws:end */

/* Four bytes, aligned or not, by one instruction, which these cores allow: a compiler that is told otherwise, as some
 * are by default, would read byte by byte. */
KWS_INLINE uint32_t kws_load4(const int8_t* bytes) {
  uint32_t word;
#if defined(__ARM_FEATURE_UNALIGNED)
  memcpy(&word, bytes, sizeof word);
#else
  __asm__("ldr %0, %1" : "=r"(word) : "m"(*(const kws_four_bytes*)(const void*)bytes));
#endif
  return word;
}

/* kws:begin pointwise conv2d conv2d_dilated */
/* The lower two bytes. */
KWS_INLINE void kws_store2(int8_t* bytes, uint32_t word) {
  const uint16_t half = (uint16_t)word;
#if defined(__ARM_FEATURE_UNALIGNED)
  memcpy(bytes, &half, sizeof half);
#else
  __asm__("strh %1, %0" : "=m"(*(kws_two_bytes*)(void*)bytes) : "r"(half));
#endif
}

/* kws:end */
/* kws:begin depthwise depthwise_large add */
KWS_INLINE void kws_store4(int8_t* bytes, uint32_t word) {
#if defined(__ARM_FEATURE_UNALIGNED)
  memcpy(bytes, &word, sizeof word);
#else
  __asm__("str %1, %0" : "=m"(*(kws_four_bytes*)(void*)bytes) : "r"(word));
#endif
}

/* kws:end */
#endif

/* (x * multiplier + 2^30) >> 31 for |x| < 2^30, 0 <= multiplier < 2^31 */
KWS_INLINE int32_t kws_high(int32_t x, int32_t multiplier) {
#if KWS_DSP
  return kws_smmulr((int32_t)((uint32_t)x << 1), multiplier);
#elif defined(KWS_SHORT_MULTIPLY)
  const uint32_t x_low = (uint32_t)x & 0xFFFFU;
  const int32_t x_high = x >> 16;
  const uint32_t m_low = (uint32_t)multiplier & 0xFFFFU;
  const uint32_t m_high = (uint32_t)multiplier >> 16;
  const uint32_t below = x_low * m_high + ((x_low * m_low) >> 16);
  const int32_t across = x_high * (int32_t)m_low;
  const int32_t carry = (int32_t)(((uint32_t)across & 0x7FFFU) + (below & 0x7FFFU) + 0x4000U) >> 15;
  return 2 * x_high * (int32_t)m_high + (across >> 15) + (int32_t)(below >> 15) + carry;
#else
  return (int32_t)(((int64_t)x * multiplier + ((int64_t)1 << 30)) >> 31);
#endif
}

/* x * 2^shift for shift < 0, rounded half away from zero: a negative x one lower makes its ties go down, and adding a
 * half before the last place goes is adding one to the place after it. */
KWS_INLINE int32_t kws_round_shift(int32_t x, int32_t shift) { return (((x + (x >> 31)) >> ~shift) + 1) >> 1; }

/* acc * multiplier * 2^(shift - 31), rounded twice as TensorFlow Lite does: to the product's high part, then half away
 * from zero. Shifted as unsigned, because a negative left operand is undefined. */
KWS_INLINE int32_t kws_requantize(int32_t acc, int32_t multiplier, int32_t shift) {
  if (KWS_LIKELY(shift < 0)) {
    const int32_t high = kws_high(acc, multiplier);
    return kws_round_shift(high, shift);
  }
  return kws_high((int32_t)((uint32_t)acc << (uint32_t)shift), multiplier);
}

/* kws:begin pointwise conv2d conv2d_dilated depthwise depthwise_large dense avg_pool avg_pool_rows add */
/* A scaled accumulator as the layer's output; low is at least -128. */
KWS_INLINE int32_t kws_output(int32_t scaled, int32_t zero_out, int32_t low) {
#if KWS_DSP
  const int32_t x = kws_ssat8(scaled + zero_out);
#else
  const int32_t x = scaled + zero_out > 127 ? 127 : scaled + zero_out;
#endif
  return x < low ? low : x;
}

/* An accumulator as the layer's output, by kws_requantize() and kws_output(). */
KWS_INLINE int32_t kws_scaled_output(int32_t acc, int32_t multiplier, int32_t shift, int32_t zero_out, int32_t low) {
  return kws_output(kws_requantize(acc, multiplier, shift), zero_out, low);
}

/* kws:end */
#if KWS_DSP
/* kws:begin pointwise conv2d conv2d_dilated depthwise depthwise_large */
/* kws_requantize() by a shift to the right of `places` + 1, and kws_output() without its lower end: the last place goes
 * with the saturation. twice: 2 zero_out + 1 */
KWS_INLINE int32_t kws_right_output(int32_t acc, int32_t multiplier, uint32_t places, int32_t twice) {
  const int32_t high = kws_high(acc, multiplier);
  return kws_ssat8_half(((high + (high >> 31)) >> places) + twice);
}

/* kws:end */
/* kws:begin pointwise conv2d conv2d_dilated */
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

/* kws:end */
/* kws:begin depthwise depthwise_large */
/* Outputs of four channels. */
KWS_INLINE void kws_four_outputs(int32_t a, int32_t b, int32_t c, int32_t d, const int32_t* multiplier,
                                 const int8_t* shift, int32_t zero, int32_t low, int8_t* y) {
  const uint32_t places = ~kws_load4(shift);
  if (KWS_LIKELY((places & 0x80808080U) == 0)) {
    const int32_t twice = 2 * zero + 1;
    a = kws_right_output(a, multiplier[0], places & 255U, twice);
    b = kws_right_output(b, multiplier[1], (places >> 8) & 255U, twice);
    c = kws_right_output(c, multiplier[2], (places >> 16) & 255U, twice);
    d = kws_right_output(d, multiplier[3], places >> 24, twice);
  } else {
    a = kws_ssat8(kws_requantize(a, multiplier[0], shift[0]) + zero);
    b = kws_ssat8(kws_requantize(b, multiplier[1], shift[1]) + zero);
    c = kws_ssat8(kws_requantize(c, multiplier[2], shift[2]) + zero);
    d = kws_ssat8(kws_requantize(d, multiplier[3], shift[3]) + zero);
  }
  kws_store4(y, kws_four(a, b, c, d, ((uint32_t)low & 255U) * 0x01010101U));
}

/* kws:end */
#endif
#if KWS_MVE
/* kws_requantize() of four values. */
KWS_INLINE int32x4_t kws_requantize4(int32x4_t acc, int32x4_t multiplier, int32x4_t shift) {
  const int32x4_t zero = vdupq_n_s32(0);
  const int32x4_t right = vminq_s32(shift, zero);
  const int32x4_t high = vqrdmulhq_s32(vshlq_s32(acc, vmaxq_s32(shift, zero)), multiplier);
  /* One less where a negative value is shifted to the right, see kws_round_shift(). */
  return vrshlq_s32(vaddq_s32(high, vshrq_n_s32(vandq_s32(high, right), 31)), right);
}

/* kws:begin pointwise conv2d conv2d_dilated depthwise dense */
/* kws_output() of four values. */
KWS_INLINE int32x4_t kws_output4(int32x4_t scaled, int32_t zero_out, int32_t low) {
  return vmaxq_s32(vminq_s32(vaddq_n_s32(scaled, zero_out), vdupq_n_s32(127)), vdupq_n_s32(low));
}

/* kws:end */
/* kws:begin pointwise conv2d conv2d_dilated dense gru lstm */
/* Products of x with four rows of n weights. */
KWS_INLINE int32x4_t kws_products4(const int8_t* x, const int8_t* w0, int32_t n) {
  const int8_t* w1 = w0 + n;
  const int8_t* w2 = w1 + n;
  const int8_t* w3 = w2 + n;
  int32x4_t result = vdupq_n_s32(0);
  int32_t a = 0;
  int32_t b = 0;
  int32_t c = 0;
  int32_t d = 0;
  int32_t i;
  for (i = n >> 4; i > 0; --i) {
    const int8x16_t v = vldrbq_s8(x);
    a = vmladavaq_s8(a, v, vldrbq_s8(w0));
    b = vmladavaq_s8(b, v, vldrbq_s8(w1));
    c = vmladavaq_s8(c, v, vldrbq_s8(w2));
    d = vmladavaq_s8(d, v, vldrbq_s8(w3));
    x += 16;
    w0 += 16;
    w1 += 16;
    w2 += 16;
    w3 += 16;
  }
  if ((n & 15) != 0) {
    const mve_pred16_t rest = vctp8q((uint32_t)n & 15U);
    const int8x16_t v = vldrbq_z_s8(x, rest);
    a = vmladavaq_s8(a, v, vldrbq_z_s8(w0, rest));
    b = vmladavaq_s8(b, v, vldrbq_z_s8(w1, rest));
    c = vmladavaq_s8(c, v, vldrbq_z_s8(w2, rest));
    d = vmladavaq_s8(d, v, vldrbq_z_s8(w3, rest));
  }
  result = vsetq_lane_s32(a, result, 0);
  result = vsetq_lane_s32(b, result, 1);
  result = vsetq_lane_s32(c, result, 2);
  return vsetq_lane_s32(d, result, 3);
}

/* kws:end */
#endif

/* kws:begin pointwise conv2d conv2d_dilated dense gru lstm */
/* acc[i] = bias + x w for rows `row` .. row + 3 of n weights each, as far as there are so many of `rows`. */
static void kws_four_rows(const kws_product* m, const int8_t* x, int32_t n, int32_t row, int32_t rows, int32_t* acc) {
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
      const uint32_t x_even = kws_even(x_word);
      const uint32_t x_odd = kws_odd(x_word);
      uint32_t w_word = kws_load4(w + n);
      b = kws_smlad(x_even, kws_even(w_word), b);
      b = kws_smlad(x_odd, kws_odd(w_word), b);
      w_word = kws_load4(w);
      a = kws_smlad(x_even, kws_even(w_word), a);
      a = kws_smlad(x_odd, kws_odd(w_word), a);
      w_word = kws_load4(w2 + n);
      d = kws_smlad(x_even, kws_even(w_word), d);
      d = kws_smlad(x_odd, kws_odd(w_word), d);
      w_word = kws_load4(w2);
      c = kws_smlad(x_even, kws_even(w_word), c);
      c = kws_smlad(x_odd, kws_odd(w_word), c);
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
/* kws:begin pointwise conv2d conv2d_dilated */
#if KWS_MVE
/* All channels of two positions, whose windows of n elements lie one behind the other, four at a time; of the last four
 * some are computed twice. */
static void kws_two_positions(const kws_conv_params* p, const int8_t* x, int32_t n, int8_t* y0, int8_t* y1) {
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
static void kws_two_positions(const kws_conv_params* p, const int8_t* x, int32_t n, int8_t* y0, int8_t* y1) {
  const kws_product* m = &p->main;
  const int32_t channels = p->out_channels;
  const int32_t zero = p->zero_out;
  const int32_t low = p->activation_min;
  int32_t acc[6];
  int32_t i;
  if (channels == 1) {
    kws_four_rows(m, x, n, 0, 1, acc);
    acc[1] = acc[0];
    kws_four_rows(m, x + n, n, 0, 1, acc + 2);
    *y0 = (int8_t)kws_scaled_output(acc[1], m->multiplier[0], m->shift[0], zero, low);
    *y1 = (int8_t)kws_scaled_output(acc[2], m->multiplier[0], m->shift[0], zero, low);
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
/* kws:begin pointwise conv2d conv2d_dilated depthwise depthwise_large */
/* Where the i-th block of `block` positions begins; the last of an uneven number repeats some of the one before. */
KWS_INLINE int32_t kws_begin(const kws_conv_params* p, int32_t i, int32_t block) {
  const int32_t last = p->out_time * p->out_freq - block;
  const int32_t begin = i < last ? i : last;
  return p->reverse != 0 ? last - begin : begin;
}

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
/* kws:begin conv2d */
/* Copies the window of a position; what lies outside the map becomes zero_in. */
static void kws_window(const kws_conv_params* p, const int8_t* in, int32_t position, int8_t* window) {
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
  const kws_conv_params* p = (const kws_conv_params*)params;
  const int32_t count = p->out_time * p->out_freq;
  const int32_t n = p->kernel_time * p->kernel_freq * p->in_channels;
  int8_t* const x = (int8_t*)scratch;
  int32_t i;
  for (i = 0; i < count; i += 2) {
    /* A map of one position counts it twice. */
    const int32_t a = count > 1 ? kws_begin(p, i, 2) : 0;
    const int32_t b = count > 1 ? a + 1 : 0;
    kws_window(p, in, a, x);
    kws_window(p, in, b, x + n);
    kws_two_positions(p, x, n, out + a * p->out_channels, out + b * p->out_channels);
  }
}

/* kws:end */
/* kws:begin conv2d_dilated */
static void kws_window_dilated(const kws_conv2d_dilated_params* d, const int8_t* in, int32_t position, int8_t* window) {
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
  const kws_conv2d_dilated_params* d = (const kws_conv2d_dilated_params*)params;
  const kws_conv_params* p = &d->conv;
  const int32_t count = p->out_time * p->out_freq;
  const int32_t n = p->kernel_time * p->kernel_freq * p->in_channels;
  int8_t* const x = (int8_t*)scratch;
  int32_t i;
  for (i = 0; i < count; i += 2) {
    /* A map of one position counts it twice. */
    const int32_t a = count > 1 ? kws_begin(p, i, 2) : 0;
    const int32_t b = count > 1 ? a + 1 : 0;
    kws_window_dilated(d, in, a, x);
    kws_window_dilated(d, in, b, x + n);
    kws_two_positions(p, x, n, out + a * p->out_channels, out + b * p->out_channels);
  }
}

/* kws:end */
/* kws:begin depthwise */
#define KWS_DEPTHWISE_CHUNK 64

/* Channels first .. first + n - 1 of one position. x: where each tap reads channel `first`. */
static void kws_depthwise_channels(const kws_conv_params* p, const int8_t* const* x, int32_t taps, int32_t first,
                                   int32_t n, int8_t* y) {
  const kws_product* m = &p->main;
  const int32_t step = p->in_channels;
  const int32_t zero = p->zero_out;
  const int32_t low = p->activation_min;
  const int8_t* const* const end = x + taps;
  const int32_t* const multiplier = m->multiplier + first;
  const int8_t* const shift = m->shift + first;
  int32_t c;
#if KWS_MVE
  /* Products of eight channels are 32 bits wide: the even channels are one vector, the odd ones another. */
  for (c = 0; c + 8 <= n; c += 8) {
    const int32x4x2_t bias = vld2q_s32(m->bias + first + c);
    const int32x4x2_t factor = vld2q_s32(multiplier + c);
    const int16x8_t shifts = vldrbq_s16(shift + c);
    const int8_t* w = m->weight + first + c;
    const int8_t* const* tap = x;
    int32x4_t even = bias.val[0];
    int32x4_t odd = bias.val[1];
    int16x8_t both;
    while (tap != end) {
      const int16x8_t v = vldrbq_s16(*tap + c);
      const int16x8_t weights = vldrbq_s16(w);
      even = vaddq_s32(even, vmullbq_int_s16(v, weights));
      odd = vaddq_s32(odd, vmulltq_int_s16(v, weights));
      w += step;
      ++tap;
    }
    even = kws_output4(kws_requantize4(even, factor.val[0], vmovlbq_s16(shifts)), zero, low);
    odd = kws_output4(kws_requantize4(odd, factor.val[1], vmovltq_s16(shifts)), zero, low);
    both = vmovnbq_s32(vdupq_n_s16(0), even);
    vstrbq_s16(y + c, vmovntq_s32(both, odd));
  }
#else
  c = 0;
#endif
  for (; c + 4 <= n; c += 4) {
    const int32_t row = first + c;
    const int8_t* w = m->weight + row;
    const int8_t* const* tap = x;
    int32_t acc0 = m->bias[row];
    int32_t acc1 = m->bias[row + 1];
    int32_t acc2 = m->bias[row + 2];
    int32_t acc3 = m->bias[row + 3];
    while (tap != end) {
      const int8_t* const v = *tap + c;
#if KWS_DSP
      const uint32_t x_word = kws_load4(v);
      const uint32_t w_word = kws_load4(w);
      const uint32_t x_even = kws_even(x_word);
      const uint32_t x_odd = kws_odd(x_word);
      const uint32_t w_even = kws_even(w_word);
      const uint32_t w_odd = kws_odd(w_word);
      acc0 = kws_smlabb(x_even, w_even, acc0);
      acc1 = kws_smlabb(x_odd, w_odd, acc1);
      acc2 = kws_smlatt(x_even, w_even, acc2);
      acc3 = kws_smlatt(x_odd, w_odd, acc3);
#else
      acc0 += v[0] * w[0];
      acc1 += v[1] * w[1];
      acc2 += v[2] * w[2];
      acc3 += v[3] * w[3];
#endif
      w += step;
      ++tap;
    }
#if KWS_DSP
    kws_four_outputs(acc0, acc1, acc2, acc3, multiplier + c, shift + c, zero, low, y + c);
#else
    y[c] = (int8_t)kws_scaled_output(acc0, multiplier[c], shift[c], zero, low);
    y[c + 1] = (int8_t)kws_scaled_output(acc1, multiplier[c + 1], shift[c + 1], zero, low);
    y[c + 2] = (int8_t)kws_scaled_output(acc2, multiplier[c + 2], shift[c + 2], zero, low);
    y[c + 3] = (int8_t)kws_scaled_output(acc3, multiplier[c + 3], shift[c + 3], zero, low);
#endif
  }
  for (; c < n; ++c) {
    const int8_t* w = m->weight + first + c;
    const int8_t* const* tap = x;
    int32_t acc = m->bias[first + c];
    while (tap != end) {
      acc += (*tap)[c] * *w;
      w += step;
      ++tap;
    }
    y[c] = (int8_t)kws_scaled_output(acc, multiplier[c], shift[c], zero, low);
  }
}

void kws_depthwise_s8(const void* params, const int8_t* in, int8_t* out, void* scratch) {
  const kws_conv_params* p = (const kws_conv_params*)params;
  const int32_t count = p->out_time * p->out_freq;
  const int32_t channels = p->in_channels;
  const int8_t* x[KWS_DEPTHWISE_TAPS];
  int8_t outside[KWS_DEPTHWISE_CHUNK];
  int32_t i;
  (void)scratch;
  memset(outside, (int)p->zero_in, sizeof outside);
  for (i = 0; i < count; ++i) {
    const int32_t position = kws_begin(p, i, 1);
    const int32_t time = position / p->out_freq * p->stride_time - p->pad_time;
    const int32_t freq = position % p->out_freq * p->stride_freq - p->pad_freq;
    int32_t first;
    for (first = 0; first < channels; first += KWS_DEPTHWISE_CHUNK) {
      const int32_t left = channels - first;
      int32_t taps = 0;
      int32_t k;
      int32_t j;
      for (k = time; k < time + p->kernel_time; ++k) {
        /* As unsigned numbers, negative ones lie behind the map. */
        const uint32_t width = (uint32_t)k < (uint32_t)p->in_time ? (uint32_t)p->in_freq : 0U;
        const int8_t* row = in + (k * p->in_freq + freq) * channels + first;
        for (j = freq; j < freq + p->kernel_freq; ++j) {
          x[taps] = (uint32_t)j < width ? row : outside;
          row += channels;
          ++taps;
        }
      }
      kws_depthwise_channels(p, x, taps, first, left < KWS_DEPTHWISE_CHUNK ? left : KWS_DEPTHWISE_CHUNK,
                             out + position * channels + first);
    }
  }
}

/* kws:end */
/* kws:begin depthwise_large */
/* Taps at once; channels at once, where these are all and where there are more. */
#define KWS_DEPTHWISE_LARGE_TAPS 32
#define KWS_DEPTHWISE_LARGE_CHUNK 64
#define KWS_DEPTHWISE_LARGE_SUMS 32

/* Some channels of one position, and some of its taps. */
typedef struct {
  const int8_t* x[KWS_DEPTHWISE_LARGE_TAPS]; /* where each tap reads the first channel */
  int32_t taps;
  int32_t n;             /* channels */
  const int8_t* weight;  /* of the first tap */
  const int32_t* before; /* bias, or the sum over the taps before these */
  int32_t* acc;          /* the sum, unless these taps are the last ones: NULL */
  const int32_t* multiplier;
  const int8_t* shift;
  int8_t* y;
} kws_depthwise_part;

static void kws_depthwise_sum(const kws_conv_params* p, const kws_depthwise_part* part) {
  const int32_t step = p->in_channels;
  const int32_t zero = p->zero_out;
  const int32_t low = p->activation_min;
  const int32_t n = part->n;
  const int8_t* const* const end = part->x + part->taps;
  int32_t c = 0;
#if KWS_MVE
  /* As in kws_depthwise_channels(). */
  for (; c + 8 <= n; c += 8) {
    const int32x4x2_t before = vld2q_s32(part->before + c);
    const int8_t* w = part->weight + c;
    const int8_t* const* tap = part->x;
    int32x4x2_t sum;
    sum.val[0] = before.val[0];
    sum.val[1] = before.val[1];
    while (tap != end) {
      const int16x8_t v = vldrbq_s16(*tap + c);
      const int16x8_t weights = vldrbq_s16(w);
      sum.val[0] = vaddq_s32(sum.val[0], vmullbq_int_s16(v, weights));
      sum.val[1] = vaddq_s32(sum.val[1], vmulltq_int_s16(v, weights));
      w += step;
      ++tap;
    }
    if (part->acc != NULL) {
      vst2q_s32(part->acc + c, sum);
    } else {
      const int32x4x2_t factor = vld2q_s32(part->multiplier + c);
      const int16x8_t shifts = vldrbq_s16(part->shift + c);
      const int32x4_t even = kws_requantize4(sum.val[0], factor.val[0], vmovlbq_s16(shifts));
      const int32x4_t odd = kws_requantize4(sum.val[1], factor.val[1], vmovltq_s16(shifts));
      const int16x8_t both = vmovnbq_s32(vdupq_n_s16(0), kws_output4(even, zero, low));
      vstrbq_s16(part->y + c, vmovntq_s32(both, kws_output4(odd, zero, low)));
    }
  }
#endif
  for (; c + 4 <= n; c += 4) {
    const int32_t* const before = part->before + c;
    const int8_t* w = part->weight + c;
    const int8_t* const* tap = part->x;
    int32_t acc0 = before[0];
    int32_t acc1 = before[1];
    int32_t acc2 = before[2];
    int32_t acc3 = before[3];
    while (tap != end) {
      /* There is a tap. NOLINTNEXTLINE(clang-analyzer-core.*) */
      const int8_t* const v = *tap + c;
#if KWS_DSP
      const uint32_t x_word = kws_load4(v);
      const uint32_t w_word = kws_load4(w);
      const uint32_t x_even = kws_even(x_word);
      const uint32_t x_odd = kws_odd(x_word);
      const uint32_t w_even = kws_even(w_word);
      const uint32_t w_odd = kws_odd(w_word);
      acc0 = kws_smlabb(x_even, w_even, acc0);
      acc1 = kws_smlabb(x_odd, w_odd, acc1);
      acc2 = kws_smlatt(x_even, w_even, acc2);
      acc3 = kws_smlatt(x_odd, w_odd, acc3);
#else
      acc0 += v[0] * w[0];
      acc1 += v[1] * w[1];
      acc2 += v[2] * w[2];
      acc3 += v[3] * w[3];
#endif
      w += step;
      ++tap;
    }
    if (part->acc != NULL) {
      part->acc[c] = acc0;
      part->acc[c + 1] = acc1;
      part->acc[c + 2] = acc2;
      part->acc[c + 3] = acc3;
    } else {
      const int32_t* const multiplier = part->multiplier + c;
      const int8_t* const shift = part->shift + c;
      int8_t* const y = part->y + c;
#if KWS_DSP
      kws_four_outputs(acc0, acc1, acc2, acc3, multiplier, shift, zero, low, y);
#else
      y[0] = (int8_t)kws_scaled_output(acc0, multiplier[0], shift[0], zero, low);
      y[1] = (int8_t)kws_scaled_output(acc1, multiplier[1], shift[1], zero, low);
      y[2] = (int8_t)kws_scaled_output(acc2, multiplier[2], shift[2], zero, low);
      y[3] = (int8_t)kws_scaled_output(acc3, multiplier[3], shift[3], zero, low);
#endif
    }
  }
  for (; c < n; ++c) {
    const int8_t* w = part->weight + c;
    const int8_t* const* tap = part->x;
    int32_t acc = part->before[c];
    while (tap != end) {
      /* There is a tap. NOLINTNEXTLINE(clang-analyzer-core.*) */
      acc += (*tap)[c] * *w;
      w += step;
      ++tap;
    }
    if (part->acc != NULL) {
      part->acc[c] = acc;
    } else {
      part->y[c] = (int8_t)kws_scaled_output(acc, part->multiplier[c], part->shift[c], zero, low);
    }
  }
}

/* All taps of the channels from `first` on, for a window that begins at `time`, `freq`. */
static void kws_depthwise_window(const kws_depthwise_large_params* d, kws_depthwise_part* part, const int8_t* in,
                                 int32_t time, int32_t freq, int32_t first, const int8_t* outside, int32_t* acc) {
  const kws_conv_params* p = &d->conv;
  const int32_t step = d->dilation_freq * p->in_channels;
  const int8_t* row = in + (time * p->in_freq + freq) * p->in_channels + first;
  int32_t left = p->kernel_time * p->kernel_freq;
  int32_t taps = 0;
  int32_t k;
  int32_t j;
  part->weight = p->main.weight + first;
  for (k = p->kernel_time; k > 0; --k) {
    /* As unsigned numbers, negative ones lie behind the map. */
    const uint32_t width = (uint32_t)time < (uint32_t)p->in_time ? (uint32_t)p->in_freq : 0U;
    const int8_t* x = row;
    uint32_t f = (uint32_t)freq;
    for (j = p->kernel_freq; j > 0; --j) {
      part->x[taps] = f < width ? x : outside;
      f += (uint32_t)d->dilation_freq;
      x += step;
      ++taps;
      if (taps == KWS_DEPTHWISE_LARGE_TAPS && left > taps) {
        part->taps = taps;
        part->acc = acc;
        kws_depthwise_sum(p, part);
        part->before = acc;
        part->weight += taps * p->in_channels;
        left -= taps;
        taps = 0;
      }
    }
    time += d->dilation_time;
    row += d->dilation_time * p->in_freq * p->in_channels;
  }
  part->taps = taps;
  part->acc = NULL;
  kws_depthwise_sum(p, part);
}

void kws_depthwise_large_s8(const void* params, const int8_t* in, int8_t* out, void* scratch) {
  const kws_depthwise_large_params* d = (const kws_depthwise_large_params*)params;
  const kws_conv_params* p = &d->conv;
  const int32_t channels = p->in_channels;
  const int32_t out_freq = p->out_freq;
  const int32_t taps = p->kernel_time * p->kernel_freq;
  const int32_t chunk = taps > KWS_DEPTHWISE_LARGE_TAPS ? KWS_DEPTHWISE_LARGE_SUMS : KWS_DEPTHWISE_LARGE_CHUNK;
  /* Where windows that lie inside the map begin at most. */
  const int32_t last_time = p->in_time - 1 - (p->kernel_time - 1) * d->dilation_time;
  const int32_t last_freq =
      taps > KWS_DEPTHWISE_LARGE_TAPS ? -1 : p->in_freq - 1 - (p->kernel_freq - 1) * d->dilation_freq;
  /* Either is needed: of each tap from the window's beginning, or sums between groups of taps. */
  union {
    int32_t offset[KWS_DEPTHWISE_LARGE_TAPS];
    int32_t acc[KWS_DEPTHWISE_LARGE_SUMS];
  } u;
  int8_t outside[KWS_DEPTHWISE_LARGE_CHUNK];
  kws_depthwise_part part;
  int32_t i;
  int32_t j;
  int32_t k;
  (void)scratch;
  memset(outside, (int)p->zero_in, sizeof outside);
  for (k = 0; k < taps && k < KWS_DEPTHWISE_LARGE_TAPS; ++k) {
    const int32_t row = k / p->kernel_freq;
    u.offset[k] = (row * d->dilation_time * p->in_freq + (k - row * p->kernel_freq) * d->dilation_freq) * channels;
  }
  for (i = 0; i < p->out_time; ++i) {
    const int32_t row = p->reverse != 0 ? p->out_time - 1 - i : i;
    const int32_t time = row * p->stride_time - p->pad_time;
    const int32_t width = time >= 0 && time <= last_time ? last_freq : -1;
    for (j = 0; j < out_freq; ++j) {
      const int32_t place = p->reverse != 0 ? out_freq - 1 - j : j;
      const int32_t freq = place * p->stride_freq - p->pad_freq;
      const int32_t band = d->bands > 1 ? place * d->bands / out_freq * channels : 0;
      int8_t* const y = out + (row * out_freq + place) * channels;
      const int inside = freq >= 0 && freq <= width;
      int32_t first = 0;
      part.n = channels;
      if (inside) {
        const int8_t* const x = in + (time * p->in_freq + freq) * channels;
        for (k = 0; k < taps; ++k) {
          part.x[k] = x + u.offset[k];
        }
        part.taps = taps;
        part.weight = p->main.weight;
        part.acc = NULL;
      }
      do {
        part.before = p->main.bias + band + first;
        part.multiplier = p->main.multiplier + band + first;
        part.shift = p->main.shift + band + first;
        part.y = y + first;
        if (inside) {
          kws_depthwise_sum(p, &part);
          break;
        }
        part.n = channels - first < chunk ? channels - first : chunk;
        kws_depthwise_window(d, &part, in, time, freq, first, outside, u.acc);
        first += chunk;
      } while (first < channels);
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
/* kws:begin avg_pool avg_pool_rows */
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
    const int8_t* x = in + c;
    uint32_t even = 0;
    uint32_t odd = 0;
    for (i = p->positions; i > 0; --i) {
      const uint32_t word = kws_load4(x);
      even = kws_add_halves(even, kws_even(word));
      odd = kws_add_halves(odd, kws_odd(word));
      x += channels;
    }
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
/* kws:begin add */
#if KWS_DSP
/* The upper halves of two words in one. */
KWS_INLINE uint32_t kws_upper(uint32_t a, uint32_t b) {
  uint32_t result;
  __asm__("pkhtb %0, %2, %1, asr #16" : "=r"(result) : "r"(a), "r"(b));
  return result;
}

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
    const uint32_t a_even = kws_even(a_word);
    const uint32_t b_even = kws_even(b_word);
    const uint32_t a_odd = kws_odd(a_word);
    const uint32_t b_odd = kws_odd(b_word);
    const int32_t y0 = kws_smlad_of(kws_lower(a_even, b_even), factors, bias) >> shift;
    const int32_t y2 = kws_smlad_of(kws_upper(a_even, b_even), factors, bias) >> shift;
    const int32_t y1 = kws_smlad_of(kws_lower(a_odd, b_odd), factors, bias) >> shift;
    const int32_t y3 = kws_smlad_of(kws_upper(a_odd, b_odd), factors, bias) >> shift;
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
/* kws:begin gru lstm */
/* round(32768 sigmoid(k / 32)) */
static const uint16_t kws_sigmoid_table[257] = {
    16384, 16640, 16896, 17151, 17407, 17661, 17916, 18169, 18421, 18673, 18923, 19173, 19420, 19667, 19912, 20155,
    20397, 20636, 20874, 21110, 21344, 21575, 21804, 22031, 22255, 22477, 22696, 22913, 23127, 23338, 23547, 23753,
    23955, 24155, 24352, 24546, 24737, 24925, 25110, 25292, 25471, 25646, 25819, 25988, 26155, 26318, 26479, 26636,
    26790, 26941, 27090, 27235, 27377, 27516, 27653, 27786, 27917, 28045, 28169, 28292, 28411, 28528, 28642, 28753,
    28862, 28968, 29072, 29173, 29272, 29368, 29462, 29554, 29644, 29731, 29816, 29899, 29979, 30058, 30135, 30210,
    30282, 30353, 30422, 30489, 30555, 30618, 30680, 30740, 30799, 30856, 30912, 30966, 31018, 31069, 31119, 31167,
    31214, 31260, 31304, 31347, 31389, 31430, 31469, 31508, 31545, 31581, 31616, 31651, 31684, 31716, 31747, 31778,
    31807, 31836, 31864, 31891, 31917, 31943, 31968, 31992, 32015, 32038, 32060, 32081, 32102, 32122, 32141, 32160,
    32179, 32196, 32214, 32231, 32247, 32263, 32278, 32293, 32307, 32321, 32335, 32348, 32361, 32373, 32385, 32397,
    32408, 32419, 32430, 32440, 32450, 32460, 32469, 32478, 32487, 32496, 32504, 32512, 32520, 32527, 32535, 32542,
    32549, 32555, 32562, 32568, 32574, 32580, 32586, 32592, 32597, 32602, 32607, 32612, 32617, 32622, 32626, 32630,
    32635, 32639, 32643, 32647, 32650, 32654, 32657, 32661, 32664, 32667, 32670, 32673, 32676, 32679, 32682, 32684,
    32687, 32689, 32692, 32694, 32696, 32699, 32701, 32703, 32705, 32707, 32709, 32711, 32712, 32714, 32716, 32717,
    32719, 32720, 32722, 32723, 32725, 32726, 32727, 32728, 32730, 32731, 32732, 32733, 32734, 32735, 32736, 32737,
    32738, 32739, 32740, 32741, 32742, 32742, 32743, 32744, 32745, 32745, 32746, 32747, 32747, 32748, 32749, 32749,
    32750, 32750, 32751, 32752, 32752, 32753, 32753, 32753, 32754, 32754, 32755, 32755, 32756, 32756, 32756, 32757,
    32757};

KWS_INLINE int32_t kws_clamp(int32_t x, int32_t low, int32_t high) { return x < low ? low : (x > high ? high : x); }

/* x in Q12; results Q15: sigmoid 0..32768, tanh -32768..32767. */
static int32_t kws_sigmoid_q15(int32_t x) {
  const int32_t magnitude = x < 0 ? -x : x;
  int32_t value = (int32_t)kws_sigmoid_table[256];
  if (magnitude < 8 * 4096) {
    const int32_t k = magnitude >> 7;
    const int32_t low = (int32_t)kws_sigmoid_table[k];
    const int32_t high = (int32_t)kws_sigmoid_table[k + 1];
    value = low + (((high - low) * (magnitude & 127) + 64) >> 7);
  }
  return x >= 0 ? value : 32768 - value;
}

KWS_INLINE int32_t kws_tanh_q15(int32_t x) { return kws_clamp(2 * kws_sigmoid_q15(2 * x) - 32768, -32768, 32767); }

KWS_INLINE int32_t kws_sat16(int32_t x) { return kws_clamp(x, -32768, 32767); }

/* 16-bit pre-activations of units j .. j + 3 of a gate, whose rows begin at `gate`. */
static void kws_gate_sums(const kws_product* m, const int8_t* x, int32_t n, int32_t gate, int32_t j, int32_t cells,
                          int32_t* a) {
  int32_t i;
  kws_four_rows(m, x, n, gate + j, gate + cells, a);
#if KWS_MVE
  if (j + 4 <= cells) {
    const int32x4_t scaled =
        kws_requantize4(vld1q_s32(a), vld1q_s32(m->multiplier + gate + j), vldrbq_s32(m->shift + gate + j));
    vst1q_s32(a, vmaxq_s32(vminq_s32(scaled, vdupq_n_s32(32767)), vdupq_n_s32(-32768)));
    return;
  }
#endif
  for (i = 0; i < 4 && j + i < cells; ++i) {
    a[i] = kws_sat16(kws_requantize(a[i], m->multiplier[gate + j + i], m->shift[gate + j + i]));
  }
}

/* kws:end */
/* kws:begin gru */
const int8_t* kws_gru_step(const void* params, const int8_t* x, void* state) {
  const kws_gru_params* p = (const kws_gru_params*)params;
  const int32_t cells = p->cells;
  int16_t* const h16 = (int16_t*)state;
  int8_t* const h8 = (int8_t*)(h16 + cells);
  int32_t j;
  int32_t i;
  for (j = 0; j < cells; j += 4) {
    int32_t ax[3][4];
    int32_t ah[3][4];
    for (i = 0; i < 3; ++i) {
      kws_gate_sums(&p->main, x, p->inputs, i * cells, j, cells, ax[i]);
      kws_gate_sums(&p->recurrent, h8, cells, i * cells, j, cells, ah[i]);
    }
    for (i = 0; i < 4 && j + i < cells; ++i) {
      /* Q4.11 doubled is Q12. */
      const int32_t r = kws_sigmoid_q15(2 * kws_sat16(ax[0][i] + ah[0][i]));
      const int32_t z = kws_sigmoid_q15(2 * kws_sat16(ax[1][i] + ah[1][i]));
      const int32_t gated = (r * ah[2][i] + 16384) >> 15;
      const int32_t fresh = kws_tanh_q15(2 * kws_sat16(ax[2][i] + gated));
      h16[j + i] = (int16_t)kws_sat16((z * h16[j + i] + (32768 - z) * fresh + 16384) >> 15);
    }
  }
  /* Only now: every unit reads the whole old h8. */
  for (j = 0; j < cells; ++j) {
    h8[j] = (int8_t)kws_clamp((h16[j] + 128) >> 8, -128, 127);
  }
  return h8;
}

void kws_gru_s8(const void* params, const int8_t* in, int8_t* out, void* scratch) {
  const kws_gru_params* p = (const kws_gru_params*)params;
  int32_t t;
  memset(scratch, 0, (size_t)KWS_GRU_SCRATCH(p->cells));
  for (t = 0; t < p->steps; ++t) {
    const int8_t* const h8 = kws_gru_step(p, in, scratch);
    in += p->inputs;
    if (p->sequence != 0 || t == p->steps - 1) {
      memcpy(out, h8, (size_t)p->cells);
      out += p->cells;
    }
  }
}

/* kws:end */
/* kws:begin lstm */
static int32_t kws_lstm_peephole(const kws_lstm_params* p, int32_t which, int32_t j, int32_t a, int32_t cell) {
  const kws_product* m = &p->peephole;
  if (m->weight == NULL) {
    return a;
  }
  return kws_sat16(
      a + kws_requantize((int32_t)m->weight[which * p->cells + j] * cell, m->multiplier[which], m->shift[which]));
}

/* Moves unit j's cell state one step on and returns its hidden value. a: input, forget, cell, output gate. */
static int8_t kws_lstm_unit(const kws_lstm_params* p, int32_t j, const int32_t* a, int16_t* cell) {
  const int32_t old = *cell;
  const int32_t i = kws_sigmoid_q15(kws_lstm_peephole(p, 0, j, a[0], old));
  const int32_t f = kws_sigmoid_q15(kws_lstm_peephole(p, 1, j, a[1], old));
  const int32_t g = kws_tanh_q15(a[2]);
  const int32_t c = kws_sat16(((f * old + 16384) >> 15) + ((i * g + 131072) >> 18));
  const int32_t o = kws_sigmoid_q15(kws_lstm_peephole(p, 2, j, a[3], c));
  const int32_t hidden = (o * kws_tanh_q15(c) + 16384) >> 15;
  *cell = (int16_t)c;
  return (int8_t)kws_clamp((hidden + 128) >> 8, -128, 127);
}

const int8_t* kws_lstm_step(const void* params, const int8_t* x, void* state) {
  const kws_lstm_params* p = (const kws_lstm_params*)params;
  const int32_t cells = p->cells;
  int16_t* const cell = (int16_t*)state;
  int8_t* const hidden = (int8_t*)(cell + cells);
  int8_t* const h8 = hidden + cells;
  int32_t j;
  int32_t i;
  int32_t k;
  for (j = 0; j < cells; j += 4) {
    int32_t a[4][4]; /* [unit][gate] */
    for (k = 0; k < 4; ++k) {
      int32_t ax[4];
      int32_t ah[4];
      kws_gate_sums(&p->main, x, p->inputs, k * cells, j, cells, ax);
      kws_gate_sums(&p->recurrent, h8, p->outputs, k * cells, j, cells, ah);
      for (i = 0; i < 4; ++i) {
        a[i][k] = kws_sat16(ax[i] + ah[i]);
      }
    }
    for (i = 0; i < 4 && j + i < cells; ++i) {
      hidden[j + i] = kws_lstm_unit(p, j + i, a[i], &cell[j + i]);
    }
  }
  /* Only now: every unit reads the whole old h8. */
  if (p->projection.weight == NULL) {
    memcpy(h8, hidden, (size_t)cells);
    return h8;
  }
  for (j = 0; j < p->outputs; j += 4) {
    int32_t acc[4];
    kws_four_rows(&p->projection, hidden, cells, j, p->outputs, acc);
    for (i = 0; i < 4 && j + i < p->outputs; ++i) {
      const int32_t h = kws_requantize(acc[i], p->projection.multiplier[j + i], p->projection.shift[j + i]);
      h8[j + i] = (int8_t)kws_clamp(h, -128, 127);
    }
  }
  return h8;
}

void kws_lstm_s8(const void* params, const int8_t* in, int8_t* out, void* scratch) {
  const kws_lstm_params* p = (const kws_lstm_params*)params;
  const int8_t* h8 = (const int8_t*)scratch;
  int32_t t;
  memset(scratch, 0, (size_t)KWS_LSTM_SCRATCH(p->cells, p->outputs));
  for (t = 0; t < p->steps; ++t) {
    h8 = kws_lstm_step(p, in, scratch);
    in += p->inputs;
  }
  memcpy(out, h8, (size_t)p->outputs);
}

/* kws:end */
/* kws:begin pointwise conv2d depthwise gru lstm */
#if defined(KWS_OWN_OPTIMIZATION)
#pragma GCC pop_options
#undef KWS_OWN_OPTIMIZATION
#endif

/* kws:end */
