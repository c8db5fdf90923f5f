/* kws:begin depthwise depthwise_large */
/* What depthwise kernels of any size share: sums over some taps of some channels. */
#ifndef KWS_KERNELS_DEPTHWISE_H
#define KWS_KERNELS_DEPTHWISE_H

#include "kws_kernels_lanes.h"

/* Helium takes eight channels at a time. */
#if KWS_DSP && !KWS_MVE
#define KWS_DEPTHWISE_FOURS 1
#else
#define KWS_DEPTHWISE_FOURS 0
#endif

/* Some channels of one position, and some of its taps. */
typedef struct {
  const int8_t** x;      /* where each tap reads the first channel */
  const int8_t* weight;  /* of the first tap */
  const int32_t* before; /* bias, or the sum over the taps before these */
  int32_t* acc;          /* the sum, unless these taps are the last ones: NULL */
  const int32_t* multiplier;
  const int8_t* shift;
  int8_t* y;
  int32_t n; /* channels */
  int32_t taps;
#if KWS_DEPTHWISE_FOURS
  const int8_t** end;    /* of x */
  const int8_t** single; /* behind the taps that go before whole threes */
  int32_t fours;         /* channels in whole fours */
  int32_t twice;         /* 2 zero_out + 1 */
  uint32_t lows;         /* activation_min four times */
#endif
} kws_depthwise_part;

KWS_INLINE void kws_depthwise_begin(const kws_conv_params* p, kws_depthwise_part* part, const int8_t** x) {
  part->x = x;
#if KWS_DEPTHWISE_FOURS
  part->twice = 2 * p->zero_out + 1;
  part->lows = ((uint32_t)p->activation_min & 255U) * 0x01010101U;
#else
  (void)p;
#endif
}

KWS_INLINE void kws_depthwise_size(kws_depthwise_part* part, int32_t taps, int32_t channels) {
  part->taps = taps;
  part->n = channels;
#if KWS_DEPTHWISE_FOURS
  part->end = part->x + taps;
  part->single = part->x + taps % 3;
  part->fours = channels & ~3;
#endif
}

#if KWS_DEPTHWISE_FOURS
/* A tap of four channels, whose weights lie `at`. */
#define KWS_TAP(at)                           \
  "ldr %[xo], [%[tap]], #4\n\t"               \
  "ldr %[wo], [%[w]" at                       \
  "]\n\t"                                     \
  "ldr %[xo], [%[xo], %[c]]\n\t"              \
  "sxtb16 %[we], %[wo]\n\t"                   \
  "sxtb16 %[wo], %[wo], ror #8\n\t"           \
  "sxtb16 %[xe], %[xo]\n\t"                   \
  "sxtb16 %[xo], %[xo], ror #8\n\t"           \
  "smlabb %[acc0], %[xe], %[we], %[acc0]\n\t" \
  "smlatt %[acc2], %[xe], %[we], %[acc2]\n\t" \
  "smlabb %[acc1], %[xo], %[wo], %[acc1]\n\t" \
  "smlatt %[acc3], %[xo], %[wo], %[acc3]\n\t"

/* Channels c, c + 1, ... four at a time, as long as all four shift to the right; returns the channel where it ends, the
 * sums of which and of the next three are in sum0, sum1, .... The way from sums to outputs stands in assembler too,
 * because compilers keep more pointers than there are registers. */
KWS_INLINE int32_t kws_depthwise_fours(const kws_depthwise_part* part, int32_t step, int32_t c, int32_t* sum0,
                                       int32_t* sum1, int32_t* sum2, int32_t* sum3) {
  int32_t acc0;
  int32_t acc1;
  int32_t acc2;
  int32_t acc3;
  const int8_t* const* tap;
  const int8_t* w;
  uint32_t xe;
  uint32_t xo;
  uint32_t we;
  uint32_t wo;
  __asm__ volatile(
      "1:\n\t"
      "ldr %[xo], [%[part], %[before]]\n\t"
      "ldrd %[tap], %[w], [%[part], %[x]]\n\t"
      "ldr %[wo], [%[part], %[single]]\n\t"
      "add %[xo], %[xo], %[c], lsl #2\n\t"
      "add %[w], %[w], %[c]\n\t"
      "ldrd %[acc0], %[acc1], [%[xo]]\n\t"
      "ldrd %[acc2], %[acc3], [%[xo], #8]\n\t"
      "cmp %[tap], %[wo]\n\t"
      "bne 4f\n"
      "2:\n\t" KWS_TAP("") KWS_TAP(", %[step]")
      "add %[w], %[w], %[step], lsl #1\n\t" KWS_TAP("")
      "ldr %[we], [%[part], %[end]]\n\t"
      "add %[w], %[w], %[step]\n\t"
      "cmp %[tap], %[we]\n\t"
      "bne 2b\n"
      "3:\n\t"
      "ldr %[we], [%[part], %[shift]]\n\t"
      "ldr %[xo], [%[part], %[multiplier]]\n\t"
      "ldr %[we], [%[we], %[c]]\n\t"
      "add %[xo], %[xo], %[c], lsl #2\n\t"
      "mvn %[we], %[we]\n\t"
      "tst %[we], #0x80808080\n\t"
      "bne 5f\n\t"
      "ldr %[wo], [%[part], %[twice]]\n\t"
      "ldrd %[tap], %[w], [%[xo]]\n\t"
      "ldrd %[xe], %[xo], [%[xo], #8]\n\t"
      KWS_RIGHT_OUTPUT("%[acc0]", "%[tap]", "%[we]", "%[wo]") "lsr %[we], %[we], #8\n\t"
      KWS_RIGHT_OUTPUT("%[acc1]", "%[w]", "%[we]", "%[wo]") "lsr %[we], %[we], #8\n\t"
      KWS_RIGHT_OUTPUT("%[acc2]", "%[xe]", "%[we]", "%[wo]") "lsr %[we], %[we], #8\n\t"
      KWS_RIGHT_OUTPUT("%[acc3]", "%[xo]", "%[we]", "%[wo]")
      "ldr %[xe], [%[part], %[lows]]\n\t"
      "bfi %[acc0], %[acc1], #8, #8\n\t"
      "bfi %[acc2], %[acc3], #8, #8\n\t"
      "ldr %[xo], [%[part], %[y]]\n\t"
      "pkhbt %[acc0], %[acc0], %[acc2], lsl #16\n\t"
      "ldr %[we], [%[part], %[fours]]\n\t"
      "ssub8 %[wo], %[acc0], %[xe]\n\t"
      "sel %[acc0], %[acc0], %[xe]\n\t"
      "str %[acc0], [%[xo], %[c]]\n\t"
      "add %[c], %[c], #4\n\t"
      "cmp %[c], %[we]\n\t"
      "bne 1b\n\t"
      "b 5f\n"
      "4:\n\t" KWS_TAP("")
      "ldr %[we], [%[part], %[single]]\n\t"
      "add %[w], %[w], %[step]\n\t"
      "cmp %[tap], %[we]\n\t"
      "bne 4b\n\t"
      "ldr %[we], [%[part], %[end]]\n\t"
      "cmp %[tap], %[we]\n\t"
      "bne 2b\n\t"
      "b 3b\n"
      "5:"
      : [c] "+r"(c), [acc0] "=&r"(acc0), [acc1] "=&r"(acc1), [acc2] "=&r"(acc2), [acc3] "=&r"(acc3),
        [tap] "=&r"(tap), [w] "=&r"(w), [xe] "=&r"(xe), [xo] "=&r"(xo), [we] "=&r"(we), [wo] "=&r"(wo)
      : [part] "r"(part), [step] "r"(step), [x] "i"(offsetof(kws_depthwise_part, x)),
        [before] "i"(offsetof(kws_depthwise_part, before)), [multiplier] "i"(offsetof(kws_depthwise_part, multiplier)),
        [shift] "i"(offsetof(kws_depthwise_part, shift)), [y] "i"(offsetof(kws_depthwise_part, y)),
        [end] "i"(offsetof(kws_depthwise_part, end)), [single] "i"(offsetof(kws_depthwise_part, single)),
        [fours] "i"(offsetof(kws_depthwise_part, fours)), [twice] "i"(offsetof(kws_depthwise_part, twice)),
        [lows] "i"(offsetof(kws_depthwise_part, lows))
      : "cc", "memory");
  *sum0 = acc0;
  *sum1 = acc1;
  *sum2 = acc2;
  *sum3 = acc3;
  return c;
}
#endif

/* Channels from c on one by one. */
KWS_INLINE void kws_depthwise_singles(const kws_conv_params* p, const kws_depthwise_part* part, int32_t c) {
  const int8_t* const* const end = part->x + part->taps;
  for (; c < part->n; ++c) {
    const int8_t* w = part->weight + c;
    const int8_t* const* tap = part->x;
    int32_t sum = part->before[c];
    while (tap != end) {
      /* There is a tap. NOLINTNEXTLINE(clang-analyzer-core.*) */
      sum += (*tap)[c] * *w;
      w += p->in_channels;
      ++tap;
    }
    if (part->acc != NULL) {
      part->acc[c] = sum;
    } else {
      part->y[c] = (int8_t)kws_scaled_output(sum, part->multiplier[c], part->shift[c], p->zero_out, p->activation_min);
    }
  }
}

KWS_INLINE void kws_depthwise_sums(const kws_conv_params* p, const kws_depthwise_part* part) {
#if !KWS_DEPTHWISE_FOURS
  const int32_t step = p->in_channels;
  const int32_t zero = p->zero_out;
  const int32_t low = p->activation_min;
  const int32_t n = part->n;
  const int8_t* const* const end = part->x + part->taps;
#endif
  int32_t c = 0;
#if KWS_MVE
  /* Products of eight channels are 32 bits wide: the even channels are one vector, the odd ones another. */
  for (; c + 8 <= n; c += 8) {
    const int32x4x2_t first = vld2q_s32(part->before + c);
    const int8_t* w = part->weight + c;
    const int8_t* const* tap = part->x;
    int32x4x2_t sum;
    sum.val[0] = first.val[0];
    sum.val[1] = first.val[1];
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
#if KWS_DEPTHWISE_FOURS
  while (c < part->fours) {
    int32_t acc0;
    int32_t acc1;
    int32_t acc2;
    int32_t acc3;
    int32_t acc[4];
    int32_t i;
    c = kws_depthwise_fours(part, p->in_channels, c, &acc0, &acc1, &acc2, &acc3);
    if (KWS_LIKELY(c == part->n)) {
      return;
    }
    acc[0] = acc0;
    acc[1] = acc1;
    acc[2] = acc2;
    acc[3] = acc3;
    for (i = 0; i < 4 && c < part->fours; ++i) {
      if (part->acc != NULL) {
        part->acc[c] = acc[i];
      } else {
        part->y[c] =
            (int8_t)kws_scaled_output(acc[i], part->multiplier[c], part->shift[c], p->zero_out, p->activation_min);
      }
      ++c;
    }
  }
#else
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
      acc0 += v[0] * w[0];
      acc1 += v[1] * w[1];
      acc2 += v[2] * w[2];
      acc3 += v[3] * w[3];
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
      y[0] = (int8_t)kws_scaled_output(acc0, multiplier[0], shift[0], zero, low);
      y[1] = (int8_t)kws_scaled_output(acc1, multiplier[1], shift[1], zero, low);
      y[2] = (int8_t)kws_scaled_output(acc2, multiplier[2], shift[2], zero, low);
      y[3] = (int8_t)kws_scaled_output(acc3, multiplier[3], shift[3], zero, low);
    }
  }
#endif
  kws_depthwise_singles(p, part, c);
}

#endif
/* kws:end */
