/* Integer kernels of a keyword spotter: int8 in, int8 out, 32-bit accumulators. C99, also valid C++.
 * No heap, no recursion, no globals that change: what a call needs stands in its parameters and its scratch.
 * Layout of a map: [time][frequency][channels]. */
#ifndef KWS_KERNELS_H
#define KWS_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* KWS_ALIGN(n) stands first in a declaration. */
#if defined(__GNUC__) || defined(__clang__)
#define KWS_ALIGN(n) __attribute__((aligned(n)))
#elif defined(_MSC_VER)
#define KWS_ALIGN(n) __declspec(align(n))
#elif defined(__cplusplus)
#define KWS_ALIGN(n) alignas(n)
#else
#define KWS_ALIGN(n) _Alignas(n)
#endif

/* Sections for the weights and, in the examples, for the arena:
 * -DKWS_CONST_SECTION='__attribute__((section(".itcm")))', -DKWS_ARENA_SECTION='__attribute__((section(".dtcm")))'. */
#ifndef KWS_CONST_SECTION
#define KWS_CONST_SECTION
#endif
#ifndef KWS_ARENA_SECTION
#define KWS_ARENA_SECTION
#endif

/* Fails to compile when the condition is false; C99 has no _Static_assert. */
#define KWS_STATIC_ASSERT(name, condition) typedef char name[(condition) ? 1 : -1]

/* Checked by the generated code, so that files of two exports cannot be mixed unnoticed. */
#define KWS_KERNELS_VERSION 2

/* A matrix of int8 weights, one row per output, and the way from its int32 accumulator to the next scale.
 * bias holds the input's zero point already (bias - zero * sum(row)); a null pointer means all zero. */
typedef struct {
  const int8_t* weight;
  const int32_t* bias;
  const int32_t* multiplier; /* Q31 */
  const int8_t* shift;       /* left when positive; |accumulator * 2^shift| stays below 2^30 */
} kws_product;

/* One layer of a network. Every kernel has this form: params points to the kernel's own structure, scratch to the
 * memory it may use while it runs. in and out may overlap as far as the memory plan of the export says. */
typedef void (*kws_kernel)(const void* params, const int8_t* in, int8_t* out, void* scratch);

/* kws:begin pointwise conv2d conv2d_dilated depthwise depthwise_large */
typedef struct {
  int32_t in_time, in_freq, in_channels;
  int32_t out_time, out_freq, out_channels;
  int32_t kernel_time, kernel_freq;
  int32_t stride_time, stride_freq;
  int32_t pad_time, pad_freq; /* padding before the first element; elements outside count as zero_in */
  int32_t zero_in, zero_out;
  int32_t activation_min;
  int32_t reverse; /* not 0: positions are computed last to first, for an output that lies behind its input */
  kws_product main;
} kws_conv_params;

/* kws:end */
/* kws:begin pointwise */
/* Kernel and stride 1. Weights [out_channels][in_channels]. Two positions at a time. */
void kws_pointwise_s8(const void* params, const int8_t* in, int8_t* out, void* scratch);

/* kws:end */
/* kws:begin conv2d conv2d_dilated */
/* Bytes of scratch: the input windows of two positions. */
#define KWS_CONV2D_SCRATCH(window) (2 * (window))

/* kws:end */
/* kws:begin conv2d */
/* Weights [out_channels][kernel_time][kernel_freq][in_channels]. */
void kws_conv2d_s8(const void* params, const int8_t* in, int8_t* out, void* scratch);

/* kws:end */
/* kws:begin depthwise */
#define KWS_DEPTHWISE_TAPS 25

/* Weights [kernel_time][kernel_freq][channels], at most KWS_DEPTHWISE_TAPS taps; one position at a time, or two in the
 * order of the channels, which leave the same room. */
void kws_depthwise_s8(const void* params, const int8_t* in, int8_t* out, void* scratch);

/* kws:end */
/* kws:begin conv2d_dilated */
typedef struct {
  kws_conv_params conv;
  int32_t dilation_time, dilation_freq; /* from one element of the kernel to the next, in the map */
} kws_conv2d_dilated_params;

/* The same with gaps in the window. */
void kws_conv2d_dilated_s8(const void* params, const int8_t* in, int8_t* out, void* scratch);

/* kws:end */
/* kws:begin depthwise_large */
typedef struct {
  kws_conv_params conv;
  int32_t dilation_time, dilation_freq;
  int32_t bands; /* biases, multipliers and shifts are [bands][channels]: band f * bands / out_freq for frequency f */
} kws_depthwise_large_params;

/* Kernels of any size, with gaps, with factors for bands of frequency. */
void kws_depthwise_large_s8(const void* params, const int8_t* in, int8_t* out, void* scratch);

/* kws:end */
/* kws:begin dense */
typedef struct {
  int32_t inputs, units;
  int32_t zero_out;
  int32_t activation_min;
  kws_product main; /* [units][inputs] */
} kws_dense_params;

void kws_dense_s8(const void* params, const int8_t* in, int8_t* out, void* scratch);

/* kws:end */
/* kws:begin avg_pool avg_pool_rows */
typedef struct {
  int32_t positions, channels;
  int32_t zero_in, zero_out;
  int32_t activation_min;
  kws_product main; /* one multiplier and shift: scale_in / (positions * scale_out) */
} kws_avg_pool_params;

/* Mean over all positions: [positions][channels] -> [channels]. */
void kws_avg_pool_s8(const void* params, const int8_t* in, int8_t* out, void* scratch);

/* kws:end */
/* kws:begin column_sums */
typedef struct {
  int32_t columns, positions, channels; /* at most 256 positions */
} kws_column_sums_params;

/* The sum over the positions of each column: [columns][positions][channels] -> int16 [columns][channels], aligned to
 * 2. */
void kws_column_sums_s8(const void* params, const int8_t* in, int8_t* out, void* scratch);

/* kws:end */
/* kws:begin avg_pool_sums */
/* kws_avg_pool_s8 of kws_avg_pool_params where each position is such a sum, and zero_in that of a sum. */
void kws_avg_pool_sums_s8(const void* params, const int8_t* in, int8_t* out, void* scratch);

/* kws:end */
/* kws:begin avg_pool_rows */
typedef struct {
  int32_t rows;
  kws_avg_pool_params row;
} kws_avg_pool_rows_params;

/* The mean over the positions of each row: [rows][positions][channels] -> [rows][channels]. */
void kws_avg_pool_rows_s8(const void* params, const int8_t* in, int8_t* out, void* scratch);

/* kws:end */
/* kws:begin add */
typedef struct {
  int32_t outer, inner, count;
  int32_t factor, second_factor; /* 0..32767 */
  int32_t bias;                  /* both zero points, the half that rounds, the output's zero point */
  int32_t shift;                 /* 10..22 */
  int32_t activation_min;
} kws_add_params;

/* out = (factor in + second_factor second + bias) >> shift, all [outer][inner][count] but second, which is
 * [outer][count] and lies where other kernels have their scratch. out may lie where in lies or below it, and so may it
 * with second when inner is 1. */
void kws_add_s8(const void* params, const int8_t* in, int8_t* out, void* scratch);

/* kws:end */
/* kws:begin activate */
typedef struct {
  int32_t count;
  const int8_t* table; /* [256], of -128..127 */
} kws_activate_params;

/* out may lie where in lies or below it. */
void kws_activate_s8(const void* params, const int8_t* in, int8_t* out, void* scratch);

/* kws:end */
/* kws:begin gru */
typedef struct {
  int32_t steps, inputs, cells;
  int32_t sequence;      /* not 0: out is [steps][cells], else the last step's [cells] */
  kws_product main;      /* [3 cells][inputs], rows reset, update, new; to Q4.11 */
  kws_product recurrent; /* [3 cells][cells], to Q4.11 */
} kws_gru_params;

/* Bytes of state, aligned to 2: int16 [cells], the same as int8 [cells]. */
#define KWS_GRU_SCRATCH(cells) (3 * (cells))

/* in [steps][inputs]. The reset gate is applied after the recurrent product. scratch holds the state. */
void kws_gru_s8(const void* params, const int8_t* in, int8_t* out, void* scratch);

/* The same from the state that the call before left; all zero at first. */
void kws_gru_stateful_s8(const void* params, const int8_t* in, int8_t* out, void* state);

/* kws:end */
/* kws:begin lstm */
typedef struct {
  int32_t steps, inputs, cells, outputs; /* outputs: the projection's size, or cells */
  kws_product main;                      /* [4 cells][inputs], rows input, forget, cell, output; to Q3.12 */
  kws_product recurrent;                 /* [4 cells][outputs], to Q3.12 */
  kws_product projection;                /* [outputs][cells]; weight null: none */
  kws_product peephole;                  /* weight [3][cells]: input, forget, output; multiplier, shift [3]; or null */
} kws_lstm_params;

/* Bytes of state, aligned to 2: cells int16 [cells], hidden int8 [cells], output int8 [outputs]. */
#define KWS_LSTM_SCRATCH(cells, outputs) (3 * (cells) + (outputs))

/* in [steps][inputs], out [outputs] of the last step. scratch holds the state. */
void kws_lstm_s8(const void* params, const int8_t* in, int8_t* out, void* scratch);

/* The same from the state that the call before left; all zero at first. */
void kws_lstm_stateful_s8(const void* params, const int8_t* in, int8_t* out, void* state);

/* kws:end */
#ifdef __cplusplus
}
#endif

#endif
