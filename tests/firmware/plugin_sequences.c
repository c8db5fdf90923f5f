/* Code whose instructions and cycles can be counted by hand, for plugin_test.sh. */
#include "board.h"

void count_begin(void);
void count_end(void);
void sequences(void);
__attribute__((noinline)) void count_begin(void) { __asm__ volatile("" ::: "memory"); }
__attribute__((noinline)) void count_end(void) { __asm__ volatile("" ::: "memory"); }

__asm__(
    ".pushsection .text.sequences, \"ax\", %progbits\n"
    ".syntax unified\n"
    ".thumb\n"
    ".thumb_func\n"
    ".global sequences\n"
    "sequences:\n"
    "  push {r4, r5, r6, lr}\n"
    /* A loop: 1 + 100 * 2 instructions, 99 branches taken. */
    "  bl count_begin\n"
    "  movs r0, #100\n"
    "1:\n"
    "  subs r0, #1\n"
    "  bne 1b\n"
    "  bl count_end\n"
    /* Three loads of which two follow another, a store, two moves of four registers. */
    "  bl count_begin\n"
    "  ldr r1, [sp]\n"
    "  ldr r2, [sp, #4]\n"
    "  ldr r3, [sp, #8]\n"
    "  str r1, [sp]\n"
    "  push {r0, r1, r2, r3}\n"
    "  pop {r0, r1, r2, r3}\n"
    "  bl count_end\n"
    /* What takes longer. */
    "  bl count_begin\n"
    "  movs r0, #7\n"
    "  muls r0, r0, r0\n"
#if __ARM_ARCH >= 7
    "  sdiv r1, r0, r0\n"
    "  mla r1, r0, r0, r0\n"
    "  smull r1, r2, r0, r0\n"
#endif
#ifdef __ARM_FP
    "  vadd.f32 s0, s1, s2\n"
    "  vmla.f32 s0, s1, s2\n"
    "  vdiv.f32 s0, s1, s2\n"
    "  vsqrt.f32 s0, s1\n"
#endif
    "  bl count_end\n"
    "  pop {r4, r5, r6, pc}\n"
    ".popsection\n");

int main(void) {
  sequences();
  return 0;
}
