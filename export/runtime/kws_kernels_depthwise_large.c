/* kws:begin depthwise_large */
#include "kws_kernels_lanes.h"

#if defined(KWS_OWN_OPTIMIZATION)
#pragma GCC push_options
#pragma GCC optimize("O2")
#endif

#include "kws_kernels_depthwise.h"

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

#if defined(KWS_OWN_OPTIMIZATION)
#pragma GCC pop_options
#endif

/* kws:end */
