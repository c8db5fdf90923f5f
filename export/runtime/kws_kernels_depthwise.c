/* kws:begin depthwise */
#include "kws_kernels_lanes.h"

#if defined(KWS_OWN_OPTIMIZATION)
#pragma GCC push_options
#pragma GCC optimize("O2")
#endif

#include "kws_kernels_depthwise.h"

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

#if defined(KWS_OWN_OPTIMIZATION)
#pragma GCC pop_options
#endif

/* kws:end */
