/* Random shapes on the functions of kws_cmsis.c, against plain loops: the same bytes, no byte written beside the output
 * and the scratch that the header promises, no less scratch than the library asks for on this core. Built in place of
 * example/main_baremetal.c in a folder whose network has all of these layers. */
#include <arm_nnfunctions.h>
#include <string.h>

#include "board.h"
#include "kws_cmsis.h"

#ifndef FUZZ_ROUNDS
#define FUZZ_ROUNDS 300
#endif
#define MAP 24576
#define WEIGHTS 32768
#define SCRATCH 65536
#define ROWS 320
#define GUARD 16

static uint32_t noise = 1U;
static int8_t in[MAP];
static int8_t out[MAP + GUARD];
static int8_t expected[MAP];
static int8_t weight[WEIGHTS];
static int32_t bias[ROWS];
static int32_t multiplier[ROWS];
static int8_t shift[ROWS];
static int32_t scratch[SCRATCH / 4];

static int32_t between(int32_t low, int32_t high) {
  noise = noise * 1664525U + 1013904223U;
  return low + (int32_t)((noise >> 8) % (uint32_t)(high - low + 1));
}

static int32_t smaller(int32_t a, int32_t b) { return a < b ? a : b; }

/* Rounded twice: the product's high part, then half away from zero. */
static int32_t scaled(int32_t acc, int32_t factor, int32_t by) {
  const int64_t up = (int64_t)acc * ((int64_t)1 << (by > 0 ? by : 0));
  const int64_t high = (up * factor + ((int64_t)1 << 30)) >> 31;
  const int64_t half = by < 0 ? (int64_t)1 << (-by - 1) : 0;
  const int64_t magnitude = ((high < 0 ? -high : high) + half) >> (by < 0 ? -by : 0);
  return (int32_t)(high < 0 ? -magnitude : magnitude);
}

static int8_t as_output(int32_t acc, int32_t row, int32_t zero, int32_t low) {
  int32_t x = scaled(acc, multiplier[row], shift[row]) + zero;
  x = x > 127 ? 127 : x;
  return (int8_t)(x < low ? low : x);
}

/* Depthwise: [tap][channel], one input channel for each output channel; else [row][tap][channel]. */
static void reference(const kws_conv_params* p, int depthwise) {
  int32_t at;
  int32_t c;
  int32_t k;
  int32_t j;
  int32_t i;
  const int32_t depth = depthwise ? 1 : p->in_channels;
  for (at = 0; at < p->out_time * p->out_freq; ++at) {
    for (c = 0; c < p->out_channels; ++c) {
      int32_t acc = bias[c];
      for (k = 0; k < p->kernel_time; ++k) {
        for (j = 0; j < p->kernel_freq; ++j) {
          const int32_t time = at / p->out_freq * p->stride_time - p->pad_time + k;
          const int32_t freq = at % p->out_freq * p->stride_freq - p->pad_freq + j;
          const int inside = time >= 0 && time < p->in_time && freq >= 0 && freq < p->in_freq;
          const int32_t tap = k * p->kernel_freq + j;
          for (i = 0; i < depth; ++i) {
            const int32_t channel = depthwise ? c : i;
            const int32_t x = inside ? in[(time * p->in_freq + freq) * p->in_channels + channel] : p->zero_in;
            const int32_t w =
                weight[depthwise ? tap * p->in_channels + c : (c * p->kernel_time * p->kernel_freq + tap) * depth + i];
            acc += x * w;
          }
        }
      }
      expected[at * p->out_channels + c] = as_output(acc, c, p->zero_out, p->activation_min);
    }
  }
}

static void fill(int32_t inputs, int32_t rows, int32_t row) {
  int32_t spread = 12;
  int32_t i;
  for (i = row; i > 1; i /= 4) {
    ++spread;
  }
  for (i = 0; i < inputs; ++i) {
    in[i] = (int8_t)between(-128, 127);
  }
  for (i = 0; i < rows * row; ++i) {
    weight[i] = (int8_t)between(-127, 127);
  }
  for (i = 0; i < rows; ++i) {
    bias[i] = between(-200000, 200000);
    multiplier[i] = between(0, 20) == 0 ? 0 : (int32_t)((uint32_t)between(0x400000, 0x7FFFFF) << 8);
    shift[i] = (int8_t)(between(0, 9) == 0 ? between(-20, 1) : 7 - spread + between(0, 2));
  }
  memset(out, 85, sizeof out);
  memset(scratch, 85, sizeof scratch);
}

/* Nothing may be left to see behind the output and the promised scratch. */
static int same(int32_t bytes, int32_t scratch_bytes) {
  const int8_t* const behind = (const int8_t*)scratch + scratch_bytes;
  int32_t i;
  for (i = 0; i < GUARD; ++i) {
    if (out[bytes + i] != 85 || behind[i] != 85) {
      return 0;
    }
  }
  return memcmp(out, expected, (size_t)bytes) == 0;
}

static void direction(int32_t size, int32_t kernel, int32_t stride, int padded, int32_t* result, int32_t* pad) {
  int32_t total;
  *result = padded ? (size + stride - 1) / stride : (size - kernel + stride) / stride;
  total = (*result - 1) * stride + kernel - size;
  *pad = padded && total > 0 ? total / 2 : 0;
}

/* kind 0: pointwise, 1: conv2d, 2: depthwise */
static int convolution(int kind) {
  kws_conv_params p;
  int32_t taps;
  int32_t size;
  int32_t asked = 0;
  const int padded = between(0, 1);
  memset(&p, 0, sizeof p);
  p.in_time = between(1, between(0, 3) == 0 ? 98 : 30);
  p.in_freq = between(1, between(0, 3) == 0 ? 40 : 12);
  p.in_channels = between(0, 3) == 0 ? 1 : between(1, between(0, 3) == 0 ? 276 : 70);
  p.out_channels = between(1, between(0, 3) == 0 ? 150 : 40);
  p.kernel_time = kind == 0 ? 1 : between(1, smaller(between(0, 1) == 0 ? 3 : 21, p.in_time));
  p.kernel_freq = kind == 0 ? 1 : between(1, smaller(between(0, 1) == 0 ? 3 : 12, p.in_freq));
  if (kind == 2) {
    /* kws_depthwise_cmsis does not take others. */
    p.in_channels = (p.in_channels + 3) / 4 * 4;
    p.out_channels = p.in_channels;
    if (between(0, 2) == 0) {
      p.kernel_time = 3;
      p.kernel_freq = 3;
      p.in_time += 2;
      p.in_freq += 2;
    }
  }
  p.stride_time = kind == 0 ? 1 : between(1, 3);
  p.stride_freq = kind == 0 ? 1 : between(1, 3);
  direction(p.in_time, p.kernel_time, p.stride_time, padded, &p.out_time, &p.pad_time);
  direction(p.in_freq, p.kernel_freq, p.stride_freq, padded, &p.out_freq, &p.pad_freq);
  p.zero_in = between(0, 7) == 0 ? 0 : between(-128, 127);
  p.zero_out = between(-128, 100);
  p.activation_min = between(0, 1) == 0 ? -128 : p.zero_out;
  p.main.weight = weight;
  p.main.bias = bias;
  p.main.multiplier = multiplier;
  p.main.shift = shift;
  taps = p.kernel_time * p.kernel_freq;
  {
    const int32_t row = kind == 2 ? taps : taps * p.in_channels;
    if (p.in_time * p.in_freq * p.in_channels > MAP || p.out_time * p.out_freq * p.out_channels > MAP ||
        row * p.out_channels > WEIGHTS) {
      return -1;
    }
    fill(p.in_time * p.in_freq * p.in_channels, p.out_channels, row);
  }
  {
    const cmsis_nn_dims input = {1, p.in_time, p.in_freq, p.in_channels};
    const cmsis_nn_dims filter = {p.out_channels, p.kernel_time, p.kernel_freq, p.in_channels};
    const cmsis_nn_dims filter_dw = {1, p.kernel_time, p.kernel_freq, p.in_channels};
    const cmsis_nn_dims output = {1, p.out_time, p.out_freq, p.out_channels};
    const cmsis_nn_dw_conv_params dw = {-p.zero_in,
                                        p.zero_out,
                                        1,
                                        {p.stride_freq, p.stride_time},
                                        {p.pad_freq, p.pad_time},
                                        {1, 1},
                                        {p.activation_min, 127}};
    const int32_t mine = 8 * p.out_channels;
    if (kind == 0) {
      size = KWS_CMSIS_POINTWISE_SCRATCH(p.out_channels);
    } else if (kind == 1) {
      size = KWS_CMSIS_CONV2D_SCRATCH(p.out_channels, taps * p.in_channels);
      asked = mine + arm_convolve_s8_get_buffer_size(&input, &filter);
    } else {
      size = KWS_CMSIS_DEPTHWISE_SCRATCH(p.in_channels, taps);
      asked = mine + arm_depthwise_conv_wrapper_s8_get_buffer_size(&dw, &input, &filter_dw, &output);
    }
  }
  if (size + GUARD > SCRATCH) {
    return -1;
  }
  reference(&p, kind == 2);
  if (kind == 0) {
    kws_pointwise_cmsis(&p, in, out, scratch);
  } else if (kind == 1) {
    kws_conv2d_cmsis(&p, in, out, scratch);
  } else {
    kws_depthwise_cmsis(&p, in, out, scratch);
  }
  return asked <= size && same(p.out_time * p.out_freq * p.out_channels, size) ? 1 : 0;
}

static int dense(void) {
  kws_dense_params p;
  kws_conv_params as_conv;
  memset(&as_conv, 0, sizeof as_conv);
  p.inputs = between(1, 700);
  p.units = between(1, smaller(ROWS, WEIGHTS / p.inputs));
  p.zero_out = between(-128, 100);
  p.activation_min = between(0, 1) == 0 ? -128 : p.zero_out;
  p.main.weight = weight;
  p.main.bias = bias;
  p.main.multiplier = multiplier;
  p.main.shift = shift;
  as_conv.in_time = as_conv.in_freq = as_conv.out_time = as_conv.out_freq = 1;
  as_conv.kernel_time = as_conv.kernel_freq = as_conv.stride_time = as_conv.stride_freq = 1;
  as_conv.in_channels = p.inputs;
  as_conv.out_channels = p.units;
  as_conv.zero_out = p.zero_out;
  as_conv.activation_min = p.activation_min;
  fill(p.inputs, p.units, p.inputs);
  reference(&as_conv, 0);
  kws_dense_cmsis(&p, in, out, scratch);
  return same(p.units, KWS_CMSIS_DENSE_SCRATCH(p.units));
}

int main(void) {
  static const char* const names[4] = {"pointwise\n", "conv2d\n", "depthwise\n", "dense\n"};
  int wrong = 0;
  int kind;
  for (kind = 0; kind < 4; ++kind) {
    int done = 0;
    while (done < FUZZ_ROUNDS) {
      const int result = kind == 3 ? dense() : convolution(kind);
      done += result >= 0 ? 1 : 0;
      if (result == 0) {
        board_print("differs: ");
        board_print(names[kind]);
        wrong = 1;
      }
    }
  }
  board_print(wrong ? "failed\n" : "all shapes equal\n");
  return wrong;
}
