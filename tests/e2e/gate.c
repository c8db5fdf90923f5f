/* Streams 16-bit samples of standard input twice, once with each decision and once through the band gate:
 * argv[1] samples at the front hold no speech. Prints "DECISIONS SKIPPED IN_FRONT SKIPPED_IN_FRONT" and, of each
 * stream, the labels and frames of its detections. */
#include <stdio.h>
#include <stdlib.h>
#define KWS_IMPLEMENTATION
#include "kws_single.h"

KWS_ALIGN(4) static uint8_t arena[2][KWS_STREAM_ARENA_SIZE];
static kws_state all, gated;
static int16_t pcm[160];

static void tell(const char* stream, const kws_result* r) {
  if (r->detected >= 0) printf("%s %d %lu\n", stream, (int)r->detected, (unsigned long)r->frame);
}

int main(int argc, char** argv) {
  const long front = argc > 1 ? atol(argv[1]) : 0;
  long heard = 0, decisions = 0, skipped = 0, in_front = 0, skipped_in_front = 0;
  kws_band_gate gate;
  kws_result r;
  size_t n;
  if (kws_init(&all, arena[0]) != 0 || kws_init(&gated, arena[1]) != 0) return 2;
  if (kws_band_gate_init(&gate, (KWS_FRAMES + KWS_HOP_FRAMES - 1) / KWS_HOP_FRAMES + KWS_SMOOTHING) != 0) return 2;
  while ((n = fread(pcm, 2, 160, stdin)) > 0) {
    heard += (long)n;
    if (kws_push(&all, pcm, n) > 0 && kws_step(&all, &r) == 1) tell("all", &r);
    if (kws_push(&gated, pcm, n) == 0) continue;
    ++decisions;
    in_front += heard < front;
    if (kws_band_gate_open(&gate, kws_band_energy(&gated)) != 0) {
      if (kws_step(&gated, &r) != 1) return 3;
      tell("gated", &r);
    } else {
      if (kws_skip(&gated) != 1) return 3;
      ++skipped;
      skipped_in_front += heard < front;
    }
  }
  printf("%ld %ld %ld %ld\n", decisions, skipped, in_front, skipped_in_front);
  return 0;
}
