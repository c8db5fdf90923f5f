/* kws:begin depthwise depthwise_large */
#include "kws_kernels_lanes.h"

#if defined(KWS_OWN_OPTIMIZATION)
#pragma GCC push_options
#pragma GCC optimize("O2")
#endif

/* kws:end */
/* kws:begin depthwise depthwise_large */
#if KWS_DSP
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
#endif

/* kws:end */
/* kws:begin depthwise depthwise_large */
/* Some channels of one position, and some of its taps. */
typedef struct {
  const int8_t** x; /* where each tap reads the first channel */
  int32_t taps;
  int32_t n;             /* channels */
  const int8_t* weight;  /* of the first tap */
  const int32_t* before; /* bias, or the sum over the taps before these */
  int32_t* acc;          /* the sum, unless these taps are the last ones: NULL */
  const int32_t* multiplier;
  const int8_t* shift;
  int8_t* y;
} kws_depthwise_part;

KWS_INLINE void kws_depthwise_sums(const kws_conv_params* p, const kws_depthwise_part* part) {
  const int32_t step = p->in_channels;
  const int32_t zero = p->zero_out;
  const int32_t low = p->activation_min;
  const int32_t n = part->n;
  const int8_t* const* const end = part->x + part->taps;
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
    int32_t sum = part->before[c];
    while (tap != end) {
      /* There is a tap. NOLINTNEXTLINE(clang-analyzer-core.*) */
      sum += (*tap)[c] * *w;
      w += step;
      ++tap;
    }
    if (part->acc != NULL) {
      part->acc[c] = sum;
    } else {
      part->y[c] = (int8_t)kws_scaled_output(sum, part->multiplier[c], part->shift[c], zero, low);
    }
  }
}

/* kws:end */
/* kws:begin depthwise */
#define KWS_DEPTHWISE_CHUNK 64

void kws_depthwise_s8(const void* params, const int8_t* in, int8_t* out, void* scratch) {
  const kws_conv_params* p = (const kws_conv_params*)params;
  const int32_t count = p->out_time * p->out_freq;
  const int32_t channels = p->in_channels;
  const kws_product* m = &p->main;
  const int8_t* x[KWS_DEPTHWISE_TAPS];
  int8_t outside[KWS_DEPTHWISE_CHUNK];
  kws_depthwise_part part;
  int32_t i;
  (void)scratch;
  part.x = x;
  part.acc = NULL;
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
      part.taps = taps;
      part.n = left < KWS_DEPTHWISE_CHUNK ? left : KWS_DEPTHWISE_CHUNK;
      part.weight = m->weight + first;
      part.before = m->bias + first;
      part.multiplier = m->multiplier + first;
      part.shift = m->shift + first;
      part.y = out + position * channels + first;
      kws_depthwise_sums(p, &part);
    }
  }
}

/* kws:end */
/* kws:begin depthwise_large */
/* Taps at once; channels at once, where these are all and where there are more. */
#define KWS_DEPTHWISE_LARGE_TAPS 32
#define KWS_DEPTHWISE_LARGE_CHUNK 64
#define KWS_DEPTHWISE_LARGE_SUMS 32

static void kws_depthwise_sum(const kws_conv_params* p, const kws_depthwise_part* part) { kws_depthwise_sums(p, part); }

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

/* A line of outputs of one time, whose windows' rows all lie inside the map: all taps and channels at once.
 *   offset  of each tap from the window's beginning */
static void kws_depthwise_line(const kws_depthwise_large_params* d, kws_depthwise_part* part, const int8_t* in,
                               const int32_t* offset, const int8_t* outside, int8_t* out) {
  const kws_conv_params* p = &d->conv;
  const int32_t channels = p->in_channels;
  const int32_t last = p->in_freq - 1 - (p->kernel_freq - 1) * d->dilation_freq;
  const int32_t sign = p->reverse != 0 ? -1 : 1;
  const int32_t stride = sign * p->stride_freq;
  const int32_t bands = d->bands;
  int32_t place = p->reverse != 0 ? p->out_freq - 1 : 0;
  int32_t freq = place * p->stride_freq - p->pad_freq;
  const int8_t* x = in + freq * channels;
  int32_t j;
  part->y = out + place * channels;
  for (j = p->out_freq; j > 0; --j) {
    const int8_t** const tap = part->x;
    int32_t k;
    if (bands > 1) {
      const int32_t band = place * bands / p->out_freq * channels;
      part->before = p->main.bias + band;
      part->multiplier = p->main.multiplier + band;
      part->shift = p->main.shift + band;
      place += sign;
    }
    if (freq >= 0 && freq <= last) {
      for (k = 0; k < part->taps; ++k) {
        tap[k] = x + offset[k];
      }
    } else {
      uint32_t f = (uint32_t)freq;
      int32_t behind = p->kernel_freq;
      for (k = 0; k < part->taps; ++k) {
        /* As an unsigned number, a negative one lies behind the map. */
        tap[k] = f < (uint32_t)p->in_freq ? x + offset[k] : outside;
        f += (uint32_t)d->dilation_freq;
        --behind;
        if (behind == 0) {
          behind = p->kernel_freq;
          f = (uint32_t)freq;
        }
      }
    }
    kws_depthwise_sum(p, part);
    part->y += sign * channels;
    x += stride * channels;
    freq += stride;
  }
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
  const int8_t* tap[KWS_DEPTHWISE_LARGE_TAPS];
  kws_depthwise_part part;
  int32_t i;
  int32_t j;
  int32_t k;
  (void)scratch;
  part.x = tap;
  memset(outside, (int)p->zero_in, sizeof outside);
  for (k = 0; k < taps && k < KWS_DEPTHWISE_LARGE_TAPS; ++k) {
    const int32_t row = k / p->kernel_freq;
    u.offset[k] = (row * d->dilation_time * p->in_freq + (k - row * p->kernel_freq) * d->dilation_freq) * channels;
  }
  for (i = 0; i < p->out_time; ++i) {
    const int32_t row = p->reverse != 0 ? p->out_time - 1 - i : i;
    const int32_t time = row * p->stride_time - p->pad_time;
    const int32_t width = time >= 0 && time <= last_time ? last_freq : -1;
    if (width >= 0 && out_freq > 1 && channels <= KWS_DEPTHWISE_LARGE_CHUNK) {
      part.n = channels;
      part.taps = taps;
      part.weight = p->main.weight;
      part.before = p->main.bias;
      part.multiplier = p->main.multiplier;
      part.shift = p->main.shift;
      part.acc = NULL;
      kws_depthwise_line(d, &part, in + time * p->in_freq * channels, u.offset, outside,
                         out + row * out_freq * channels);
      continue;
    }
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
          tap[k] = x + u.offset[k];
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
/* kws:begin depthwise depthwise_large */
#if defined(KWS_OWN_OPTIMIZATION)
#pragma GCC pop_options
#endif

/* kws:end */
