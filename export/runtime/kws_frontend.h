/* Front end: one second of 16 kHz audio to int8 MFCC or log-mel features.
 * Definition: TensorFlow's audio_spectrogram (periodic Hann window, power of two FFT, magnitude) and mfcc (HTK mel
 * scale, natural logarithm with floor 1e-12, DCT-II) operations, in float32 with constant tables. The trainer and the
 * device compile this same code. Every result is the same bit for bit as long as the compiler may not fuse
 * multiplications and additions: -ffp-contract=off, or -std=c99 with GCC. */
#ifndef KWS_FRONTEND_H
#define KWS_FRONTEND_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KWS_FRONTEND_MAX_MEL 64

/* Floats of work memory that one frame needs: the spectrum, mel energies, and one frame of features. */
#define KWS_FRONTEND_WORK(fft) ((fft) + 2 * KWS_FRONTEND_MAX_MEL)

typedef struct {
  int32_t window;                 /* samples of a frame */
  int32_t stride;                 /* samples from frame to frame */
  int32_t fft;                    /* points, a power of two >= window, >= 16 */
  int32_t mel_bins;               /* <= KWS_FRONTEND_MAX_MEL */
  int32_t coefficients;           /* DCT rows; 0: the log-mel energies themselves */
  int32_t frames;                 /* of one clip */
  int32_t first_bin;              /* first FFT bin inside the mel bank */
  int32_t bins;                   /* FFT bins inside it; first_bin >= 1, first_bin + bins <= fft / 2 */
  const float* hann;              /* [window], 1/32768 included */
  const float* twiddle;           /* [fft / 2][2]: cos, sin of -2 pi k / fft */
  const float* mel_weight;        /* [bins] share of the bin that falls to mel_band, the rest to the band after it */
  const int8_t* mel_band;         /* [bins] -1 .. mel_bins - 1 */
  const float* dct;               /* [coefficients][mel_bins] */
  const float* mean;              /* [values] of the training data */
  const float* inverse_deviation; /* [values] int8 steps per unit */
} kws_frontend;

/* Features of one frame. pcm [window]; work [KWS_FRONTEND_WORK(fft)]; returns where in work the values lie. */
const float* kws_frontend_frame(const kws_frontend* fe, const int16_t* pcm, float* work);

/* (value - mean) * inverse_deviation, rounded half away from zero, clamped to -128..127. */
void kws_frontend_quantize(const kws_frontend* fe, const float* values, int8_t* features);

#ifdef __cplusplus
}
#endif

#endif
