/* Front end: 16 kHz audio of one clip to int8 MFCC or log-mel features.
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

typedef struct {
  int32_t window;                 /* samples of a frame */
  int32_t stride;                 /* samples from frame to frame */
  int32_t fft;                    /* points, a power of two >= window, >= 4 * mel_bins */
  int32_t mel_bins;               /* <= KWS_FRONTEND_MAX_MEL */
  int32_t coefficients;           /* DCT rows; 0: the log-mel energies themselves */
  int32_t first_bin;              /* first FFT bin inside the mel bank, >= 1 */
  int32_t last_bin;               /* last one, < fft / 2 */
  const float* hann;              /* [window / 2 + 1] rising half, 1/32768 included */
  const float* sine;              /* [fft / 4 + 1] sin of 2 pi k / fft */
  const float* mel_weight;        /* [last_bin - first_bin + 1] share of the bin that falls to the lower of its bands */
  const uint8_t* mel_run;         /* [mel_bins + 1] bins below the peak of each band, and behind the last one's */
  const float* dct;               /* [coefficients][(mel_bins + 1) / 2] left half of each row */
  const float* mean;              /* [values] of the training data */
  const float* inverse_deviation; /* [values] int8 steps per unit */
} kws_frontend;

/* Features of one frame. pcm [window]; work [fft]; returns where in work the values lie. */
const float* kws_frontend_frame(const kws_frontend* fe, const int16_t* pcm, float* work);

/* (value - mean) * inverse_deviation, rounded half away from zero, clamped to -128..127. */
void kws_frontend_quantize(const kws_frontend* fe, const float* values, int8_t* features);

#ifdef __cplusplus
}
#endif

#endif
