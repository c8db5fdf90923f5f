#include "opus_clip.h"

#include <ogg/ogg.h>
#include <opus.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "audio_file.h"

namespace kws {
namespace {

constexpr int kGranulesPerSample = 48000 / kAudioRateHz;  // an Opus stream counts at 48 kHz
constexpr std::size_t kLongestPacket = kAudioRateHz * 120 / 1000;

struct FreeDecoder {
  void operator()(OpusDecoder* decoder) const { opus_decoder_destroy(decoder); }
};

/// Pages and packets of a file in memory.
class OggReader {
 public:
  explicit OggReader(std::span<const char> file) {
    ogg_sync_init(&sync_);
    char* buffer = ogg_sync_buffer(&sync_, static_cast<long>(file.size()));
    std::memcpy(buffer, file.data(), file.size());
    ogg_sync_wrote(&sync_, static_cast<long>(file.size()));
  }
  ~OggReader() {
    if (started_) ogg_stream_clear(&stream_);
    ogg_sync_clear(&sync_);
  }
  OggReader(const OggReader&) = delete;
  OggReader& operator=(const OggReader&) = delete;

  /// false at the end, and where bytes are missing or another stream begins (then `sound` is false).
  bool next(ogg_packet& packet) {
    for (;;) {
      if (started_) {
        const int got = ogg_stream_packetout(&stream_, &packet);
        if (got == 1) return true;
        if (got < 0) return sound_ = false;
      }
      ogg_page page;
      const int got = ogg_sync_pageout(&sync_, &page);
      if (got == 0) return false;
      if (got < 0) return sound_ = false;
      if (!started_) {
        ogg_stream_init(&stream_, ogg_page_serialno(&page));
        started_ = true;
      }
      if (ogg_stream_pagein(&stream_, &page) != 0) return sound_ = false;
      granules_ = std::max<std::int64_t>(granules_, ogg_page_granulepos(&page));
      ended_ = ogg_page_eos(&page) != 0;
    }
  }
  /// Whether all bytes were those of one whole stream.
  [[nodiscard]] bool sound() const { return sound_ && ended_ && sync_.fill == sync_.returned; }
  [[nodiscard]] std::int64_t granules() const { return granules_; }

 private:
  ogg_sync_state sync_{};
  ogg_stream_state stream_{};
  bool started_ = false, sound_ = true, ended_ = false;
  std::int64_t granules_ = 0;
};

unsigned two_bytes(const unsigned char* bytes) { return bytes[0] | static_cast<unsigned>(bytes[1]) << 8U; }

struct OpusHead {
  int pre_skip = 0;  // samples at 48 kHz
  int gain = 0;      // of 1/256 dB
};

/// Source: RFC 7845, 5.1.
std::optional<OpusHead> plain_head(const ogg_packet& packet) {
  const unsigned char* bytes = packet.packet;
  if (packet.bytes < 19 || std::memcmp(bytes, "OpusHead", 8) != 0 || bytes[8] != 1 || bytes[9] != 1)
    return std::nullopt;
  const unsigned rate = two_bytes(bytes + 12) | two_bytes(bytes + 14) << 16U;
  if (rate != kAudioRateHz || bytes[18] != 0) return std::nullopt;
  return OpusHead{static_cast<int>(two_bytes(bytes + 10)), static_cast<std::int16_t>(two_bytes(bytes + 16))};
}

}  // namespace

std::optional<std::vector<float>> decode_opus_clip(std::span<const char> file) {
  if (!std::string_view(file.data(), file.size()).starts_with("OggS")) return std::nullopt;
  OggReader reader(file);
  ogg_packet packet;
  if (!reader.next(packet)) return std::nullopt;
  const std::optional<OpusHead> head = plain_head(packet);
  if (!head || !reader.next(packet)) return std::nullopt;  // the second packet holds tags

  int failure = OPUS_OK;
  const std::unique_ptr<OpusDecoder, FreeDecoder> decoder(opus_decoder_create(kAudioRateHz, 1, &failure));
  if (failure != OPUS_OK || opus_decoder_ctl(decoder.get(), OPUS_SET_GAIN(head->gain)) != OPUS_OK) return std::nullopt;
  std::vector<float> samples;
  std::array<float, kLongestPacket> block{};
  while (reader.next(packet)) {
    const int got = opus_decode_float(decoder.get(), packet.packet, static_cast<opus_int32>(packet.bytes), block.data(),
                                      static_cast<int>(block.size()), 0);
    if (got < 0) return std::nullopt;
    samples.insert(samples.end(), block.begin(), block.begin() + got);
  }
  const std::int64_t skip = head->pre_skip / kGranulesPerSample;
  const std::int64_t length = (reader.granules() - head->pre_skip) / kGranulesPerSample;
  if (!reader.sound() || length <= 0 || skip + length > static_cast<std::int64_t>(samples.size())) return std::nullopt;
  samples.erase(samples.begin(), samples.begin() + skip);
  samples.resize(static_cast<std::size_t>(length));
  return samples;
}

}  // namespace kws
