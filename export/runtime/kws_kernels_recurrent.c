/* kws:begin gru lstm */
#include "kws_kernels_lanes.h"

#if defined(KWS_OWN_OPTIMIZATION)
#pragma GCC push_options
#pragma GCC optimize("O2")
#endif

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

KWS_INLINE int32_t kws_clamp(int32_t x, int32_t low, int32_t high) { return x < low ? low : (x > high ? high : x); }

/* x in Q12; results Q15: sigmoid 0..32768, tanh -32768..32767. */
static int32_t kws_sigmoid_q15(int32_t x) {
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

KWS_INLINE int32_t kws_tanh_q15(int32_t x) { return kws_clamp(2 * kws_sigmoid_q15(2 * x) - 32768, -32768, 32767); }

KWS_INLINE int32_t kws_sat16(int32_t x) { return kws_clamp(x, -32768, 32767); }

/* 16-bit pre-activations of units j .. j + 3 of a gate, whose rows begin at `gate`. */
static void kws_gate_sums(const kws_product* m, const int8_t* x, int32_t n, int32_t gate, int32_t j, int32_t cells,
                          int32_t* a) {
  int32_t i;
  kws_four_rows(m, x, n, gate + j, gate + cells, a);
#if KWS_MVE
  if (j + 4 <= cells) {
    const int32x4_t scaled =
        kws_requantize4(vld1q_s32(a), vld1q_s32(m->multiplier + gate + j), vldrbq_s32(m->shift + gate + j));
    vst1q_s32(a, vmaxq_s32(vminq_s32(scaled, vdupq_n_s32(32767)), vdupq_n_s32(-32768)));
    return;
  }
#endif
  for (i = 0; i < 4 && j + i < cells; ++i) {
    a[i] = kws_sat16(kws_requantize(a[i], m->multiplier[gate + j + i], m->shift[gate + j + i]));
  }
}

/* kws:end */
/* kws:begin gru */
/* Returns the output [cells] inside the state. */
static const int8_t* kws_gru_step(const kws_gru_params* p, const int8_t* x, void* state) {
  const int32_t cells = p->cells;
  int16_t* const h16 = (int16_t*)state;
  int8_t* const h8 = (int8_t*)(h16 + cells);
  int32_t j;
  int32_t i;
  for (j = 0; j < cells; j += 4) {
    int32_t ax[3][4];
    int32_t ah[3][4];
    for (i = 0; i < 3; ++i) {
      kws_gate_sums(&p->main, x, p->inputs, i * cells, j, cells, ax[i]);
      kws_gate_sums(&p->recurrent, h8, cells, i * cells, j, cells, ah[i]);
    }
    for (i = 0; i < 4 && j + i < cells; ++i) {
      /* Q4.11 doubled is Q12. */
      const int32_t r = kws_sigmoid_q15(2 * kws_sat16(ax[0][i] + ah[0][i]));
      const int32_t z = kws_sigmoid_q15(2 * kws_sat16(ax[1][i] + ah[1][i]));
      const int32_t gated = (r * ah[2][i] + 16384) >> 15;
      const int32_t fresh = kws_tanh_q15(2 * kws_sat16(ax[2][i] + gated));
      h16[j + i] = (int16_t)kws_sat16((z * h16[j + i] + (32768 - z) * fresh + 16384) >> 15);
    }
  }
  /* Only now: every unit reads the whole old h8. */
  for (j = 0; j < cells; ++j) {
    h8[j] = (int8_t)kws_clamp((h16[j] + 128) >> 8, -128, 127);
  }
  return h8;
}

KWS_APART void kws_gru_steps(const kws_gru_params* p, const int8_t* in, int8_t* out, void* state) {
  int32_t t;
  for (t = 0; t < p->steps; ++t) {
    const int8_t* const h8 = kws_gru_step(p, in, state);
    in += p->inputs;
    if (p->sequence != 0 || t == p->steps - 1) {
      memcpy(out, h8, (size_t)p->cells);
      out += p->cells;
    }
  }
}

void kws_gru_s8(const void* params, const int8_t* in, int8_t* out, void* scratch) {
  const kws_gru_params* p = (const kws_gru_params*)params;
  memset(scratch, 0, (size_t)KWS_GRU_SCRATCH(p->cells));
  kws_gru_steps(p, in, out, scratch);
}

void kws_gru_stateful_s8(const void* params, const int8_t* in, int8_t* out, void* state) {
  kws_gru_steps((const kws_gru_params*)params, in, out, state);
}

/* kws:end */
/* kws:begin lstm */
static int32_t kws_lstm_peephole(const kws_lstm_params* p, int32_t which, int32_t j, int32_t a, int32_t cell) {
  const kws_product* m = &p->peephole;
  if (m->weight == NULL) {
    return a;
  }
  return kws_sat16(
      a + kws_requantize((int32_t)m->weight[which * p->cells + j] * cell, m->multiplier[which], m->shift[which]));
}

/* Moves unit j's cell state one step on and returns its hidden value. a: input, forget, cell, output gate. */
static int8_t kws_lstm_unit(const kws_lstm_params* p, int32_t j, const int32_t* a, int16_t* cell) {
  const int32_t old = *cell;
  const int32_t i = kws_sigmoid_q15(kws_lstm_peephole(p, 0, j, a[0], old));
  const int32_t f = kws_sigmoid_q15(kws_lstm_peephole(p, 1, j, a[1], old));
  const int32_t g = kws_tanh_q15(a[2]);
  const int32_t c = kws_sat16(((f * old + 16384) >> 15) + ((i * g + 131072) >> 18));
  const int32_t o = kws_sigmoid_q15(kws_lstm_peephole(p, 2, j, a[3], c));
  const int32_t hidden = (o * kws_tanh_q15(c) + 16384) >> 15;
  *cell = (int16_t)c;
  return (int8_t)kws_clamp((hidden + 128) >> 8, -128, 127);
}

/* Returns the output [outputs] inside the state. */
static const int8_t* kws_lstm_step(const kws_lstm_params* p, const int8_t* x, void* state) {
  const int32_t cells = p->cells;
  int16_t* const cell = (int16_t*)state;
  int8_t* const hidden = (int8_t*)(cell + cells);
  int8_t* const h8 = hidden + cells;
  int32_t j;
  int32_t i;
  int32_t k;
  for (j = 0; j < cells; j += 4) {
    int32_t a[4][4]; /* [unit][gate] */
    for (k = 0; k < 4; ++k) {
      int32_t ax[4];
      int32_t ah[4];
      kws_gate_sums(&p->main, x, p->inputs, k * cells, j, cells, ax);
      kws_gate_sums(&p->recurrent, h8, p->outputs, k * cells, j, cells, ah);
      for (i = 0; i < 4; ++i) {
        a[i][k] = kws_sat16(ax[i] + ah[i]);
      }
    }
    for (i = 0; i < 4 && j + i < cells; ++i) {
      hidden[j + i] = kws_lstm_unit(p, j + i, a[i], &cell[j + i]);
    }
  }
  /* Only now: every unit reads the whole old h8. */
  if (p->projection.weight == NULL) {
    memcpy(h8, hidden, (size_t)cells);
    return h8;
  }
  for (j = 0; j < p->outputs; j += 4) {
    int32_t acc[4];
    kws_four_rows(&p->projection, hidden, cells, j, p->outputs, acc);
    for (i = 0; i < 4 && j + i < p->outputs; ++i) {
      const int32_t h = kws_requantize(acc[i], p->projection.multiplier[j + i], p->projection.shift[j + i]);
      h8[j + i] = (int8_t)kws_clamp(h, -128, 127);
    }
  }
  return h8;
}

KWS_APART void kws_lstm_steps(const kws_lstm_params* p, const int8_t* in, int8_t* out, void* state) {
  const int8_t* h8 = (const int8_t*)state;
  int32_t t;
  for (t = 0; t < p->steps; ++t) {
    h8 = kws_lstm_step(p, in, state);
    in += p->inputs;
  }
  memcpy(out, h8, (size_t)p->outputs);
}

void kws_lstm_s8(const void* params, const int8_t* in, int8_t* out, void* scratch) {
  const kws_lstm_params* p = (const kws_lstm_params*)params;
  memset(scratch, 0, (size_t)KWS_LSTM_SCRATCH(p->cells, p->outputs));
  kws_lstm_steps(p, in, out, scratch);
}

void kws_lstm_stateful_s8(const void* params, const int8_t* in, int8_t* out, void* state) {
  kws_lstm_steps((const kws_lstm_params*)params, in, out, state);
}

/* kws:end */
/* kws:begin gru lstm */
#if defined(KWS_OWN_OPTIMIZATION)
#pragma GCC pop_options
#endif

/* kws:end */
