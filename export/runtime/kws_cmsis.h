/* Layers on Arm's CMSIS-NN, version 7.0.0 or newer, instead of kws_kernels_*.c, for builds with -DKWS_USE_CMSIS_NN: the
 * same bytes. The same definition must reach every file of the program, because the arena has another size then. */
#ifndef KWS_CMSIS_H
#define KWS_CMSIS_H

#include <stdint.h>

#include "kws_kernels.h"

#ifdef KWS_USE_CMSIS_NN

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes of scratch: the layer's shifts as int32, where there may be padding its bias, then what the library asks for on
 * the core that needs most (Helium, whose windows come in blocks of 16 and whose channels in blocks of 124). Input,
 * output and scratch may not overlap; `reverse` in the parameters has no effect. */
/* kws:begin pointwise */
#define KWS_CMSIS_POINTWISE_SCRATCH(channels) (4 * (channels))
void kws_pointwise_cmsis(const void* params, const int8_t* in, int8_t* out, void* scratch);
/* kws:end */
/* kws:begin conv2d */
#define KWS_CMSIS_CONV2D_SCRATCH(channels, window) (8 * (channels) + 64 * (((window) + 15) / 16))
void kws_conv2d_cmsis(const void* params, const int8_t* in, int8_t* out, void* scratch);
/* kws:end */
/* kws:begin depthwise depthwise_large */
/* The channels must be a multiple of 4: the library reads its tables in vectors of four. */
#define KWS_CMSIS_DEPTHWISE_SCRATCH(channels, taps) \
  (8 * (channels) + (taps) * (2 * (channels) > 4 * 124 ? 2 * (channels) : 4 * 124))
void kws_depthwise_cmsis(const void* params, const int8_t* in, int8_t* out, void* scratch);
/* kws:end */
/* kws:begin dense */
#define KWS_CMSIS_DENSE_SCRATCH(units) (4 * (units))
void kws_dense_cmsis(const void* params, const int8_t* in, int8_t* out, void* scratch);
/* kws:end */

#ifdef __cplusplus
}
#endif

#endif
#endif
