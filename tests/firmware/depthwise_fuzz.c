/* Random shapes on kws_depthwise_s8, its output as near to the input as the plan of the arena allows, against portable
 * C with both apart: the same bytes. Built in place of example/main_baremetal.c in a folder whose network has such a
 * layer. */
#define KWS_PORTABLE
#define kws_depthwise_s8 portable_depthwise_s8
#include "kws_kernels_depthwise.c"
#undef kws_depthwise_s8

#include "board.h"

#ifndef FUZZ_ROUNDS
#define FUZZ_ROUNDS 1000
#endif
#define MAP 24000
#define CHANNELS 150

static uint32_t noise = 1U;
static int8_t input[MAP];
static int8_t expected[MAP];
static int8_t arena[3 * MAP];
static int8_t weight[KWS_DEPTHWISE_TAPS * CHANNELS];
static int32_t bias[CHANNELS];
static int32_t multiplier[CHANNELS];
static int8_t shift[CHANNELS];

void kws_depthwise_s8(const void* params, const int8_t* in, int8_t* out, void* scratch);

static int32_t between(int32_t low, int32_t high) {
  noise = noise * 1664525U + 1013904223U;
  return low + (int32_t)((noise >> 8) % (uint32_t)(high - low + 1));
}

static int one_of(int32_t n) { return between(1, n) == 1; }

/* Padding before the first element, as the exported layers have it. */
static int32_t padding(int32_t in, int32_t out, int32_t kernel, int32_t stride) {
  const int32_t all = (out - 1) * stride + kernel - in;
  return all > 0 ? all / 2 : 0;
}

static int shape(kws_conv_params* p) {
  const int line = one_of(3);
  const int same = !one_of(4);
  memset(p, 0, sizeof *p);
  p->kernel_time = line ? between(1, KWS_DEPTHWISE_TAPS) : between(1, 5);
  p->kernel_freq = line ? 1 : between(1, 5);
  p->stride_time = one_of(4) ? between(1, 3) : 1;
  p->stride_freq = one_of(4) ? between(1, 3) : 1;
  p->in_time = one_of(8) ? 1 : between(1, line ? 40 : 12);
  p->in_freq = line ? 1 : between(1, 10);
  p->in_channels = one_of(3) ? between(1, CHANNELS) : 4 * between(1, 20);
  p->out_channels = p->in_channels;
  if (!same && p->in_time < p->kernel_time) {
    return 0;
  }
  p->out_time =
      same ? (p->in_time + p->stride_time - 1) / p->stride_time : (p->in_time - p->kernel_time) / p->stride_time + 1;
  p->out_freq = (p->in_freq + p->stride_freq - 1) / p->stride_freq;
  p->pad_time = same ? padding(p->in_time, p->out_time, p->kernel_time, p->stride_time) : 0;
  p->pad_freq = padding(p->in_freq, p->out_freq, p->kernel_freq, p->stride_freq);
  p->zero_in = between(-128, 127);
  p->zero_out = between(-128, 127);
  p->activation_min = one_of(2) ? -128 : p->zero_out;
  p->reverse = between(0, 1);
  return p->in_time * p->in_freq * p->in_channels <= MAP;
}

static int32_t inside(int32_t at, int32_t size) { return at < 0 ? 0 : at < size ? at : size; }

/* How far an output must lie below its input, or, seen from the end, above it: see distance() of src/cost/arena.cpp. */
static int32_t distance(const kws_conv_params* p) {
  int32_t time_pad = p->pad_time;
  int32_t freq_pad = p->pad_freq;
  int32_t lowest = p->in_time * p->in_freq;
  int32_t result = 0;
  int32_t i;
  if (p->reverse != 0) {
    time_pad = (p->out_time - 1) * p->stride_time - time_pad + p->kernel_time - p->in_time;
    freq_pad = (p->out_freq - 1) * p->stride_freq - freq_pad + p->kernel_freq - p->in_freq;
  }
  for (i = p->out_time * p->out_freq - 1; i >= 0; --i) {
    const int32_t time = inside(i / p->out_freq * p->stride_time - time_pad, p->in_time);
    const int32_t freq = inside(i % p->out_freq * p->stride_freq - freq_pad, p->in_freq);
    const int32_t first = time * p->in_freq + freq;
    lowest = first < lowest ? first : lowest;
    result = i + 1 - lowest > result ? i + 1 - lowest : result;
  }
  return result * p->in_channels;
}

static int equal(const kws_conv_params* p) {
  const int32_t in_size = p->in_time * p->in_freq * p->in_channels;
  const int32_t out_size = p->out_time * p->out_freq * p->in_channels;
  const int32_t apart = distance(p) + (one_of(2) ? between(0, 9) : 0);
  int8_t* const x = arena + MAP;
  int8_t* const y = p->reverse != 0 ? x + in_size + apart - out_size : x - apart;
  portable_depthwise_s8(p, input, expected, NULL);
  memcpy(x, input, (size_t)in_size);
  kws_depthwise_s8(p, x, y, NULL);
  return memcmp(y, expected, (size_t)out_size) == 0;
}

int main(void) {
  int32_t round;
  for (round = 0; round < FUZZ_ROUNDS; ++round) {
    const int32_t left = one_of(8) ? between(1, 8) : 0; /* of so many channels one shifts to the left */
    kws_conv_params p;
    int32_t i;
    while (!shape(&p)) {
    }
    for (i = 0; i < p.in_time * p.in_freq * p.in_channels; ++i) {
      input[i] = (int8_t)between(-128, 127);
    }
    for (i = 0; i < p.kernel_time * p.kernel_freq * p.in_channels; ++i) {
      weight[i] = (int8_t)between(-128, 127);
    }
    for (i = 0; i < p.in_channels; ++i) {
      bias[i] = between(-30000, 30000);
      multiplier[i] = 0x40000000 + between(0, 0x3FFFFF) * 256;
      shift[i] = (int8_t)(left > 0 && one_of(left) ? between(0, 2) : between(-14, -1));
    }
    p.main.weight = weight;
    p.main.bias = bias;
    p.main.multiplier = multiplier;
    p.main.shift = shift;
    if (!equal(&p)) {
      board_print("a shape differs\n");
      board_exit(1);
    }
  }
  board_print("all shapes equal\n");
  board_exit(0);
  return 0;
}
