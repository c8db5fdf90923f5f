#include "kws_audio.h"

int kws_audio_init(kws_audio* a, int32_t format, int32_t channels, int32_t channel) {
  if ((format < KWS_AUDIO_S16) || (format > KWS_AUDIO_S24_LOW) || (channels < 1) || (channels > 16) || (channel < 0) ||
      (channel >= channels)) {
    return -1;
  }
  a->format = format;
  a->channels = channels;
  a->channel = channel;
  a->gain = KWS_AUDIO_GAIN_ONE;
  a->high_pass = 1;
  a->clipped = 0U;
  a->offset = 0;
  a->count = 0U;
  a->energy = 0U;
  return 0;
}

/* Sample i as 24 bits. */
static int32_t kws_audio_sample(const kws_audio* a, const void* in, size_t i) {
  if (a->format == KWS_AUDIO_S16) {
    return (int32_t)((const int16_t*)in)[i] * 256;
  }
  if (a->format == KWS_AUDIO_S32) {
    return ((const int32_t*)in)[i] >> 8;
  }
  return (int32_t)(((uint32_t)((const int32_t*)in)[i] & 0xFFFFFFU) ^ 0x800000U) - 0x800000;
}

void kws_audio_convert(kws_audio* a, const void* in, size_t n, int16_t* out) {
  size_t at = (size_t)a->channel;
  size_t i;
  for (i = 0U; i < n; ++i) {
    int32_t x = kws_audio_sample(a, in, at);
    int32_t y;
    at += (size_t)a->channels;
    if (a->high_pass != 0) {
      /* One pole at 1 - 1/256; a right shift rounds down, which is less than a step of 24 bits. */
      a->offset += ((x * 128) - a->offset) >> 8;
      x -= a->offset >> 7;
    }
    x = (int32_t)((((int64_t)x * a->gain) + 32768) >> 16);
    y = (x > 32767) ? 32767 : ((x < -32768) ? -32768 : x);
    a->clipped += ((x > 32766) || (x < -32767)) ? 1U : 0U;
    a->energy += (uint32_t)(y * y);
    out[i] = (int16_t)y;
  }
  a->count += (uint32_t)n;
}

uint32_t kws_audio_level(kws_audio* a) {
  uint32_t rest = (a->count > 0U) ? (uint32_t)(a->energy / a->count) : 0U;
  uint32_t root = 0U;
  uint32_t bit = (uint32_t)1U << 30;
  while (bit != 0U) {
    if (rest >= (root + bit)) {
      rest -= root + bit;
      root = (root >> 1) + bit;
    } else {
      root >>= 1;
    }
    bit >>= 2;
  }
  a->count = 0U;
  a->energy = 0U;
  return root;
}

int kws_gate_init(kws_gate* g, int32_t hold) {
  if (hold < 1) {
    return -1;
  }
  g->ratio = KWS_GATE_RATIO;
  g->hold = hold;
  g->left = hold;
  g->floor8 = 0U;
  return 0;
}

int kws_gate_open(kws_gate* g, uint32_t level) {
  const uint32_t level8 = (level < 32768U) ? ((level + 1U) * 256U) : 8388608U;
  if ((g->floor8 == 0U) || (level8 < g->floor8)) {
    /* Half of the way down, all of it at first. */
    g->floor8 = (g->floor8 == 0U) ? level8 : (level8 + ((g->floor8 - level8) / 2U));
  } else {
    /* A 64th of itself up, so that speech does not become the background before some seconds have passed. */
    g->floor8 += ((g->floor8 / 64U) < (level8 - g->floor8)) ? (g->floor8 / 64U) : (level8 - g->floor8);
  }
  if (((uint64_t)level8 * 256U) >= ((uint64_t)g->floor8 * (uint32_t)g->ratio)) {
    g->left = g->hold;
  } else if (g->left > 0) {
    --g->left;
  }
  return (g->left > 0) ? 1 : 0;
}

int kws_band_gate_init(kws_band_gate* g, int32_t hold) {
  if (hold < 1) {
    return -1;
  }
  g->rise = KWS_BAND_GATE_RISE;
  g->hold = hold;
  g->left = hold;
  g->known = 0;
  g->floor = 0;
  return 0;
}

int kws_band_gate_open(kws_band_gate* g, int32_t energy) {
  const int32_t now = 16 * ((energy > 1048576) ? 1048576 : ((energy < -1048576) ? -1048576 : energy));
  if ((g->known == 0) || (now < g->floor)) {
    /* Half of the way down, all of it at first. */
    g->floor = (g->known == 0) ? now : (g->floor - ((g->floor - now) / 2));
    g->known = 1;
  } else {
    /* A 64th up, as the other gate's. */
    g->floor += ((now - g->floor) > 64) ? 64 : (now - g->floor);
  }
  if ((now - g->floor) >= (g->rise * 16)) {
    g->left = g->hold;
  } else if (g->left > 0) {
    --g->left;
  }
  return (g->left > 0) ? 1 : 0;
}
