/* What the kernels share: arithmetic of one instruction, the way from an accumulator to an output. For their files
 * alone. */
#ifndef KWS_KERNELS_LANES_H
#define KWS_KERNELS_LANES_H

#include <string.h>

#include "kws_kernels.h"

/* Four forms of the same arithmetic, equal in every bit:
 *   Helium, the vectors of Cortex-M55 and above: sixteen multiply-accumulates an instruction,
 *   the DSP extension of Cortex-M4, M7, M33 and above: two multiply-accumulates an instruction,
 *   cores without a long multiply (ARMv6-M), where a product of 32 bits is put together from 16-bit parts,
 *   portable C99. -DKWS_PORTABLE takes it everywhere, and so does a build without optimisation, which leaves too few
 *   registers. */
#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__) && !defined(__ARM_BIG_ENDIAN) && defined(__GNUC__) && \
    defined(__OPTIMIZE__) && !defined(KWS_PORTABLE)
#define KWS_DSP 1
#else
#define KWS_DSP 0
#if defined(__ARM_ARCH_6M__) && !defined(KWS_PORTABLE)
#define KWS_SHORT_MULTIPLY
#endif
#endif

#if defined(__ARM_FEATURE_MVE) && !defined(__ARM_BIG_ENDIAN) && !defined(KWS_PORTABLE)
#define KWS_MVE 1
#include <arm_mve.h>
#else
#define KWS_MVE 0
#endif

#if defined(__GNUC__)
#define KWS_INLINE static inline __attribute__((always_inline))
#define KWS_APART static __attribute__((noinline)) /* with registers of its own */
#define KWS_LIKELY(condition) (__builtin_expect((condition) ? 1 : 0, 1) != 0)
#else
#define KWS_INLINE static inline
#define KWS_APART static
#define KWS_LIKELY(condition) (condition)
#endif

/* At -Os and -O3 GCC keeps fewer of the loops' values in registers, which costs up to half of the speed and gains next
 * to nothing in size, so kernels are compiled at -O2 whatever the project takes; -DKWS_KEEP_OPTIMIZATION keeps its
 * level. */
#if KWS_DSP && !defined(__clang__) && defined(__OPTIMIZE__) && !defined(KWS_KEEP_OPTIMIZATION)
#define KWS_OWN_OPTIMIZATION
#endif

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

/* kws:begin add */
/* The lower halves of two words in one. */
KWS_INLINE uint32_t kws_lower(uint32_t a, uint32_t b) {
  uint32_t result;
  __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(result) : "r"(a), "r"(b));
  return result;
}
/* The upper halves of two words in one. */
KWS_INLINE uint32_t kws_upper(uint32_t a, uint32_t b) {
  uint32_t result;
  __asm__("pkhtb %0, %2, %1, asr #16" : "=r"(result) : "r"(a), "r"(b));
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

/* kws:begin conv2d add */
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
  const int32_t high_x = x >> 16;
  const uint32_t m_low = (uint32_t)multiplier & 0xFFFFU;
  const uint32_t high_m = (uint32_t)multiplier >> 16;
  const uint32_t below = x_low * high_m + ((x_low * m_low) >> 16);
  const int32_t across = high_x * (int32_t)m_low;
  const int32_t carry = (int32_t)(((uint32_t)across & 0x7FFFU) + (below & 0x7FFFU) + 0x4000U) >> 15;
  return 2 * high_x * (int32_t)high_m + (across >> 15) + (int32_t)(below >> 15) + carry;
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
/* In assembler: kws_requantize() by a shift to the right of one more than the last byte of `places`, and kws_output()
 * without its lower end. The last place goes with the saturation. twice: 2 zero_out + 1; all are registers. */
#define KWS_RIGHT_OUTPUT(acc, multiplier, places, twice) \
  "lsl " acc ", " acc                                    \
  ", #1\n\t"                                             \
  "smmulr " acc ", " acc ", " multiplier                 \
  "\n\t"                                                 \
  "add " acc ", " acc ", " acc                           \
  ", asr #31\n\t"                                        \
  "asr " acc ", " acc ", " places                        \
  "\n\t"                                                 \
  "add " acc ", " acc ", " twice                         \
  "\n\t"                                                 \
  "ssat " acc ", #8, " acc ", asr #1\n\t"

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

/* kws:begin pointwise conv2d conv2d_dilated depthwise depthwise_large */
/* Where the i-th block of `block` positions begins; the last of an uneven number repeats some of the one before. */
KWS_INLINE int32_t kws_begin(const kws_conv_params* p, int32_t i, int32_t block) {
  const int32_t last = p->out_time * p->out_freq - block;
  const int32_t begin = i < last ? i : last;
  return p->reverse != 0 ? last - begin : begin;
}

/* kws:end */
/* kws:begin pointwise conv2d conv2d_dilated dense gru lstm */
/* acc[i] = bias + x w for rows `row` .. row + 3 of n weights each, as far as there are so many of `rows`. */
#ifdef __cplusplus
extern "C"
#endif
    void
    kws_four_rows(const kws_product* m, const int8_t* x, int32_t n, int32_t row, int32_t rows, int32_t* acc);

/* kws:end */
#endif
