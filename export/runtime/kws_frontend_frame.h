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

/* In-place complex FFT of points = 2^log2_points values that lie in bit-reversed order. */
static inline void kws_fft(kws_real* re, kws_real* im, int32_t points, int32_t log2_points, const float* twiddle,
                           int32_t twiddle_points) {
  int32_t half = 1;
  int32_t i;
  int32_t j;
  if ((log2_points & 1) != 0) {
    for (i = 0; i < points; i += 2) {
      const kws_real r = re[i + 1];
      const kws_real m = im[i + 1];
      re[i + 1] = re[i] - r;
      im[i + 1] = im[i] - m;
      re[i] = re[i] + r;
      im[i] = im[i] + m;
    }
    half = 2;
  }
  /* Two radix-2 stages at a time, so that each value is loaded and stored half as often. */
  for (; half < points; half *= 4) {
    const int32_t step1 = twiddle_points / (2 * half);
    const int32_t step2 = twiddle_points / (4 * half);
    for (j = 0; j < half; ++j) {
      const float c1 = twiddle[2 * j * step1];
      const float s1 = twiddle[2 * j * step1 + 1];
      const float c2 = twiddle[2 * j * step2];
      const float s2 = twiddle[2 * j * step2 + 1];
      for (i = j; i < points; i += 4 * half) {
        kws_real* const r = re + i;
        kws_real* const m = im + i;
        const kws_real r1 = r[half] * c1 - m[half] * s1;
        const kws_real m1 = r[half] * s1 + m[half] * c1;
        const kws_real r3 = r[3 * half] * c1 - m[3 * half] * s1;
        const kws_real m3 = r[3 * half] * s1 + m[3 * half] * c1;
        const kws_real ar = r[0] + r1;
        const kws_real am = m[0] + m1;
        const kws_real br = r[0] - r1;
        const kws_real bm = m[0] - m1;
        const kws_real cr = r[2 * half] + r3;
        const kws_real cm = m[2 * half] + m3;
        const kws_real dr = r[2 * half] - r3;
        const kws_real dm = m[2 * half] - m3;
        const kws_real ur = cr * c2 - cm * s2;
        const kws_real um = cr * s2 + cm * c2;
        /* The fourth output's twiddle is -i times the third's. */
        const kws_real vr = dr * s2 + dm * c2;
        const kws_real vm = dm * s2 - dr * c2;
        r[0] = ar + ur;
        m[0] = am + um;
        r[2 * half] = ar - ur;
        m[2 * half] = am - um;
        r[half] = br + vr;
        m[half] = bm + vm;
        r[3 * half] = br - vr;
        m[3 * half] = bm - vm;
      }
    }
  }
}

/* Features of one frame, or of one frame per lane. work [KWS_FRONTEND_WORK(fft)]; returns where in work they lie. */
static inline const kws_real* kws_frame(const kws_frontend* fe, const int16_t* pcm, kws_real* work) {
  const int32_t half = fe->fft / 2;
  kws_real* const re = work;
  kws_real* const im = work + half;
  kws_real* const mel = work + fe->fft;
  kws_real* const out = mel + KWS_FRONTEND_MAX_MEL;
  const kws_real zero = kws_to_real(kws_bits(work[0]) & 0);
  int32_t log2_half = 0;
  int32_t i;
  int32_t k;
  while ((1 << log2_half) < half) {
    ++log2_half;
  }

  /* The real signal goes in as half as many complex numbers, even samples real, odd ones imaginary, bit-reversed. */
  for (i = 0; i < half; ++i) {
    int32_t reversed = 0;
    for (k = 0; k < log2_half; ++k) {
      reversed |= ((i >> k) & 1) << (log2_half - 1 - k);
    }
    re[reversed] = 2 * i < fe->window ? KWS_SAMPLE(pcm, 2 * i, fe->stride) * fe->hann[2 * i] : zero;
    im[reversed] = 2 * i + 1 < fe->window ? KWS_SAMPLE(pcm, 2 * i + 1, fe->stride) * fe->hann[2 * i + 1] : zero;
  }
  kws_fft(re, im, half, log2_half, fe->twiddle, fe->fft);

  for (i = 0; i < fe->mel_bins; ++i) {
    mel[i] = zero;
  }
  for (i = 0; i < fe->bins; ++i) {
    /* Bin k of the real signal: X = (Z[k] + Z*[n-k]) / 2 - i W^k (Z[k] - Z*[n-k]) / 2. */
    const int32_t bin = fe->first_bin + i;
    const float c = fe->twiddle[2 * bin];
    const float s = fe->twiddle[2 * bin + 1];
    const kws_real er = re[bin] + re[half - bin];
    const kws_real em = im[bin] - im[half - bin];
    const kws_real dr = re[bin] - re[half - bin];
    const kws_real dm = im[bin] + im[half - bin];
    const kws_real xr = er + (dr * s + dm * c);
    const kws_real xm = em + (dm * s - dr * c);
    const kws_real magnitude = kws_sqrt(xr * xr + xm * xm) * 0.5F;
    const kws_real own = magnitude * fe->mel_weight[i];
    const int32_t band = fe->mel_band[i];
    if (band >= 0) {
      mel[band] = mel[band] + own;
    }
    if (band + 1 < fe->mel_bins) {
      mel[band + 1] = mel[band + 1] + (magnitude - own);
    }
  }
  for (i = 0; i < fe->mel_bins; ++i) {
    mel[i] = kws_log(kws_max(mel[i], 1e-12F));
  }
  if (fe->coefficients == 0) {
    return mel;
  }
  for (k = 0; k < fe->coefficients; ++k) {
    const float* const row = fe->dct + k * fe->mel_bins;
    kws_real sum = mel[0] * row[0];
    for (i = 1; i < fe->mel_bins; ++i) {
      sum = sum + mel[i] * row[i];
    }
    out[k] = sum;
  }
  return out;
}
