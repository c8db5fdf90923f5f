/* Audio from an interrupt handler to the main loop: a ring for one producer and one consumer, without locks.
 * The caller gives the memory; what does not fit is dropped and counted, so that a main loop that is too slow shows. */
#ifndef KWS_RING_H
#define KWS_RING_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Orders the samples before the index that announces them. Volatile accesses suffice where producer and consumer share
 * a core; define it as a memory barrier, e.g. __DMB(), where they run on two. */
#ifndef KWS_RING_BARRIER
#define KWS_RING_BARRIER() ((void)0)
#endif

typedef struct {
  volatile int16_t* samples;
  uint32_t size;             /* of samples; one of them stays free */
  volatile uint32_t head;    /* next place to write, changed by the producer only */
  volatile uint32_t tail;    /* next place to read, changed by the consumer only */
  volatile uint32_t overrun; /* samples dropped since kws_ring_init(), modulo 2^32 */
} kws_ring;

/* memory [size], size >= 2; the ring holds size - 1 samples. Before producer and consumer start. */
void kws_ring_init(kws_ring* ring, int16_t* memory, uint32_t size);

/* Producer. Adds up to n samples and returns how many fitted; the others count as overrun. */
size_t kws_ring_write(kws_ring* ring, const int16_t* pcm, size_t n);

/* Consumer. Takes up to n samples and returns how many there were. */
size_t kws_ring_read(kws_ring* ring, int16_t* pcm, size_t n);

#ifdef __cplusplus
}
#endif

#endif
