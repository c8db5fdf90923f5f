/* From a microphone's samples to those of kws_push(): 16 bit, 24 bit in 32 or 32 bit, one channel of several, without
 * the microphone's constant offset, louder, and with the figures that tell whether the level is right. Integers only.
 */
#ifndef KWS_AUDIO_H
#define KWS_AUDIO_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of one sample in memory, in the byte order of the machine. */
#define KWS_AUDIO_S16 0 /* int16_t */
#define KWS_AUDIO_S32 1 /* int32_t, full scale 2^31; 24 bits in the upper bytes, as most I2S microphones send them */
#define KWS_AUDIO_S24_LOW 2 /* int32_t, 24 bits in the lower bytes, the upper byte is ignored */
#define KWS_AUDIO_GAIN_ONE 256
#define KWS_AUDIO_GAIN_MOST 65535

typedef struct {
  int32_t format;    /* KWS_AUDIO_... */
  int32_t channels;  /* interleaved in memory, 1 .. 16 */
  int32_t channel;   /* the one that is taken, from 0 */
  int32_t gain;      /* in 1/256, 1 .. KWS_AUDIO_GAIN_MOST (48 dB); may be changed at any time */
  int32_t high_pass; /* not 0: takes the offset and what is slower than about 10 Hz (at 16 kHz) away */
  uint32_t clipped;  /* samples at an end of the range since the start, modulo 2^32 */
  int32_t offset;    /* estimate of the offset, 24 bits and 7 behind the point */
  uint32_t count;    /* samples since the last kws_audio_level() */
  uint64_t energy;   /* their squares */
} kws_audio;

/* Gain 1 and the high pass. Returns 0, or -1 when format, channels or channel are out of range. */
int kws_audio_init(kws_audio* a, int32_t format, int32_t channels, int32_t channel);

/* n samples of each channel from `in`, aligned as its samples are, to out [n], which may be `in` itself. */
void kws_audio_convert(kws_audio* a, const void* in, size_t n, int16_t* out);

/* May not interrupt kws_audio_convert() of the same kws_audio, nor be interrupted by it.
 * Root mean square of the samples written since the call before (2^32 at most: 74 hours), 0 .. 32768; speech close to
 * a microphone of the right gain is at 1,000 to 5,000. */
uint32_t kws_audio_level(kws_audio* a);

/* Which decisions need not be taken, because nobody has spoken since the window of audio began: the level against a
 * floor that follows the background. */
#define KWS_GATE_RATIO 384
typedef struct {
  int32_t ratio;   /* level over floor, in 1/256, from which on it is open; KWS_GATE_RATIO: 3.5 dB; may be changed */
  int32_t hold;    /* decisions for which it stays open */
  int32_t left;    /* of them */
  uint32_t floor8; /* level of the background, 8 bits behind the point; 0: none is known */
} kws_gate;

/* hold: at least as many decisions as the network's window and the detector's mean reach back, see README. Returns 0,
 * or -1 when it is not positive. Open for as long at first. */
int kws_gate_init(kws_gate* g, int32_t hold);

/* Once a decision. level: kws_audio_level() of the audio since the decision before. Returns 1 where the decision is to
 * be taken, else 0: then kws_skip(). */
int kws_gate_open(kws_gate* g, uint32_t level);

/* The same by kws_band_energy() of a program compiled with KWS_BANDS 1, which neither hum nor hiss raises. */
#define KWS_BAND_GATE_RISE 128
typedef struct {
  int32_t rise;  /* energy over floor from which on it is open, in 1/256 of a natural logarithm; 128: 4.3 dB */
  int32_t hold;  /* decisions for which it stays open */
  int32_t left;  /* of them */
  int32_t known; /* not 0: the floor is known */
  int32_t floor; /* energy of the background, in 1/4096 */
} kws_band_gate;

/* As kws_gate_init() and kws_gate_open(). */
int kws_band_gate_init(kws_band_gate* g, int32_t hold);
int kws_band_gate_open(kws_band_gate* g, int32_t energy);

#ifdef __cplusplus
}
#endif

#endif
