/* Prints the bytes of stack that a stream takes, calls of the compiler's and C library included: fills the memory below
 * the stack pointer, streams, and looks how far the pattern is gone. Built in place of example/main_baremetal.c. */
#include "board.h"
#include "kws_stream.h"

#define WORDS 1024
#define PATTERN 0xA5C3A5C3U

KWS_ALIGN(4) static uint8_t arena[KWS_STREAM_ARENA_SIZE];
static kws_state state;
static int16_t pcm[KWS_HOP_SAMPLES];

__attribute__((noinline)) static int stream(void) {
  kws_result result;
  int decisions = 0;
  int i;
  kws_init(&state, arena);
  for (i = 0; i < 2 * KWS_SAMPLE_RATE / KWS_HOP_SAMPLES; ++i) {
    if (kws_push(&state, pcm, KWS_HOP_SAMPLES) > 0) {
      decisions += kws_step(&state, &result);
    }
  }
  return decisions;
}

static void print_number(uint32_t value) {
  char text[11];
  int i = 10;
  text[i] = '\0';
  do {
    text[--i] = (char)('0' + value % 10U);
    value /= 10U;
  } while (value != 0U);
  board_print(text + i);
}

int main(void) {
  uint32_t noise = 1U;
  volatile uint32_t* top;
  int decisions;
  int i;
  for (i = 0; i < KWS_HOP_SAMPLES; ++i) {
    noise = noise * 1664525U + 1013904223U;
    pcm[i] = (int16_t)((int32_t)(noise >> 18) - 8192);
  }
  __asm__ volatile("mov %0, sp" : "=r"(top));
  for (i = 1; i <= WORDS; ++i) {
    top[-i] = PATTERN;
  }
  decisions = stream();
  for (i = WORDS; i > 0 && top[-i] == PATTERN; --i) {
  }
  board_print("stack ");
  print_number(4U * (uint32_t)i);
  board_print("\n");
  return decisions > 0 && i < WORDS ? 0 : 1;
}
