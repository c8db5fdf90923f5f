/* kws:begin depthwise depthwise_large */
#include "kws_kernels_lanes.h"

#if defined(KWS_OWN_OPTIMIZATION)
#pragma GCC push_options
#pragma GCC optimize("O2")
#endif

/* kws:end */
/* kws:begin depthwise_large */
/* Takes its taps in parts. */
#define KWS_DEPTHWISE_PARTS

/* kws:end */
/* kws:begin depthwise depthwise_large */
/* Helium takes eight channels at a time. */
#if KWS_DSP && !KWS_MVE
#define KWS_DEPTHWISE_FOURS 1
#else
#define KWS_DEPTHWISE_FOURS 0
#endif
#if !KWS_DEPTHWISE_FOURS && !defined(KWS_DEPTHWISE_PARTS)
#define KWS_DEPTHWISE_PARTS
#endif

#if defined(KWS_DEPTHWISE_PARTS)
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
/* kws:begin depthwise */
#define KWS_DEPTHWISE_CHUNK 64

#if KWS_DEPTHWISE_FOURS
/* Some channels of two positions, or of one. */
typedef struct {
  const int8_t** begin;  /* of the taps */
  const int32_t* before; /* bias */
  const int32_t* multiplier;
  const int8_t* shift;
  int8_t* y[2];      /* the same twice for one */
  int32_t twice;     /* 2 zero_out + 1 */
  uint32_t lows;     /* activation_min four times */
  int32_t end;       /* the channel where whole fours end, in the order of `step` */
  int32_t step;      /* 4, or -4 */
  uint32_t odd_taps; /* before whole threes */
} kws_depthwise_pair;

/* Three pointers a tap, to the first channel of its weights and of what each position reads, up to the end of `tap`,
 * behind which the loop finds what it needs next. */
typedef struct {
  const int8_t* tap[3 * KWS_DEPTHWISE_TAPS];
  kws_depthwise_pair pair;
} kws_depthwise_pairs;
KWS_STATIC_ASSERT(kws_depthwise_pair_lies_behind_taps,
                  offsetof(kws_depthwise_pairs, pair) == sizeof(const int8_t*) * 3 * KWS_DEPTHWISE_TAPS);

/* Four channels of a tap: r3 holds what a position reads there; of the weights r5 channels 0 and 2, r2 1 and 3. */
#define KWS_TAP_OF_FOUR(acc0, acc1, acc2, acc3) \
  "sxtb16 r4, r3\n\t"                           \
  "sxtb16 r3, r3, ror #8\n\t"                   \
  "smlabb " acc0 ", r4, r5, " acc0              \
  "\n\t"                                        \
  "smlatt " acc2 ", r4, r5, " acc2              \
  "\n\t"                                        \
  "smlabb " acc1 ", r3, r2, " acc1              \
  "\n\t"                                        \
  "smlatt " acc3 ", r3, r2, " acc3 "\n\t"
/* The tap at r0, channels from r1 on: its weights, and what the first position reads. */
#define KWS_TAP_OF_ONE(next)  \
  "ldrd r2, r3, [r0], #" next \
  "\n\t"                      \
  "ldr r2, [r2, r1]\n\t"      \
  "ldr r3, [r3, r1]\n\t"      \
  "sxtb16 r5, r2\n\t"         \
  "sxtb16 r2, r2, ror #8\n\t" KWS_TAP_OF_FOUR("r6", "r8", "r9", "r10")
/* The sums of the second position are in r7, r11, r12, lr. */
#define KWS_TAP_OF_TWO   \
  KWS_TAP_OF_ONE("8")    \
  "ldr r3, [r0], #4\n\t" \
  "ldr r3, [r3, r1]\n\t" KWS_TAP_OF_FOUR("r7", "r11", "r12", "lr")
/* From r1 on, shifts to r5 and where multipliers lie to r3; leaves for 5 where one does not shift to the right. */
#define KWS_FACTORS_OF_FOUR              \
  "ldrd r3, r5, [r0, %[multiplier]]\n\t" \
  "ldr r5, [r5, r1]\n\t"                 \
  "add r3, r3, r1, lsl #2\n\t"           \
  "mvn r5, r5\n\t"                       \
  "tst r5, #0x80808080\n\t"              \
  "bne 5f\n\t"                           \
  "ldr r2, [r0, %[twice]]\n\t"
#define KWS_CHANNEL_OF_ONE(acc) "ldr r4, [r3], #4\n\t" KWS_RIGHT_OUTPUT(acc, "r4", "r5", "r2")
#define KWS_CHANNEL_OF_TWO(acc, second) KWS_CHANNEL_OF_ONE(acc) KWS_RIGHT_OUTPUT(second, "r4", "r5", "r2")
/* Four outputs as bytes of the first register, none below those of r4. */
#define KWS_BYTES_OF_FOUR(y0, y1, y2, y3) \
  "bfi " y0 ", " y1                       \
  ", #8, #8\n\t"                          \
  "bfi " y2 ", " y3                       \
  ", #8, #8\n\t"                          \
  "pkhbt " y0 ", " y0 ", " y2             \
  ", lsl #16\n\t"                         \
  "ssub8 r5, " y0                         \
  ", r4\n\t"                              \
  "sel " y0 ", " y0 ", r4\n\t"
#define KWS_PLACES_OF_PAIR                                                                                      \
  [begin] "i"(offsetof(kws_depthwise_pair, begin)), [multiplier] "i"(offsetof(kws_depthwise_pair, multiplier)), \
      [y] "i"(offsetof(kws_depthwise_pair, y)), [twice] "i"(offsetof(kws_depthwise_pair, twice)),               \
      [lows] "i"(offsetof(kws_depthwise_pair, lows)), [end] "i"(offsetof(kws_depthwise_pair, end))

/* Channels from `first` on four at a time, as long as all four shift to the right; returns the channel where it ends.
 * r7, which may be the frame's pointer, is given back. */
KWS_APART int32_t kws_depthwise_fours_of_two(const kws_depthwise_pair* pair, int32_t first) {
  register const kws_depthwise_pair* at __asm__("r0") = pair;
  register int32_t c __asm__("r1") = first;
  __asm__ volatile(
      "push {r0, r7}\n"
      "1:\n\t"
      "ldrd r4, r3, [r0, %[begin]]\n\t"
      "ldr r5, [r0, %[odd_taps]]\n\t"
      "add r3, r3, r1, lsl #2\n\t"
      "ldrd r6, r8, [r3]\n\t"
      "ldrd r9, r10, [r3, #8]\n\t"
      "mov r0, r4\n\t"
      "mov r7, r6\n\t"
      "mov r11, r8\n\t"
      "mov r12, r9\n\t"
      "mov lr, r10\n\t"
      "cmp r5, #1\n\t"
      "beq 4f\n\t"
      "bhi 3f\n"
      "2:\n\t" KWS_TAP_OF_TWO
      "3:\n\t" KWS_TAP_OF_TWO
      "4:\n\t" KWS_TAP_OF_TWO
      "ldr r5, [sp]\n\t"
      "cmp r0, r5\n\t"
      "bne 2b\n\t"
      KWS_FACTORS_OF_FOUR
      KWS_CHANNEL_OF_TWO("r6", "r7") "lsr r5, r5, #8\n\t"
      KWS_CHANNEL_OF_TWO("r8", "r11") "lsr r5, r5, #8\n\t"
      KWS_CHANNEL_OF_TWO("r9", "r12") "lsr r5, r5, #8\n\t"
      KWS_CHANNEL_OF_TWO("r10", "lr")
      "ldr r4, [r0, %[lows]]\n\t"
      "ldrd r2, r3, [r0, %[y]]\n\t"
      KWS_BYTES_OF_FOUR("r6", "r8", "r9", "r10") KWS_BYTES_OF_FOUR("r7", "r11", "r12", "lr")
      "ldrd r4, r5, [r0, %[end]]\n\t"
      "str r6, [r2, r1]\n\t"
      "str r7, [r3, r1]\n\t"
      "add r1, r1, r5\n\t"
      "cmp r1, r4\n\t"
      "bne 1b\n"
      "5:\n\t"
      "pop {r0, r7}"
      : "+r"(at), "+r"(c)
      : KWS_PLACES_OF_PAIR, [odd_taps] "i"(offsetof(kws_depthwise_pair, odd_taps))
      : "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory");
  return c;
}

/* The same for one position. */
KWS_APART int32_t kws_depthwise_fours_of_one(const kws_depthwise_pair* pair, int32_t first) {
  register const kws_depthwise_pair* at __asm__("r0") = pair;
  register int32_t c __asm__("r1") = first;
  __asm__ volatile(
      "mov r11, r0\n"
      "1:\n\t"
      "ldrd r4, r3, [r0, %[begin]]\n\t"
      "add r3, r3, r1, lsl #2\n\t"
      "ldrd r6, r8, [r3]\n\t"
      "ldrd r9, r10, [r3, #8]\n\t"
      "mov r0, r4\n"
      "2:\n\t" KWS_TAP_OF_ONE("12")
      "cmp r0, r11\n\t"
      "bne 2b\n\t"
      KWS_FACTORS_OF_FOUR
      KWS_CHANNEL_OF_ONE("r6") "lsr r5, r5, #8\n\t"
      KWS_CHANNEL_OF_ONE("r8") "lsr r5, r5, #8\n\t"
      KWS_CHANNEL_OF_ONE("r9") "lsr r5, r5, #8\n\t"
      KWS_CHANNEL_OF_ONE("r10")
      "ldr r4, [r0, %[lows]]\n\t"
      "ldr r2, [r0, %[y]]\n\t"
      KWS_BYTES_OF_FOUR("r6", "r8", "r9", "r10")
      "ldrd r4, r5, [r0, %[end]]\n\t"
      "str r6, [r2, r1]\n\t"
      "add r1, r1, r5\n\t"
      "cmp r1, r4\n\t"
      "bne 1b\n"
      "5:"
      : "+r"(at), "+r"(c)
      : KWS_PLACES_OF_PAIR
      : "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r11", "cc", "memory");
  return c;
}

/* Channels begin .. begin + n - 1 one by one, last to first where positions go so. */
KWS_APART void kws_depthwise_each(const kws_conv_params* p, const kws_depthwise_pair* pair, int32_t begin, int32_t n) {
  int32_t i;
  for (i = 0; i < n; ++i) {
    const int32_t c = p->reverse != 0 ? begin + n - 1 - i : begin + i;
    const int8_t* const* tap = pair->begin;
    int32_t acc[2];
    int32_t k;
    acc[0] = pair->before[c];
    acc[1] = acc[0];
    for (k = p->kernel_time * p->kernel_freq; k > 0; --k) {
      const int32_t w = tap[0][c];
      acc[0] += tap[1][c] * w;
      acc[1] += tap[2][c] * w;
      tap += 3;
    }
    for (k = 0; k < 2; ++k) {
      pair->y[k][c] =
          (int8_t)kws_scaled_output(acc[k], pair->multiplier[c], pair->shift[c], p->zero_out, p->activation_min);
    }
  }
}
#endif

/* Where each tap of a position reads, or `outside`: every `every`-th pointer from x on. */
KWS_APART void kws_depthwise_taps(const kws_conv_params* p, const int8_t* in, int32_t position, const int8_t* outside,
                                  int32_t every, const int8_t** x) {
  const int32_t row = position / p->out_freq;
  const int32_t freq = (position - row * p->out_freq) * p->stride_freq - p->pad_freq;
  const int32_t channels = p->in_channels;
  const int32_t step = p->in_freq * channels;
  const int whole = freq >= 0 && freq + p->kernel_freq <= p->in_freq;
  int32_t time = row * p->stride_time - p->pad_time;
  const int32_t end = time + p->kernel_time;
  const int8_t* first = in + time * step + freq * channels;
  for (; time < end; ++time) {
    /* As unsigned numbers, negative ones lie behind the map. */
    const uint32_t width = (uint32_t)time < (uint32_t)p->in_time ? (uint32_t)p->in_freq : 0U;
    const int8_t* at = first;
    int32_t left = p->kernel_freq;
    if (whole && width != 0U) {
      do {
        *x = at;
        x += every;
        at += channels;
        --left;
      } while (left != 0);
    } else {
      uint32_t f = (uint32_t)freq;
      do {
        *x = f < width ? at : outside;
        x += every;
        at += channels;
        ++f;
        --left;
      } while (left != 0);
    }
    first += step;
  }
}

#if KWS_DEPTHWISE_FOURS
/* n channels of two positions, or of one twice, whose taps are found. In the order of the positions, channels too go up
 * or down. So outputs may follow their inputs as closely as if positions were computed one by one: of two, the second
 * one lies at most where a tap has been read, channel by channel. */
KWS_INLINE void kws_depthwise_channels(const kws_conv_params* p, kws_depthwise_pair* pair, int32_t n) {
  const int32_t fours = n & ~3;
  int32_t c = p->reverse != 0 ? fours - 4 : 0;
  pair->step = p->reverse != 0 ? -4 : 4;
  pair->end = p->reverse != 0 ? -4 : fours;
  if (p->reverse != 0 && n != fours) {
    kws_depthwise_each(p, pair, fours, n - fours);
  }
  while (c != pair->end) {
    c = pair->y[0] != pair->y[1] ? kws_depthwise_fours_of_two(pair, c) : kws_depthwise_fours_of_one(pair, c);
    if (!KWS_LIKELY(c == pair->end)) {
      kws_depthwise_each(p, pair, c, 4);
      c += pair->step;
    }
  }
  if (p->reverse == 0 && n != fours) {
    kws_depthwise_each(p, pair, fours, n - fours);
  }
}

/* Two positions at a time; of an odd number the last one for itself. */
void kws_depthwise_s8(const void* params, const int8_t* in, int8_t* out, void* scratch) {
  const kws_conv_params* p = (const kws_conv_params*)params;
  const int32_t channels = p->in_channels;
  const int32_t taps = p->kernel_time * p->kernel_freq;
  const int32_t count = p->out_time * p->out_freq;
  const int32_t last = (channels - 1) & ~(KWS_DEPTHWISE_CHUNK - 1);
  int8_t outside[KWS_DEPTHWISE_CHUNK];
  kws_depthwise_pairs s;
  const int8_t** const begin = s.tap + 3 * (KWS_DEPTHWISE_TAPS - taps);
  int32_t i;
  (void)scratch;
  memset(outside, (int)p->zero_in, sizeof outside);
  s.pair.begin = begin;
  s.pair.twice = 2 * p->zero_out + 1;
  s.pair.lows = ((uint32_t)p->activation_min & 255U) * 0x01010101U;
  s.pair.odd_taps = (uint32_t)taps % 3;
  for (i = 0; i < count; i += 2) {
    const int32_t others = i + 1 < count ? 1 : 0;
    const int32_t position = kws_begin(p, i, 1 + others);
    int32_t chunk;
    for (chunk = 0; chunk <= last; chunk += KWS_DEPTHWISE_CHUNK) {
      const int32_t first = p->reverse != 0 ? last - chunk : chunk;
      const int32_t left = channels - first;
      if (i == 0 || last > 0) {
        const int8_t* w = p->main.weight + first;
        const int8_t** tap = begin;
        do {
          *tap = w;
          w += channels;
          tap += 3;
        } while (tap != s.tap + 3 * KWS_DEPTHWISE_TAPS);
      }
      kws_depthwise_taps(p, in + first, position, outside, 3, begin + 1);
      kws_depthwise_taps(p, in + first, position + others, outside, 3, begin + 2);
      s.pair.before = p->main.bias + first;
      s.pair.multiplier = p->main.multiplier + first;
      s.pair.shift = p->main.shift + first;
      s.pair.y[0] = out + position * channels + first;
      s.pair.y[1] = s.pair.y[0] + others * channels;
      kws_depthwise_channels(p, &s.pair, left < KWS_DEPTHWISE_CHUNK ? left : KWS_DEPTHWISE_CHUNK);
    }
  }
}
#else
void kws_depthwise_s8(const void* params, const int8_t* in, int8_t* out, void* scratch) {
  const kws_conv_params* p = (const kws_conv_params*)params;
  const int32_t channels = p->in_channels;
  const int8_t* x[KWS_DEPTHWISE_TAPS];
  int8_t outside[KWS_DEPTHWISE_CHUNK];
  kws_depthwise_part part;
  int32_t i;
  (void)scratch;
  kws_depthwise_begin(p, &part, x);
  part.acc = NULL;
  memset(outside, (int)p->zero_in, sizeof outside);
  for (i = 0; i < p->out_time * p->out_freq; ++i) {
    const int32_t position = kws_begin(p, i, 1);
    int32_t first;
    for (first = 0; first < channels; first += KWS_DEPTHWISE_CHUNK) {
      const int32_t left = channels - first;
      kws_depthwise_taps(p, in + first, position, outside, 1, x);
      kws_depthwise_size(&part, p->kernel_time * p->kernel_freq,
                         left < KWS_DEPTHWISE_CHUNK ? left : KWS_DEPTHWISE_CHUNK);
      part.weight = p->main.weight + first;
      part.before = p->main.bias + first;
      part.multiplier = p->main.multiplier + first;
      part.shift = p->main.shift + first;
      part.y = out + position * channels + first;
      kws_depthwise_sums(p, &part);
    }
  }
}
#endif

/* kws:end */
/* kws:begin depthwise_large */
/* Taps at once; channels at once, where these are all and where there are more. */
#define KWS_DEPTHWISE_LARGE_TAPS 32
#define KWS_DEPTHWISE_LARGE_CHUNK 64
#define KWS_DEPTHWISE_LARGE_SUMS 32

/* What shifts not to the right, in place of shifts for sums: these are no outputs. */
static const int8_t kws_no_shift[KWS_DEPTHWISE_LARGE_SUMS] = {0};

static void kws_depthwise_sum(const kws_conv_params* p, const kws_depthwise_part* part) { kws_depthwise_sums(p, part); }

/* All taps of the channels from `first` on, for a window that begins at `time`, `freq`. */
KWS_INLINE void kws_depthwise_window(const kws_depthwise_large_params* d, kws_depthwise_part* part, const int8_t* in,
                                     int32_t time, int32_t freq, int32_t first, const int8_t* outside, int32_t* acc) {
  const kws_conv_params* p = &d->conv;
  const int32_t step = d->dilation_freq * p->in_channels;
  const int8_t* row = in + (time * p->in_freq + freq) * p->in_channels + first;
  const int8_t* const shift = part->shift;
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
        part->acc = acc;
        part->shift = kws_no_shift;
        kws_depthwise_size(part, taps, part->n);
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
  part->acc = NULL;
  part->shift = shift;
  kws_depthwise_size(part, taps, part->n);
  kws_depthwise_sum(p, part);
}

/* A line of outputs whose windows lie inside the map in the other direction: all taps and channels at once.
 *   along    time, where there is one frequency; or frequency
 *   in, out  beginnings of the line
 *   offset   of each tap from the window's beginning, in positions */
KWS_APART void kws_depthwise_line(const kws_depthwise_large_params* d, int along_time, kws_depthwise_part* part,
                                  const int8_t* in, const uint16_t* offset, const int8_t* outside, int8_t* out) {
  const kws_conv_params* p = &d->conv;
  const int32_t size = along_time ? p->in_time : p->in_freq;
  const int32_t count = along_time ? p->out_time : p->out_freq;
  const int32_t kernel = along_time ? p->kernel_time : p->kernel_freq;
  const int32_t stride = along_time ? p->stride_time : p->stride_freq;
  const int32_t dilation = along_time ? d->dilation_time : d->dilation_freq;
  const int32_t bands = along_time ? 1 : d->bands;
  const int32_t channels = p->in_channels;
  const int32_t last = size - 1 - (kernel - 1) * dilation;
  const int32_t sign = p->reverse != 0 ? -1 : 1;
  const int32_t step = sign * channels;
  const int32_t place = p->reverse != 0 ? count - 1 : 0;
  const int8_t** const end = part->x + part->taps;
  const int32_t band = place * bands / count;
  int32_t at = place * stride - (along_time ? p->pad_time : p->pad_freq);
  const int8_t* x = in + at * channels;
  int32_t rest = place * bands - band * count;
  int32_t j;
  part->before = p->main.bias + band * channels;
  part->multiplier = p->main.multiplier + band * channels;
  part->shift = p->main.shift + band * channels;
  part->y = out + place * channels;
  for (j = count; j > 0; --j) {
    const int8_t** tap = part->x;
    const uint16_t* of = offset;
    if (at >= 0 && at <= last) {
      do {
        /* There is a tap. NOLINTNEXTLINE(clang-analyzer-core.*) */
        *tap = x + *of * channels;
        ++of;
        ++tap;
      } while (tap != end);
    } else {
      uint32_t f = (uint32_t)at;
      int32_t behind = kernel;
      do {
        /* As an unsigned number, a negative one lies behind the map. NOLINTNEXTLINE(clang-analyzer-core.*) */
        *tap = f < (uint32_t)size ? x + *of * channels : outside;
        f += (uint32_t)dilation;
        --behind;
        if (behind == 0) {
          behind = kernel;
          f = (uint32_t)at;
        }
        ++of;
        ++tap;
      } while (tap != end);
    }
    kws_depthwise_sum(p, part);
    part->y += step;
    x += sign * stride * channels;
    at += sign * stride;
    if (bands > 1) {
      rest += sign * bands;
      if ((uint32_t)rest >= (uint32_t)count && j > 1) { /* of the next band; a negative one is, too */
        rest -= sign * count;
        part->before += step;
        part->multiplier += step;
        part->shift += step;
      }
    }
  }
}

/* The outputs of one row, each for itself.
 *   last     frequency up to which windows lie inside the map; negative: none does
 *   chunk    channels at once of the others
 *   acc      for sums between groups of taps, where there is more than one */
KWS_APART void kws_depthwise_places(const kws_depthwise_large_params* d, kws_depthwise_part* part, const int8_t* in,
                                    int32_t row, int32_t last, const uint16_t* offset, int32_t chunk,
                                    const int8_t* outside, int32_t* acc, int8_t* out) {
  const kws_conv_params* p = &d->conv;
  const int32_t channels = p->in_channels;
  const int32_t taps = p->kernel_time * p->kernel_freq;
  const int32_t time = row * p->stride_time - p->pad_time;
  int32_t j;
  for (j = 0; j < p->out_freq; ++j) {
    const int32_t place = p->reverse != 0 ? p->out_freq - 1 - j : j;
    const int32_t freq = place * p->stride_freq - p->pad_freq;
    const int32_t band = d->bands > 1 ? place * d->bands / p->out_freq * channels : 0;
    const int inside = freq >= 0 && freq <= last;
    const int32_t most = inside ? channels : chunk;
    int32_t first;
    if (inside) {
      const int8_t* const x = in + (time * p->in_freq + freq) * channels;
      int32_t k;
      for (k = 0; k < taps; ++k) {
        part->x[k] = x + offset[k] * channels;
      }
      part->weight = p->main.weight;
      kws_depthwise_size(part, taps, channels);
    }
    for (first = 0; first < channels; first += most) {
      part->before = p->main.bias + band + first;
      part->multiplier = p->main.multiplier + band + first;
      part->shift = p->main.shift + band + first;
      part->y = out + (row * p->out_freq + place) * channels + first;
      if (inside) {
        kws_depthwise_sum(p, part);
      } else {
        part->n = channels - first < chunk ? channels - first : chunk;
        kws_depthwise_window(d, part, in, time, freq, first, outside, acc);
      }
    }
  }
}

/* All taps at once. */
KWS_APART void kws_depthwise_few(const kws_depthwise_large_params* d, const int8_t* in, int8_t* out) {
  const kws_conv_params* p = &d->conv;
  const int32_t channels = p->in_channels;
  const int32_t taps = p->kernel_time * p->kernel_freq;
  /* Where windows that lie inside the map begin at most. */
  const int32_t last_time = p->in_time - 1 - (p->kernel_time - 1) * d->dilation_time;
  const int32_t last_freq = p->in_freq - 1 - (p->kernel_freq - 1) * d->dilation_freq;
  const int line = channels <= KWS_DEPTHWISE_LARGE_CHUNK;
  uint16_t offset[KWS_DEPTHWISE_LARGE_TAPS];
  int8_t outside[KWS_DEPTHWISE_LARGE_CHUNK];
  const int8_t* tap[KWS_DEPTHWISE_LARGE_TAPS];
  kws_depthwise_part part;
  int32_t i;
  kws_depthwise_begin(p, &part, tap);
  part.acc = NULL;
  memset(outside, (int)p->zero_in, sizeof outside);
  for (i = 0; i < taps; ++i) {
    const int32_t row = i / p->kernel_freq;
    offset[i] = (uint16_t)(row * d->dilation_time * p->in_freq + (i - row * p->kernel_freq) * d->dilation_freq);
  }
  part.weight = p->main.weight;
  kws_depthwise_size(&part, taps, channels);
  if (line && p->in_freq * p->out_freq * p->kernel_freq == 1 && p->pad_freq == 0) {
    kws_depthwise_line(d, 1, &part, in, offset, outside, out);
    return;
  }
  for (i = 0; i < p->out_time; ++i) {
    const int32_t row = p->reverse != 0 ? p->out_time - 1 - i : i;
    const int32_t time = row * p->stride_time - p->pad_time;
    const int inside = time >= 0 && time <= last_time && last_freq >= 0;
    if (line && inside && p->out_freq > 1) {
      part.weight = p->main.weight;
      kws_depthwise_size(&part, taps, channels);
      kws_depthwise_line(d, 0, &part, in + time * p->in_freq * channels, offset, outside,
                         out + row * p->out_freq * channels);
    } else {
      kws_depthwise_places(d, &part, in, row, inside ? last_freq : -1, offset, KWS_DEPTHWISE_LARGE_CHUNK, outside, NULL,
                           out);
    }
  }
}

/* Taps in groups. */
KWS_APART void kws_depthwise_many(const kws_depthwise_large_params* d, const int8_t* in, int8_t* out) {
  const kws_conv_params* p = &d->conv;
  int32_t acc[KWS_DEPTHWISE_LARGE_SUMS];
  int8_t outside[KWS_DEPTHWISE_LARGE_SUMS];
  const int8_t* tap[KWS_DEPTHWISE_LARGE_TAPS];
  kws_depthwise_part part;
  int32_t i;
  kws_depthwise_begin(p, &part, tap);
  memset(outside, (int)p->zero_in, sizeof outside);
  for (i = 0; i < p->out_time; ++i) {
    kws_depthwise_places(d, &part, in, p->reverse != 0 ? p->out_time - 1 - i : i, -1, NULL, KWS_DEPTHWISE_LARGE_SUMS,
                         outside, acc, out);
  }
}

void kws_depthwise_large_s8(const void* params, const int8_t* in, int8_t* out, void* scratch) {
  const kws_depthwise_large_params* d = (const kws_depthwise_large_params*)params;
  (void)scratch;
  if (d->conv.kernel_time * d->conv.kernel_freq > KWS_DEPTHWISE_LARGE_TAPS) {
    kws_depthwise_many(d, in, out);
  } else {
    kws_depthwise_few(d, in, out);
  }
}

/* kws:end */
/* kws:begin depthwise depthwise_large */
#if defined(KWS_OWN_OPTIMIZATION)
#pragma GCC pop_options
#endif

/* kws:end */
