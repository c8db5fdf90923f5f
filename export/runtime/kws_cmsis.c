#include "kws_cmsis.h"

#ifdef KWS_USE_CMSIS_NN

#include <arm_nnfunctions.h>

#ifdef CMSIS_NN_USE_SINGLE_ROUNDING
#error "CMSIS_NN_USE_SINGLE_ROUNDING changes the last bit of the outputs; build CMSIS-NN without it"
#endif

/* kws:begin pointwise conv2d depthwise depthwise_large dense */
/* The library wants shifts of 32 bits, and pointers to what it only reads. */
static cmsis_nn_per_channel_quant_params kws_cmsis_quant(const kws_product* m, int32_t rows, void* scratch) {
  cmsis_nn_per_channel_quant_params quant;
  int32_t i;
  quant.multiplier = (int32_t*)(uintptr_t)m->multiplier;
  quant.shift = (int32_t*)scratch;
  for (i = 0; i < rows; ++i) {
    quant.shift[i] = (int32_t)m->shift[i];
  }
  return quant;
}

static cmsis_nn_dims kws_cmsis_dims(int32_t n, int32_t h, int32_t w, int32_t c) {
  cmsis_nn_dims dims;
  dims.n = n;
  dims.h = h;
  dims.w = w;
  dims.c = c;
  return dims;
}

static cmsis_nn_context kws_cmsis_context(void* buffer, int32_t size) {
  cmsis_nn_context context;
  context.buf = buffer;
  context.size = size;
  return context;
}

/* kws:end */
/* kws:begin conv2d depthwise depthwise_large */
/* Our bias has taken in the input's zero point, so that the library must not add it (its input offset is 0). Outside
 * the map it puts what its offset makes 0, so a layer with padding needs the offset, and the bias without the zero
 * point: made from the rows of weights, `step` from one to the next and their elements `stride` apart. */
static const int32_t* kws_cmsis_bias(const kws_conv_params* p, int32_t taps, int32_t step, int32_t stride,
                                     int32_t* bias, int32_t* input_offset) {
  const int32_t last_time = (p->out_time - 1) * p->stride_time + p->kernel_time - p->pad_time;
  const int32_t last_freq = (p->out_freq - 1) * p->stride_freq + p->kernel_freq - p->pad_freq;
  const int inside = p->pad_time == 0 && p->pad_freq == 0 && last_time <= p->in_time && last_freq <= p->in_freq;
  int32_t c;
  int32_t i;
  *input_offset = inside ? 0 : -p->zero_in;
  if (*input_offset == 0) {
    return p->main.bias;
  }
  for (c = 0; c < p->out_channels; ++c) {
    const int8_t* w = p->main.weight + c * step;
    int32_t sum = 0;
    for (i = 0; i < taps; ++i) {
      sum += *w;
      w += stride;
    }
    bias[c] = p->main.bias[c] + p->zero_in * sum;
  }
  return bias;
}

/* kws:end */
/* kws:begin pointwise conv2d */
static cmsis_nn_conv_params kws_cmsis_conv(const kws_conv_params* p, int32_t input_offset) {
  cmsis_nn_conv_params conv;
  conv.input_offset = input_offset;
  conv.output_offset = p->zero_out;
  conv.stride.w = p->stride_freq;
  conv.stride.h = p->stride_time;
  conv.padding.w = p->pad_freq;
  conv.padding.h = p->pad_time;
  conv.dilation.w = 1;
  conv.dilation.h = 1;
  conv.activation.min = p->activation_min;
  conv.activation.max = 127;
  return conv;
}

/* kws:end */
/* kws:begin pointwise */
void kws_pointwise_cmsis(const void* params, const int8_t* in, int8_t* out, void* scratch) {
  const kws_conv_params* p = (const kws_conv_params*)params;
  const cmsis_nn_per_channel_quant_params quant = kws_cmsis_quant(&p->main, p->out_channels, scratch);
  const cmsis_nn_conv_params conv = kws_cmsis_conv(p, 0);
  const cmsis_nn_context context = kws_cmsis_context(NULL, 0);
  const cmsis_nn_dims input = kws_cmsis_dims(1, p->in_time, p->in_freq, p->in_channels);
  const cmsis_nn_dims filter = kws_cmsis_dims(p->out_channels, 1, 1, p->in_channels);
  const cmsis_nn_dims output = kws_cmsis_dims(1, p->out_time, p->out_freq, p->out_channels);
  const cmsis_nn_dims bias = kws_cmsis_dims(1, 1, 1, p->out_channels);
  (void)arm_convolve_1x1_s8_fast(&context, &conv, &quant, &input, in, &filter, p->main.weight, &bias, p->main.bias,
                                 &output, out);
}

/* kws:end */
/* kws:begin conv2d */
void kws_conv2d_cmsis(const void* params, const int8_t* in, int8_t* out, void* scratch) {
  const kws_conv_params* p = (const kws_conv_params*)params;
  const int32_t n = p->kernel_time * p->kernel_freq * p->in_channels;
  int32_t* const words = (int32_t*)scratch;
  int32_t offset;
  const int32_t* const bias_data = kws_cmsis_bias(p, n, n, 1, words + p->out_channels, &offset);
  const cmsis_nn_per_channel_quant_params quant = kws_cmsis_quant(&p->main, p->out_channels, scratch);
  const cmsis_nn_conv_params conv = kws_cmsis_conv(p, offset);
  const cmsis_nn_context context = kws_cmsis_context(words + 2 * p->out_channels, 64 * ((n + 15) / 16));
  const cmsis_nn_dims input = kws_cmsis_dims(1, p->in_time, p->in_freq, p->in_channels);
  const cmsis_nn_dims filter = kws_cmsis_dims(p->out_channels, p->kernel_time, p->kernel_freq, p->in_channels);
  const cmsis_nn_dims output = kws_cmsis_dims(1, p->out_time, p->out_freq, p->out_channels);
  const cmsis_nn_dims bias = kws_cmsis_dims(1, 1, 1, p->out_channels);
  /* Not the library's wrapper: its variant for maps of one row refuses some paddings on Helium. */
  (void)arm_convolve_s8(&context, &conv, &quant, &input, in, &filter, p->main.weight, &bias, bias_data, NULL, &output,
                        out);
}

/* kws:end */
/* kws:begin depthwise depthwise_large */
void kws_depthwise_cmsis(const void* params, const int8_t* in, int8_t* out, void* scratch) {
  const kws_conv_params* p = (const kws_conv_params*)params;
  const int32_t channels = p->in_channels;
  const int32_t taps = p->kernel_time * p->kernel_freq;
  int32_t* const words = (int32_t*)scratch;
  int32_t offset;
  const int32_t* const bias_data = kws_cmsis_bias(p, taps, 1, channels, words + channels, &offset);
  const cmsis_nn_per_channel_quant_params quant = kws_cmsis_quant(&p->main, channels, scratch);
  const cmsis_nn_context context =
      kws_cmsis_context(words + 2 * channels, KWS_CMSIS_DEPTHWISE_SCRATCH(channels, taps) - 8 * channels);
  const cmsis_nn_dims input = kws_cmsis_dims(1, p->in_time, p->in_freq, channels);
  const cmsis_nn_dims filter = kws_cmsis_dims(1, p->kernel_time, p->kernel_freq, channels);
  const cmsis_nn_dims output = kws_cmsis_dims(1, p->out_time, p->out_freq, channels);
  const cmsis_nn_dims bias = kws_cmsis_dims(1, 1, 1, channels);
  cmsis_nn_dw_conv_params conv;
  conv.input_offset = offset;
  conv.output_offset = p->zero_out;
  conv.ch_mult = 1;
  conv.stride.w = p->stride_freq;
  conv.stride.h = p->stride_time;
  conv.padding.w = p->pad_freq;
  conv.padding.h = p->pad_time;
  conv.dilation.w = 1;
  conv.dilation.h = 1;
  conv.activation.min = p->activation_min;
  conv.activation.max = 127;
  (void)arm_depthwise_conv_wrapper_s8(&context, &conv, &quant, &input, in, &filter, p->main.weight, &bias, bias_data,
                                      &output, out);
}

/* kws:end */
/* kws:begin dense */
void kws_dense_cmsis(const void* params, const int8_t* in, int8_t* out, void* scratch) {
  const kws_dense_params* p = (const kws_dense_params*)params;
  const cmsis_nn_per_channel_quant_params quant = kws_cmsis_quant(&p->main, p->units, scratch);
  /* On Helium the library wants bias + offset * sum(row) for each row, ready made: ours is. */
  const cmsis_nn_context context = kws_cmsis_context((void*)(uintptr_t)p->main.bias, 4 * p->units);
  const cmsis_nn_dims input = kws_cmsis_dims(1, 1, 1, p->inputs);
  const cmsis_nn_dims filter = kws_cmsis_dims(p->inputs, 1, 1, p->units);
  const cmsis_nn_dims output = kws_cmsis_dims(1, 1, 1, p->units);
  cmsis_nn_fc_params dense;
  dense.input_offset = 0;
  dense.filter_offset = 0;
  dense.output_offset = p->zero_out;
  dense.activation.min = p->activation_min;
  dense.activation.max = 127;
  (void)arm_fully_connected_per_channel_s8(&context, &dense, &quant, &input, in, &filter, p->main.weight, &output,
                                           p->main.bias, &output, out);
}

/* kws:end */
#else
/* C wants a file not to be empty. */
typedef int kws_cmsis_is_not_used;
#endif
