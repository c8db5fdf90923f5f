#include "kws_frontend_integer.h"

/* Cores whose multiplication gives 64 bits in one instruction use it; the others two products of 31 bits each. */
#ifndef KWS_LONG_MULTIPLY
#if defined(__ARM_ARCH_6M__) || defined(__ARM_ARCH_8M_BASE__)
#define KWS_LONG_MULTIPLY 0
#else
#define KWS_LONG_MULTIPLY 1
#endif
#endif

#define KWS_LN2 22713      /* Q15 */
#define KWS_FLOOR (-28293) /* ln 1e-12 in Q10: digital silence, as in the float front end */

/* ln(1 + i / 32), Q15 */
static const int16_t kws_ln_table[33] = {
    0,     1008,  1987,  2936,  3860,  4757,  5631,  6482,  7312,  8121,  8911,
    9682,  10435, 11171, 11892, 12596, 13286, 13962, 14624, 15273, 15909, 16533,
    17146, 17747, 18337, 18917, 19487, 20048, 20598, 21140, 21673, 22197, 22713,
};

/* Half of a * c + b * s, rounded down, for Q15 factors c and s (times KWS_FACTOR) of a turn: |c| + |s| <= 1.5.
 * |a|, |b| <= 2^30. */
#if KWS_LONG_MULTIPLY
#define KWS_FACTOR 65536
static inline int32_t kws_half_dot(int32_t a, int32_t b, int32_t c, int32_t s) {
  return (int32_t)(((int64_t)a * c + (int64_t)b * s) >> 32);
}
#else
#define KWS_FACTOR 1
static inline int32_t kws_half_dot(int32_t a, int32_t b, int32_t c, int32_t s) {
  const int32_t low = (a & 0x7FFF) * c + (b & 0x7FFF) * s;
  return ((a >> 15) * c + (b >> 15) * s + (low >> 15)) >> 1;
}
#endif

/* cos and -sin of 2 pi k / fft, times KWS_FACTOR. */
typedef struct {
  int32_t c;
  int32_t s;
} kws_turn;

/* k = 0 .. 3 fft / 4, from the first quarter of the sine. */
static inline kws_turn kws_turn_of(const int16_t* sine, int32_t quarter, int32_t k) {
  kws_turn turn;
  if (k <= quarter) {
    turn.c = sine[quarter - k] * KWS_FACTOR;
    turn.s = -sine[k] * KWS_FACTOR;
  } else if (k <= 2 * quarter) {
    turn.c = -sine[k - quarter] * KWS_FACTOR;
    turn.s = -sine[2 * quarter - k] * KWS_FACTOR;
  } else {
    turn.c = -sine[3 * quarter - k] * KWS_FACTOR;
    turn.s = sine[k - 2 * quarter] * KWS_FACTOR;
  }
  return turn;
}

/* The additions of a radix-4 butterfly, result halved; b, c, d come in turned and halved. */
static inline void kws_cross(int32_t* a, int32_t* b, int32_t* c, int32_t* d, int32_t rb, int32_t mb, int32_t rc,
                             int32_t mc, int32_t rd, int32_t md) {
  const int32_t ra = a[0] >> 1;
  const int32_t ma = a[1] >> 1;
  const int32_t r0 = ra + rb;
  const int32_t m0 = ma + mb;
  const int32_t r1 = ra - rb;
  const int32_t m1 = ma - mb;
  const int32_t r2 = rc + rd;
  const int32_t m2 = mc + md;
  const int32_t r3 = rc - rd;
  const int32_t m3 = mc - md;
  a[0] = r0 + r2;
  a[1] = m0 + m2;
  b[0] = r1 + m3;
  b[1] = m1 - r3;
  c[0] = r0 - r2;
  c[1] = m0 - m2;
  d[0] = r1 - m3;
  d[1] = m1 + r3;
}

/* Radix-4 stages of the in-place FFT of fft / 2 complex values, each halving its result; blocks of `half` values are
 * transformed already. b turns by W^2j, c by W^j, d by W^3j, where W = exp(-2 pi i / (4 half)). */
static void kws_fft(int32_t* z, int32_t fft, int32_t half, const int16_t* sine) {
  int32_t* const end = z + fft;
  int32_t* a;
  int32_t j;
  int32_t step = half == 2 ? fft / 8 : fft / 4; /* no division: fft / (4 half) */
  for (; half < fft / 2; half *= 4, step /= 4) {
    const int32_t gap = 2 * half;
    for (a = z; a < end; a += 4 * gap) {
      int32_t* const b = a + gap;
      int32_t* const c = b + gap;
      int32_t* const d = c + gap;
      kws_cross(a, b, c, d, b[0] >> 1, b[1] >> 1, c[0] >> 1, c[1] >> 1, d[0] >> 1, d[1] >> 1);
    }
    for (j = 1; j < half; ++j) {
      const kws_turn w1 = kws_turn_of(sine, fft / 4, 2 * j * step);
      const kws_turn w2 = kws_turn_of(sine, fft / 4, j * step);
      const kws_turn w3 = kws_turn_of(sine, fft / 4, 3 * j * step);
      for (a = z + 2 * j; a < end; a += 4 * gap) {
        int32_t* const b = a + gap;
        int32_t* const c = b + gap;
        int32_t* const d = c + gap;
        kws_cross(a, b, c, d, kws_half_dot(b[0], b[1], w1.c, -w1.s), kws_half_dot(b[0], b[1], w1.s, w1.c),
                  kws_half_dot(c[0], c[1], w2.c, -w2.s), kws_half_dot(c[0], c[1], w2.s, w2.c),
                  kws_half_dot(d[0], d[1], w3.c, -w3.s), kws_half_dot(d[0], d[1], w3.s, w3.c));
      }
    }
  }
}

/* Doublings that bring the frame to full scale, 0 .. 15; -1 for a frame of zeros. */
static int32_t kws_headroom(const int16_t* pcm, int32_t window) {
  int32_t any = 0;
  int32_t loud = 0;
  int32_t doublings = 0;
  int32_t i;
  for (i = 0; i < window; ++i) {
    const int32_t sample = pcm[i];
    any |= sample;
    loud |= sample ^ (sample >> 15);
  }
  if (any == 0) {
    return -1;
  }
  for (; doublings < 15 && loud < 0x4000; ++doublings) {
    loud *= 2;
  }
  return doublings;
}

/* Samples i and i + 1 of the frame, windowed; 0 behind its end. */
static inline void kws_windowed(const kws_frontend_integer* fe, const int16_t* pcm, int32_t i, int32_t gain,
                                int32_t shift, int32_t* to) {
  if (i < fe->window) {
    const int32_t rising = 2 * i < fe->window ? 1 : 0;
    const uint16_t* const hann = fe->hann + (rising != 0 ? i : fe->window - i);
    to[0] = (pcm[i] * gain * (int32_t)hann[0]) >> shift;
    to[1] = (pcm[i + 1] * gain * (int32_t)hann[rising != 0 ? 1 : -1]) >> shift;
  } else {
    to[0] = 0;
    to[1] = 0;
  }
}

/* Spectrum of the frame times 2^(30 - log2(fft) + doublings): even samples go in real, odd ones imaginary, in
 * bit-reversed order. No value of any stage can leave -2^30 .. 2^30, because a window's sum is at most fft / 2. */
static void kws_spectrum(const kws_frontend_integer* fe, const int16_t* pcm, int32_t doublings, int32_t* z) {
  const int32_t points = fe->fft / 2;
  const int32_t gain = (int32_t)1 << doublings;
  int32_t half = points;
  int32_t shift = 1; /* log2(fft) less one for each radix-4 stage, which halves */
  int32_t place = 0;
  int32_t bit;
  int32_t i;
  while (half > 2) {
    half /= 4;
    ++shift;
  }
  shift += half == 2 ? 1 : 0;
  for (i = 0; i < points; i += 2) {
    /* The values i / 2 and i / 2 + points / 2 are neighbours in that order. */
    int32_t* const to = z + 2 * place;
    kws_windowed(fe, pcm, i, gain, shift, to);
    kws_windowed(fe, pcm, i + points, gain, shift, to + 2);
    if (half == 2) { /* twice a power of 4: one radix-2 stage */
      const int32_t r = to[2];
      const int32_t m = to[3];
      to[2] = to[0] - r;
      to[3] = to[1] - m;
      to[0] = to[0] + r;
      to[1] = to[1] + m;
    }
    for (bit = points / 2; (place & bit) != 0; bit /= 2) {
      place -= bit;
    }
    place += bit;
  }
  kws_fft(z, fe->fft, half, fe->sine);
}

/* |x + i y| / 128 to 0.4 %: the longest of the projections on directions 11.25 degrees apart. */
static inline int32_t kws_magnitude(int32_t x, int32_t y) {
  const uint32_t u = (uint32_t)(x < 0 ? -x : x) >> 6;
  const uint32_t v = (uint32_t)(y < 0 ? -y : y) >> 6;
  const uint32_t a = u > v ? u : v;
  const uint32_t b = u > v ? v : u;
  uint32_t p;
  uint32_t q;
  if (256U * b < 106U * a) { /* below 22.5 degrees */
    p = 255U * a + 25U * b;
    q = 246U * a + 74U * b;
  } else {
    p = 226U * a + 121U * b;
    q = 198U * a + 163U * b;
  }
  return (int32_t)((p > q ? p : q) >> 9);
}

/* Magnitude of each bin of the mel bank, times 2^(23 - log2(fft) + doublings), at z[2 * bin]; what else lies in z is
 * lost. */
static void kws_magnitudes(const kws_frontend_integer* fe, int32_t* z) {
  const int32_t last = fe->last_bin;
  const int32_t quarter = fe->fft / 4;
  int32_t k = fe->first_bin;
  if (k > fe->fft / 2 - last) {
    k = fe->fft / 2 - last;
  }
  /* X[k] = E - i W^k D and X[n - k] = conj(E + i W^k D) with 2 E = Z[k] + Z*[n - k], 2 D = Z[k] - Z*[n - k]. */
  for (; k <= last && k <= quarter; ++k) {
    int32_t* const a = z + 2 * k;
    int32_t* const b = z + fe->fft - 2 * k;
    const int32_t c = fe->sine[quarter - k] * KWS_FACTOR;
    const int32_t s = -fe->sine[k] * KWS_FACTOR;
    const int32_t er = (a[0] + b[0]) >> 1;
    const int32_t em = (a[1] - b[1]) >> 1;
    const int32_t dr = a[0] - b[0];
    const int32_t dm = a[1] + b[1];
    const int32_t tr = kws_half_dot(dr, dm, s, c);
    const int32_t tm = kws_half_dot(dm, dr, s, -c);
    if (fe->fft / 2 - k <= last) {
      b[0] = kws_magnitude(er - tr, em - tm);
    }
    a[0] = kws_magnitude(er + tr, em + tm);
  }
}

/* Mel energies from the magnitudes, at z[2 * band + 1]. */
static void kws_mel(const kws_frontend_integer* fe, int32_t* z) {
  const int32_t* magnitude = z + 2 * fe->first_bin;
  const uint16_t* weight = fe->mel_weight;
  uint32_t sum = 0;
  int32_t band;
  for (band = 0; band <= fe->mel_bins; ++band) {
    /* Bins between the peaks of the bands `band` - 1 and `band`: what does not fall to the one falls to the other. */
    const uint16_t* const end = weight + fe->mel_run[band];
    uint32_t next = 0;
    for (; weight < end; ++weight) {
      const uint32_t all = (uint32_t)magnitude[0];
      const uint32_t own = (all * weight[0]) >> 10;
      sum += own;
      next += all - own;
      magnitude += 2;
    }
    if (band > 0) {
      /* A band without bins keeps 0; any other has at least the resolution, so that a pure tone's silent bands stay
       * near what floats would give. */
      const int32_t bins = fe->mel_run[band - 1] + fe->mel_run[band];
      z[2 * band - 1] = sum == 0U && bins > 0 ? 1 : (int32_t)sum;
    }
    sum = next;
  }
}

/* ln(x * 2^-exponent), Q10. */
static int32_t kws_log(uint32_t x, int32_t exponent) {
  int32_t top = 31 - exponent;
  int32_t step;
  int32_t low;
  if (x == 0U) {
    return KWS_FLOOR;
  }
  for (step = 16; step > 0; step /= 2) {
    if ((x >> (32 - step)) == 0U) {
      x <<= step;
      top -= step;
    }
  }
  low = kws_ln_table[(x >> 26) & 31U];
  low += ((kws_ln_table[((x >> 26) & 31U) + 1U] - low) * (int32_t)((x >> 16) & 1023U)) >> 10;
  return (top * KWS_LN2 + low + 16) >> 5;
}

/* DCT-II of the log-mel energies, which it overwrites. Rows are symmetric or antisymmetric in turn. */
static void kws_dct(const kws_frontend_integer* fe, int32_t* mel_logs, int32_t* out) {
  const int32_t mel_bins = fe->mel_bins;
  const int32_t pairs = mel_bins / 2;
  const int16_t* row = fe->dct;
  int32_t i;
  int32_t k;
  for (i = 0; i < pairs; ++i) {
    const int32_t low = mel_logs[i];
    const int32_t high = mel_logs[mel_bins - 1 - i];
    mel_logs[i] = low + high;
    mel_logs[mel_bins - 1 - i] = low - high;
  }
  for (k = 0; k < fe->coefficients; ++k) {
    /* Sums lie in front of the middle, differences behind it, from the end on. */
    const int32_t* value = (k & 1) == 0 ? mel_logs : mel_logs + mel_bins - 1;
    const int32_t step = (k & 1) == 0 ? 1 : -1;
    const int32_t terms = (k & 1) == 0 ? mel_bins - pairs : pairs;
    int32_t sum = 1 << 11;
    for (i = 0; i < terms; ++i) {
      sum += value[0] * row[i];
      value += step;
    }
    out[k] = sum >> 12;
    row += mel_bins - pairs;
  }
}

const int32_t* kws_frontend_integer_frame(const kws_frontend_integer* fe, const int16_t* pcm, int32_t* work) {
  int32_t* const mel_logs = work + fe->fft / 2;
  const int32_t doublings = kws_headroom(pcm, fe->window);
  int32_t exponent = 23 + doublings; /* of the mel sums */
  int32_t i;
  for (i = fe->fft; i > 1; i /= 2) {
    --exponent;
  }
  if (doublings >= 0) {
    kws_spectrum(fe, pcm, doublings, work);
    kws_magnitudes(fe, work);
    kws_mel(fe, work);
  }
  for (i = 0; i < fe->mel_bins; ++i) {
    mel_logs[i] = doublings < 0 ? KWS_FLOOR : kws_log((uint32_t)work[2 * i + 1], exponent);
  }
  if (fe->coefficients == 0) {
    return mel_logs;
  }
  kws_dct(fe, mel_logs, work);
  return work;
}

void kws_frontend_integer_quantize(const kws_frontend_integer* fe, const int32_t* values, int8_t* features) {
  const int32_t count = fe->coefficients == 0 ? fe->mel_bins : fe->coefficients;
  int32_t i;
  for (i = 0; i < count; ++i) {
    const int32_t above = values[i] - fe->mean[i];
    const uint32_t distance = (uint32_t)(above < 0 ? -above : above);
    const uint32_t multiplier = fe->multiplier[i];
    const uint32_t half = ((uint32_t)1 << fe->shift[i]) >> 1;
    /* distance * multiplier / 2^15 without a product of more than 32 bits */
    const uint32_t product = (distance >> 15) * multiplier + (((distance & 0x7FFFU) * multiplier) >> 15);
    const uint32_t steps = (product + half) >> fe->shift[i];
    if (above < 0) {
      features[i] = (int8_t)(steps > 128U ? -128 : -(int32_t)steps);
    } else {
      features[i] = (int8_t)(steps > 127U ? 127 : (int32_t)steps);
    }
  }
}
