/* What count.sh counts: each layer, a whole network, a frame of features and a step of the stream, each between the
 * markers count_begin and count_end. Built in place of example/main_baremetal.c. */
#include "board.h"
#include "kws_selftest.h"

#define MARKER __attribute__((noinline, used, externally_visible)) /* with -flto, too */
void count_begin(void);
void count_end(void);
MARKER void count_begin(void) { __asm__ volatile("" ::: "memory"); }
MARKER void count_end(void) { __asm__ volatile("" ::: "memory"); }

KWS_ALIGN(16) static uint8_t arena[KWS_SELFTEST_ARENA_SIZE];
static kws_state state;
static kws_result result;
static int16_t pcm[KWS_CLIP_SAMPLES];
static int8_t features[KWS_NUM_FEATURES];
static int8_t logits[KWS_NUM_CLASSES];

int main(void) {
  uint32_t noise = 1U;
  int i;
  for (i = 0; i < KWS_NUM_FEATURES; ++i) {
    noise = noise * 1664525U + 1013904223U;
    features[i] = (int8_t)((int32_t)(noise >> 24) - 128);
  }
  for (i = 0; i < KWS_CLIP_SAMPLES; ++i) {
    noise = noise * 1664525U + 1013904223U;
    pcm[i] = (int16_t)((int32_t)(noise >> 18) - 8192);
  }
  for (i = 0; i < KWS_NUM_LAYERS; ++i) {
    int32_t bytes;
    count_begin();
    (void)kws_invoke_layer(i, features, logits, arena, &bytes);
    count_end();
  }
  count_begin();
  kws_invoke(features, logits, arena);
  count_end();
  count_begin();
  kws_features_frame(pcm, features, arena);
  count_end();
  kws_init(&state, arena);
  (void)kws_push(&state, pcm, KWS_CLIP_SAMPLES);
  (void)kws_step(&state, &result);
  count_begin();
  (void)kws_push(&state, pcm, KWS_HOP_SAMPLES);
  (void)kws_step(&state, &result);
  count_end();
  return state.due;
}
