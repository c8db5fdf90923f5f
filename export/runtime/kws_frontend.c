#include "kws_frontend.h"

#include <math.h>
#include <string.h>

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#endif

typedef float kws_real;
typedef int32_t kws_int;

static inline kws_int kws_bits(kws_real x) {
  kws_int bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static inline kws_real kws_from_bits(kws_int bits) {
  kws_real x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static inline kws_real kws_to_real(kws_int x) { return (kws_real)x; }
static inline kws_real kws_sqrt(kws_real x) { return sqrtf(x); }
static inline kws_real kws_max(kws_real x, float low) { return x > low ? x : low; }
#define KWS_SAMPLE(pcm, i, stride) ((kws_real)(pcm)[i])

#include "kws_frontend_frame.h"

const float* kws_frontend_frame(const kws_frontend* fe, const int16_t* pcm, float* work) {
  return kws_frame(fe, pcm, work);
}

void kws_frontend_quantize(const kws_frontend* fe, const float* values, int8_t* features) {
  const int32_t count = fe->coefficients == 0 ? fe->mel_bins : fe->coefficients;
  int32_t i;
  for (i = 0; i < count; ++i) {
    float steps = (values[i] - fe->mean[i]) * fe->inverse_deviation[i];
    /* Clamped before the conversion: a float outside the integer's range has no defined result. */
    steps = steps > 127.0F ? 127.0F : steps;
    steps = steps < -128.0F ? -128.0F : steps;
    features[i] = (int8_t)(int32_t)(steps >= 0.0F ? steps + 0.5F : steps - 0.5F);
  }
}
