/* Front end in integers, for cores without a floating-point unit: the features of kws_frontend.h to about an int8 step.
 * A frame is scaled to full scale first and its exponent kept (block floating point); the FFT runs on int32 values with
 * Q15 twiddles, magnitudes and mel sums are unsigned integers, logarithms and features Q10. The trainer and the device
 * compile this same code, and integers have the same bits everywhere. Right shifts of negative numbers must be
 * arithmetic, as all compilers for Arm, RISC-V and x86 do them. */
#ifndef KWS_FRONTEND_INTEGER_H
#define KWS_FRONTEND_INTEGER_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A feature's value of one. */
#define KWS_FRONTEND_INTEGER_ONE 1024

typedef struct {
  int32_t window;       /* samples of a frame, even */
  int32_t fft;          /* points, a power of two >= window, >= 4 * mel_bins */
  int32_t mel_bins;     /* 8 .. 64 */
  int32_t coefficients; /* DCT rows; 0: the log-mel energies themselves */
  int32_t first_bin;    /* first FFT bin inside the mel bank, >= 1 */
  int32_t last_bin;     /* last one, < fft / 2 */
  const uint16_t* hann; /* [window / 2 + 1] rising half, Q15 */
  const int16_t* sine;  /* [fft / 4 + 1] sin of 2 pi k / fft, Q15, at most 32767 */
  const uint16_t*
      mel_weight;         /* [last_bin - first_bin + 1] Q10: share of the bin that falls to the lower of its bands */
  const uint8_t* mel_run; /* [mel_bins + 1] bins below the peak of each band, and behind the last one's */
  const int16_t* dct;     /* [coefficients][(mel_bins + 1) / 2] left half of each row, Q12 */
  const int32_t* mean;    /* [values] of the training data, Q10 */
  const uint16_t* multiplier; /* [values] int8 steps per unit of Q10: multiplier * 2^(-15 - shift), below 2^15 */
  const uint8_t* shift;       /* [values] 0 .. 30 */
} kws_frontend_integer;

/* Features of one frame, Q10. pcm [window]; work [fft]; returns where in work the values lie. */
const int32_t* kws_frontend_integer_frame(const kws_frontend_integer* fe, const int16_t* pcm, int32_t* work);

/* (value - mean) in int8 steps, rounded half away from zero, clamped to -128..127. */
void kws_frontend_integer_quantize(const kws_frontend_integer* fe, const int32_t* values, int8_t* features);

#ifdef __cplusplus
}
#endif

#endif
