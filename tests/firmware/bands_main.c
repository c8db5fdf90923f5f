/* Prints a hash of each frame's energy in the bands of speech and of what the band gate makes of it, over noise that
 * grows and falls. Built in place of example/main_baremetal.c with -DKWS_BANDS=1. */
#include "board.h"
#include "kws_audio.h"
#include "kws_stream.h"

KWS_ALIGN(4) static uint8_t arena[KWS_STREAM_ARENA_SIZE];
static kws_state state;
static int16_t pcm[KWS_FRAME_STRIDE];

static uint32_t mix(uint32_t hash, uint32_t value) { return (hash ^ value) * 16777619U; }

int main(void) {
  static const char digits[] = "0123456789abcdef";
  char text[10];
  uint32_t noise = 1U;
  uint32_t hash = 2166136261U;
  kws_band_gate gate;
  kws_result result;
  int opened = 0;
  int frame;
  int i;
  if (kws_init(&state, arena) != 0 || kws_band_gate_init(&gate, 4) != 0) {
    return 1;
  }
  for (frame = 0; frame < 200; ++frame) {
    const int quieter = 2 * ((frame / 20) % 4); /* bits */
    int open;
    int due;
    int32_t energy;
    for (i = 0; i < KWS_FRAME_STRIDE; ++i) {
      noise = noise * 1664525U + 1013904223U;
      pcm[i] = (int16_t)(((int32_t)(noise >> 18) - 8192) >> quieter);
    }
    due = kws_push(&state, pcm, KWS_FRAME_STRIDE);
    energy = kws_band_energy(&state);
    open = kws_band_gate_open(&gate, energy);
    opened += open;
    hash = mix(mix(hash, (uint32_t)energy), (uint32_t)open);
    if (due > 0 && (open != 0 ? kws_step(&state, &result) : kws_skip(&state)) != 1) {
      return 2;
    }
  }
  for (i = 0; i < 8; ++i) {
    text[i] = digits[(hash >> (28 - 4 * i)) & 15U];
  }
  text[8] = '\n';
  text[9] = '\0';
  board_print(text);
  return opened > 20 && opened < 180 ? 0 : 3;
}
