#include "kws_ring.h"

void kws_ring_init(kws_ring* ring, int16_t* memory, uint32_t size) {
  ring->samples = memory;
  ring->size = size;
  ring->head = 0U;
  ring->tail = 0U;
  ring->overrun = 0U;
}

size_t kws_ring_write(kws_ring* ring, const int16_t* pcm, size_t n) {
  const uint32_t tail = ring->tail;
  uint32_t head = ring->head;
  size_t done = 0U;
  while (done < n) {
    const uint32_t next = ((head + 1U) == ring->size) ? 0U : (head + 1U);
    if (next == tail) {
      ring->overrun = ring->overrun + (uint32_t)(n - done);
      break;
    }
    ring->samples[head] = pcm[done];
    head = next;
    ++done;
  }
  KWS_RING_BARRIER();
  ring->head = head;
  return done;
}

size_t kws_ring_read(kws_ring* ring, int16_t* pcm, size_t n) {
  const uint32_t head = ring->head;
  uint32_t tail = ring->tail;
  size_t done = 0U;
  KWS_RING_BARRIER();
  while ((done < n) && (tail != head)) {
    pcm[done] = ring->samples[tail];
    tail = ((tail + 1U) == ring->size) ? 0U : (tail + 1U);
    ++done;
  }
  KWS_RING_BARRIER();
  ring->tail = tail;
  return done;
}
