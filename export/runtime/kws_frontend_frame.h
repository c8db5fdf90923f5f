/* One frame of the front end, written once for two kinds of number: kws_frontend.c includes it with kws_real = float,
 * the trainer with kws_real = a vector of frames side by side. Only +, -, * and the functions named below touch a
 * kws_real, so each lane of a vector takes the same steps as the float and ends in the same bits.
 *
 * The includer defines:  kws_real, kws_int (32 bits per lane), kws_sqrt(real), kws_max(real, float),
 * kws_bits(real) -> int, kws_from_bits(int) -> real, kws_to_real(int) -> real, and KWS_SAMPLE(pcm, i, stride) -> real,
 * the i-th sample of the frame. */

/* Natural logarithm, x > 0 and normal; error below 2 units in the last place.
 * Source: range reduction to sqrt(1/2)..sqrt(2) and the polynomial of the Cephes library's logf. */
static inline kws_real kws_log(kws_real x) {
  const kws_int shifted = kws_bits(x) - 0x3F3504F3;
  const kws_int exponent = shifted >> 23;
  const kws_real f = kws_from_bits(kws_bits(x) - exponent * 0x800000) - 1.0F;
  const kws_real e = kws_to_real(exponent);
  const kws_real z = f * f;
  kws_real p = f * 7.0376836292E-2F - 1.1514610310E-1F;
  p = p * f + 1.1676998740E-1F;
  p = p * f - 1.2420140846E-1F;
  p = p * f + 1.4249322787E-1F;
  p = p * f - 1.6668057665E-1F;
  p = p * f + 2.0000714765E-1F;
  p = p * f - 2.4999993993E-1F;
  p = p * f + 3.3333331174E-1F;
  /* ln 2 in two parts: the first is exact times any exponent. */
  return f * z * p + e * -2.12194440E-4F - z * 0.5F + f + e * 0.693359375F;
}

/* The additions of a radix-4 butterfly; b, c, d come in turned. */
static inline void kws_cross(kws_real* a, kws_real* b, kws_real* c, kws_real* d, kws_real rb, kws_real mb, kws_real rc,
                             kws_real mc, kws_real rd, kws_real md) {
  const kws_real r0 = a[0] + rb;
  const kws_real m0 = a[1] + mb;
  const kws_real r1 = a[0] - rb;
  const kws_real m1 = a[1] - mb;
  const kws_real r2 = rc + rd;
  const kws_real m2 = mc + md;
  const kws_real r3 = rc - rd;
  const kws_real m3 = mc - md;
  a[0] = r0 + r2;
  a[1] = m0 + m2;
  b[0] = r1 + m3;
  b[1] = m1 - r3;
  c[0] = r0 - r2;
  c[1] = m0 - m2;
  d[0] = r1 - m3;
  d[1] = m1 + r3;
}

/* One radix-4 stage of the in-place FFT of fft / 2 complex values, from z to end; blocks of `half` values are
 * transformed already. Two radix-2 stages in one: b turns by W^2j, c by W^j, d by W^3j, where
 * W = exp(-2 pi i / (4 half)). */
static inline void kws_fft_stage(kws_real* z, const kws_real* end, int32_t fft, int32_t half, const float* sine) {
  const int32_t gap = 2 * half;
  const int32_t step = fft / (4 * half);
  kws_real* a;
  int32_t j;
  for (a = z; a < end; a += 4 * gap) {
    kws_real* const b = a + gap;
    kws_real* const c = b + gap;
    kws_real* const d = c + gap;
    kws_cross(a, b, c, d, b[0], b[1], c[0], c[1], d[0], d[1]);
  }
  for (j = 1; j < half; ++j) {
    const float c2 = sine[fft / 4 - j * step];
    const float s2 = -sine[j * step];
    const float c1 = c2 * c2 - s2 * s2;
    const float s1 = 2.0F * c2 * s2;
    const float c3 = c1 * c2 - s1 * s2;
    const float s3 = c1 * s2 + s1 * c2;
    for (a = z + 2 * j; a < end; a += 4 * gap) {
      kws_real* const b = a + gap;
      kws_real* const c = b + gap;
      kws_real* const d = c + gap;
      kws_cross(a, b, c, d, b[0] * c1 - b[1] * s1, b[0] * s1 + b[1] * c1, c[0] * c2 - c[1] * s2, c[0] * s2 + c[1] * c2,
                d[0] * c3 - d[1] * s3, d[0] * s3 + d[1] * c3);
    }
  }
}

static inline void kws_fft(kws_real* z, int32_t fft, int32_t half, const float* sine) {
  const kws_real* const end = z + fft;
  kws_real* part;
  int32_t done = half;
  if (sizeof(kws_real) >= 64 && fft >= 1024) {
    /* More than a processor's first cache holds: all stages but the last for one quarter after the other. */
    for (part = z; part < end; part += fft / 4) {
      for (done = half; done < fft / 8; done *= 4) {
        kws_fft_stage(part, part + fft / 4, fft, done, sine);
      }
    }
  }
  for (; done < fft / 2; done *= 4) {
    kws_fft_stage(z, end, fft, done, sine);
  }
}

/* Samples i and i + 1 of the frame, windowed; 0 behind its end. */
static inline void kws_windowed(const kws_frontend* fe, const int16_t* pcm, int32_t i, kws_real zero, kws_real* to) {
  if (i < fe->window) {
    const int32_t rising = 2 * i < fe->window ? 1 : 0;
    const float* const hann = fe->hann + (rising != 0 ? i : fe->window - i);
    to[0] = KWS_SAMPLE(pcm, i, fe->stride) * hann[0];
    to[1] = KWS_SAMPLE(pcm, i + 1, fe->stride) * hann[rising != 0 ? 1 : -1];
  } else {
    to[0] = zero;
    to[1] = zero;
  }
}

/* Spectrum of the frame: even samples go in real, odd ones imaginary, in bit-reversed order. */
static inline void kws_spectrum(const kws_frontend* fe, const int16_t* pcm, kws_real* z, kws_real zero) {
  const int32_t points = fe->fft / 2;
  int32_t half = points;
  int32_t place = 0;
  int32_t bit;
  int32_t i;
  while (half > 2) {
    half /= 4;
  }
  for (i = 0; i < points; i += 2) {
    /* The values i / 2 and i / 2 + points / 2 are neighbours in that order. */
    kws_real* const to = z + 2 * place;
    kws_windowed(fe, pcm, i, zero, to);
    kws_windowed(fe, pcm, i + points, zero, to + 2);
    if (half == 2) { /* twice a power of 4: one radix-2 stage */
      const kws_real r = to[2];
      const kws_real m = to[3];
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

/* Magnitude of each bin of the mel bank, at z[2 * bin]; what else lies in z is lost. */
static inline void kws_magnitudes(const kws_frontend* fe, kws_real* z) {
  const int32_t last = fe->last_bin;
  const int32_t quarter = fe->fft / 4;
  int32_t k = fe->first_bin;
  if (k > fe->fft / 2 - last) {
    k = fe->fft / 2 - last;
  }
  /* X[k] = E - i W^k D and X[n - k] = conj(E + i W^k D) with 2 E = Z[k] + Z*[n - k], 2 D = Z[k] - Z*[n - k]. */
  for (; k <= last && k <= quarter; ++k) {
    kws_real* const a = z + 2 * k;
    kws_real* const b = z + fe->fft - 2 * k;
    const float c = fe->sine[quarter - k];
    const float s = -fe->sine[k];
    const kws_real er = a[0] + b[0];
    const kws_real em = a[1] - b[1];
    const kws_real dr = a[0] - b[0];
    const kws_real dm = a[1] + b[1];
    const kws_real tr = dr * s + dm * c;
    const kws_real tm = dm * s - dr * c;
    const kws_real xr = er + tr;
    const kws_real xm = em + tm;
    if (fe->fft / 2 - k <= last) {
      const kws_real yr = er - tr;
      const kws_real ym = em - tm;
      b[0] = kws_sqrt(yr * yr + ym * ym) * 0.5F;
    }
    a[0] = kws_sqrt(xr * xr + xm * xm) * 0.5F;
  }
}

/* Mel energies from the magnitudes, at z[2 * band + 1]. */
static inline void kws_mel(const kws_frontend* fe, kws_real* z, kws_real zero) {
  const kws_real* magnitude = z + 2 * fe->first_bin;
  const float* weight = fe->mel_weight;
  kws_real sum = zero;
  int32_t band;
  for (band = 0; band <= fe->mel_bins; ++band) {
    /* Bins between the peaks of the bands `band` - 1 and `band`: what does not fall to the one falls to the other. */
    const float* const end = weight + fe->mel_run[band];
    kws_real next = zero;
    for (; weight < end; ++weight) {
      const kws_real own = magnitude[0] * weight[0];
      sum = sum + own;
      next = next + (magnitude[0] - own);
      magnitude += 2;
    }
    if (band > 0) {
      z[2 * band - 1] = sum;
    }
    sum = next;
  }
}

/* DCT-II of the log-mel energies, which it overwrites. Rows are symmetric or antisymmetric in turn. */
static inline void kws_dct(const kws_frontend* fe, kws_real* mel_logs, kws_real* out) {
  const int32_t mel_bins = fe->mel_bins;
  const int32_t pairs = mel_bins / 2;
  const float* row = fe->dct;
  int32_t i;
  int32_t k;
  for (i = 0; i < pairs; ++i) {
    const kws_real low = mel_logs[i];
    const kws_real high = mel_logs[mel_bins - 1 - i];
    mel_logs[i] = low + high;
    mel_logs[mel_bins - 1 - i] = low - high;
  }
  for (k = 0; k < fe->coefficients; ++k) {
    /* Sums lie in front of the middle, differences behind it, from the end on. */
    const kws_real* value = (k & 1) == 0 ? mel_logs : mel_logs + mel_bins - 1;
    const int32_t step = (k & 1) == 0 ? 1 : -1;
    const int32_t terms = (k & 1) == 0 ? mel_bins - pairs : pairs;
    kws_real sum = value[0] * row[0];
    for (i = 1; i < terms; ++i) {
      value += step;
      sum = sum + value[0] * row[i];
    }
    out[k] = sum;
    row += mel_bins - pairs;
  }
}

/* Features of one frame, or of one frame per lane. work [fft]; returns where in work they lie. */
static inline const kws_real* kws_frame(const kws_frontend* fe, const int16_t* pcm, kws_real* work) {
  kws_real* const mel_logs = work + fe->fft / 2;
  const kws_real zero = KWS_SAMPLE(pcm, 0, fe->stride) * 0.0F;
  int32_t i;
  kws_spectrum(fe, pcm, work, zero);
  kws_magnitudes(fe, work);
  kws_mel(fe, work, zero);
  for (i = 0; i < fe->mel_bins; ++i) {
    mel_logs[i] = kws_log(kws_max(work[2 * i + 1], 1e-12F));
  }
  if (fe->coefficients == 0) {
    return mel_logs;
  }
  kws_dct(fe, mel_logs, work);
  return work;
}
