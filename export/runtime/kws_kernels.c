#include "kws_kernels.h"

#include <string.h>

int32_t kws_requantize(int32_t acc, int32_t multiplier, int32_t shift) {
  const int32_t left = shift > 0 ? shift : 0;
  const int32_t right = shift > 0 ? 0 : -shift;
  /* Shifted as unsigned, because a negative left operand is undefined. */
  const int32_t x = (int32_t)((uint32_t)acc << left);
  const int32_t high = (int32_t)(((int64_t)x * multiplier + ((int64_t)1 << 30)) >> 31);
  const int32_t mask = (int32_t)(((uint32_t)1 << right) - 1U);
  const int32_t threshold = (mask >> 1) + (high < 0 ? 1 : 0);
  return (high >> right) + ((high & mask) > threshold ? 1 : 0);
}

static int32_t kws_clamp(int32_t x, int32_t low, int32_t high) { return x < low ? low : (x > high ? high : x); }

/* kws:begin conv2d dense gru lstm */
static int32_t kws_dot(const int8_t* x, const int8_t* w, int32_t n) {
  int32_t sum = 0;
  int32_t i;
  for (i = 0; i < n; ++i) {
    sum += (int32_t)x[i] * (int32_t)w[i];
  }
  return sum;
}

/* kws:end */
/* kws:begin conv2d depthwise2d dense avg_pool2d */
static int8_t kws_output(int32_t acc, int32_t multiplier, int32_t shift, int32_t zero_out, int32_t activation_min) {
  /* Clamped before the zero point is added, so the sum cannot overflow. */
  const int32_t scaled = kws_requantize(acc, multiplier, shift);
  return (int8_t)(zero_out + kws_clamp(scaled, activation_min - zero_out, 127 - zero_out));
}

/* kws:end */
/* kws:begin conv2d */
static int32_t kws_sum(const int8_t* w, int32_t n) {
  int32_t sum = 0;
  int32_t i;
  for (i = 0; i < n; ++i) {
    sum += (int32_t)w[i];
  }
  return sum;
}

/* One output element: the window's corner (time, freq) may lie outside the map. */
static int32_t kws_conv2d_at(const kws_conv_params* p, const int8_t* in, const int8_t* w, int32_t time, int32_t freq) {
  const int32_t row = p->kernel_freq * p->in_channels;
  /* Elements of a kernel row before, inside and after the map; inside they are contiguous in both operands. */
  const int32_t first = (freq < 0 ? -freq : 0) * p->in_channels;
  const int32_t end = (freq + p->kernel_freq > p->in_freq ? p->in_freq - freq : p->kernel_freq) * p->in_channels;
  int32_t acc = 0;
  int32_t k;
  for (k = 0; k < p->kernel_time; ++k, w += row) {
    if (time + k < 0 || time + k >= p->in_time) {
      acc += p->zero_in * kws_sum(w, row);
    } else {
      const int8_t* x = in + ((time + k) * p->in_freq + (freq < 0 ? 0 : freq)) * p->in_channels;
      acc += p->zero_in * (kws_sum(w, first) + kws_sum(w + end, row - end));
      acc += kws_dot(x, w + first, end - first);
    }
  }
  return acc;
}

void kws_conv2d_s8(const kws_conv_params* p, const int8_t* in, int8_t* out) {
  const int32_t filter = p->kernel_time * p->kernel_freq * p->in_channels;
  int32_t t, f, c;
  for (t = 0; t < p->out_time; ++t) {
    for (f = 0; f < p->out_freq; ++f) {
      for (c = 0; c < p->out_channels; ++c) {
        const int32_t acc =
            p->main.bias[c] + kws_conv2d_at(p, in, p->main.weight + c * filter, t * p->stride_time - p->pad_time,
                                            f * p->stride_freq - p->pad_freq);
        *out++ = kws_output(acc, p->main.multiplier[c], p->main.shift[c], p->zero_out, p->activation_min);
      }
    }
  }
}

/* kws:end */
/* kws:begin depthwise2d */
static int32_t kws_depthwise2d_at(const kws_conv_params* p, const int8_t* in, const int8_t* w, int32_t time,
                                  int32_t freq) {
  int32_t acc = 0;
  int32_t k, j;
  for (k = time; k < time + p->kernel_time; ++k) {
    for (j = freq; j < freq + p->kernel_freq; ++j, w += p->in_channels) {
      const int inside = k >= 0 && k < p->in_time && j >= 0 && j < p->in_freq;
      const int32_t x = inside ? (int32_t)in[(k * p->in_freq + j) * p->in_channels] : p->zero_in;
      acc += x * (int32_t)*w;
    }
  }
  return acc;
}

void kws_depthwise2d_s8(const kws_conv_params* p, const int8_t* in, int8_t* out) {
  int32_t t, f, c;
  for (t = 0; t < p->out_time; ++t) {
    for (f = 0; f < p->out_freq; ++f) {
      for (c = 0; c < p->out_channels; ++c) {
        const int32_t acc =
            p->main.bias[c] + kws_depthwise2d_at(p, in + c, p->main.weight + c, t * p->stride_time - p->pad_time,
                                                 f * p->stride_freq - p->pad_freq);
        *out++ = kws_output(acc, p->main.multiplier[c], p->main.shift[c], p->zero_out, p->activation_min);
      }
    }
  }
}

/* kws:end */
/* kws:begin dense */
void kws_dense_s8(const kws_dense_params* p, const int8_t* in, int8_t* out) {
  int32_t u;
  for (u = 0; u < p->units; ++u) {
    const int32_t acc = p->main.bias[u] + kws_dot(in, p->main.weight + u * p->inputs, p->inputs);
    out[u] = kws_output(acc, p->main.multiplier[u], p->main.shift[u], p->zero_out, p->activation_min);
  }
}

/* kws:end */
/* kws:begin avg_pool2d */
void kws_avg_pool_s8(const kws_avg_pool_params* p, const int8_t* in, int8_t* out) {
  int32_t c, i;
  for (c = 0; c < p->channels; ++c) {
    int32_t acc = 0;
    for (i = 0; i < p->positions; ++i) {
      acc += (int32_t)in[i * p->channels + c] - p->zero_in;
    }
    out[c] = kws_output(acc, p->main.multiplier[0], p->main.shift[0], p->zero_out, p->activation_min);
  }
}

/* kws:end */
/* kws:begin gru lstm */
/* round(32768 sigmoid(k / 32)) */
static const uint16_t kws_sigmoid_table[257] = {
    16384, 16640, 16896, 17151, 17407, 17661, 17916, 18169, 18421, 18673, 18923, 19173, 19420, 19667, 19912, 20155,
    20397, 20636, 20874, 21110, 21344, 21575, 21804, 22031, 22255, 22477, 22696, 22913, 23127, 23338, 23547, 23753,
    23955, 24155, 24352, 24546, 24737, 24925, 25110, 25292, 25471, 25646, 25819, 25988, 26155, 26318, 26479, 26636,
    26790, 26941, 27090, 27235, 27377, 27516, 27653, 27786, 27917, 28045, 28169, 28292, 28411, 28528, 28642, 28753,
    28862, 28968, 29072, 29173, 29272, 29368, 29462, 29554, 29644, 29731, 29816, 29899, 29979, 30058, 30135, 30210,
    30282, 30353, 30422, 30489, 30555, 30618, 30680, 30740, 30799, 30856, 30912, 30966, 31018, 31069, 31119, 31167,
    31214, 31260, 31304, 31347, 31389, 31430, 31469, 31508, 31545, 31581, 31616, 31651, 31684, 31716, 31747, 31778,
    31807, 31836, 31864, 31891, 31917, 31943, 31968, 31992, 32015, 32038, 32060, 32081, 32102, 32122, 32141, 32160,
    32179, 32196, 32214, 32231, 32247, 32263, 32278, 32293, 32307, 32321, 32335, 32348, 32361, 32373, 32385, 32397,
    32408, 32419, 32430, 32440, 32450, 32460, 32469, 32478, 32487, 32496, 32504, 32512, 32520, 32527, 32535, 32542,
    32549, 32555, 32562, 32568, 32574, 32580, 32586, 32592, 32597, 32602, 32607, 32612, 32617, 32622, 32626, 32630,
    32635, 32639, 32643, 32647, 32650, 32654, 32657, 32661, 32664, 32667, 32670, 32673, 32676, 32679, 32682, 32684,
    32687, 32689, 32692, 32694, 32696, 32699, 32701, 32703, 32705, 32707, 32709, 32711, 32712, 32714, 32716, 32717,
    32719, 32720, 32722, 32723, 32725, 32726, 32727, 32728, 32730, 32731, 32732, 32733, 32734, 32735, 32736, 32737,
    32738, 32739, 32740, 32741, 32742, 32742, 32743, 32744, 32745, 32745, 32746, 32747, 32747, 32748, 32749, 32749,
    32750, 32750, 32751, 32752, 32752, 32753, 32753, 32753, 32754, 32754, 32755, 32755, 32756, 32756, 32756, 32757,
    32757};

int32_t kws_sigmoid_q15(int32_t x) {
  const int32_t magnitude = x < 0 ? -x : x;
  int32_t value = (int32_t)kws_sigmoid_table[256];
  if (magnitude < 8 * 4096) {
    const int32_t k = magnitude >> 7;
    const int32_t low = (int32_t)kws_sigmoid_table[k];
    const int32_t high = (int32_t)kws_sigmoid_table[k + 1];
    value = low + (((high - low) * (magnitude & 127) + 64) >> 7);
  }
  return x >= 0 ? value : 32768 - value;
}

int32_t kws_tanh_q15(int32_t x) { return kws_clamp(2 * kws_sigmoid_q15(2 * x) - 32768, -32768, 32767); }

static int32_t kws_sat16(int32_t x) { return kws_clamp(x, -32768, 32767); }

/* One row of a product as a 16-bit pre-activation. */
static int32_t kws_row16(const kws_product* m, int32_t row, const int8_t* x, int32_t n) {
  const int32_t bias = m->bias != NULL ? m->bias[row] : 0;
  return kws_sat16(kws_requantize(bias + kws_dot(x, m->weight + row * n, n), m->multiplier[row], m->shift[row]));
}

/* kws:end */
/* kws:begin gru */
static int32_t kws_gru_unit(const kws_gru_params* p, int32_t j, const int8_t* x, const int8_t* h8, int32_t h16) {
  const int32_t n = p->inputs;
  const int32_t c = p->cells;
  const int32_t ar = kws_sat16(kws_row16(&p->main, j, x, n) + kws_row16(&p->recurrent, j, h8, c));
  const int32_t az = kws_sat16(kws_row16(&p->main, c + j, x, n) + kws_row16(&p->recurrent, c + j, h8, c));
  /* Q4.11 doubled is Q12. */
  const int32_t r = kws_sigmoid_q15(2 * ar);
  const int32_t z = kws_sigmoid_q15(2 * az);
  const int32_t gated = (r * kws_row16(&p->recurrent, 2 * c + j, h8, c) + 16384) >> 15;
  const int32_t fresh = kws_tanh_q15(2 * kws_sat16(kws_row16(&p->main, 2 * c + j, x, n) + gated));
  return kws_sat16((z * h16 + (32768 - z) * fresh + 16384) >> 15);
}

void kws_gru_s8(const kws_gru_params* p, const int8_t* in, int8_t* out, void* scratch) {
  int16_t* h16 = (int16_t*)scratch;
  int8_t* h8 = (int8_t*)(h16 + p->cells);
  int32_t t, j;
  memset(scratch, 0, (size_t)KWS_GRU_SCRATCH(p->cells));
  for (t = 0; t < p->steps; ++t, in += p->inputs) {
    for (j = 0; j < p->cells; ++j) {
      h16[j] = (int16_t)kws_gru_unit(p, j, in, h8, h16[j]);
    }
    /* Only now: every unit reads the whole old h8. */
    for (j = 0; j < p->cells; ++j) {
      h8[j] = (int8_t)kws_clamp((h16[j] + 128) >> 8, -128, 127);
    }
    if (p->sequence != 0) {
      memcpy(out + t * p->cells, h8, (size_t)p->cells);
    }
  }
  if (p->sequence == 0) {
    memcpy(out, h8, (size_t)p->cells);
  }
}

/* kws:end */
/* kws:begin lstm */
static int32_t kws_lstm_gate(const kws_lstm_params* p, int32_t row, const int8_t* x, const int8_t* h8) {
  return kws_sat16(kws_row16(&p->main, row, x, p->inputs) + kws_row16(&p->recurrent, row, h8, p->outputs));
}

static int32_t kws_lstm_peephole(const kws_lstm_params* p, int32_t which, int32_t j, int32_t a, int32_t cell) {
  const kws_product* m = &p->peephole;
  if (m->weight == NULL) {
    return a;
  }
  {
    const int32_t x = (int32_t)m->weight[which * p->cells + j] * cell;
    return kws_sat16(a + kws_clamp(kws_requantize(x, m->multiplier[which], m->shift[which]), -65536, 65536));
  }
}

/* Moves unit j's cell state one step on and returns its hidden value. */
static int8_t kws_lstm_unit(const kws_lstm_params* p, int32_t j, const int8_t* x, const int8_t* h8, int16_t* cell) {
  const int32_t n = p->cells;
  const int32_t old = *cell;
  const int32_t i = kws_sigmoid_q15(kws_lstm_peephole(p, 0, j, kws_lstm_gate(p, j, x, h8), old));
  const int32_t f = kws_sigmoid_q15(kws_lstm_peephole(p, 1, j, kws_lstm_gate(p, n + j, x, h8), old));
  const int32_t g = kws_tanh_q15(kws_lstm_gate(p, 2 * n + j, x, h8));
  const int32_t c = kws_sat16(((f * old + 16384) >> 15) + ((i * g + 131072) >> 18));
  const int32_t o = kws_sigmoid_q15(kws_lstm_peephole(p, 2, j, kws_lstm_gate(p, 3 * n + j, x, h8), c));
  const int32_t hidden = (o * kws_tanh_q15(c) + 16384) >> 15;
  *cell = (int16_t)c;
  return (int8_t)kws_clamp((hidden + 128) >> 8, -128, 127);
}

void kws_lstm_s8(const kws_lstm_params* p, const int8_t* in, int8_t* out, void* scratch) {
  int16_t* cell = (int16_t*)scratch;
  int8_t* hidden = (int8_t*)(cell + p->cells);
  int8_t* h8 = hidden + p->cells;
  int32_t t, j;
  memset(scratch, 0, (size_t)KWS_LSTM_SCRATCH(p->cells, p->outputs));
  for (t = 0; t < p->steps; ++t, in += p->inputs) {
    for (j = 0; j < p->cells; ++j) {
      hidden[j] = kws_lstm_unit(p, j, in, h8, &cell[j]);
    }
    /* Only now: every unit reads the whole old h8. */
    if (p->projection.weight == NULL) {
      memcpy(h8, hidden, (size_t)p->cells);
    } else {
      for (j = 0; j < p->outputs; ++j) {
        const int32_t acc = kws_dot(hidden, p->projection.weight + j * p->cells, p->cells);
        h8[j] = (int8_t)kws_clamp(kws_requantize(acc, p->projection.multiplier[j], p->projection.shift[j]), -128, 127);
      }
    }
  }
  memcpy(out, h8, (size_t)p->outputs);
}

/* kws:end */
