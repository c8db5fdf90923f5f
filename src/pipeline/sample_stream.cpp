#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "kws/core/error.h"
#include "kws/core/table.h"
#include "kws/features/front_end.h"
#include "kws/pipeline/listen.h"

namespace kws {

namespace {

/// What may stand in front of the samples of a WAV.
constexpr std::size_t kLongestHeader = std::size_t{1} << 20U;

unsigned number_at(std::string_view bytes, std::size_t at, int count) {
  unsigned value = 0;
  for (int i = count; i-- > 0;)
    value = value << 8U | static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(i)]);
  return value;
}

[[noreturn]] void refuse_input(const std::string& what) {
  throw Error("standard input: is " + what +
                  ", needs 16-bit samples at 16,000 Hz, mono; pipe it through: ffmpeg -i - "
                  "-f s16le -ar 16000 -ac 1 -",
              Exit::data);
}

/// The name of a container that begins like this, or "".
std::string container_of(std::string_view bytes) {
  constexpr std::array<std::pair<std::string_view, const char*>, 13> kBegins = {
      {{"fLaC", "FLAC"},
       {"OggS", "Ogg"},
       {"ID3", "MP3"},
       {"FORM", "AIFF"},
       {"caff", "CAF"},
       {".snd", "AU"},
       {"RF64", "RF64"},
       {"RIFX", "RIFX"},
       {"riff", "W64"},
       {"wvpk", "WavPack"},
       {"#!AMR", "AMR"},
       {"\x1A\x45\xDF\xA3", "WebM or Matroska"},
       {"\x30\x26\xB2\x75", "WMA"}}};
  for (const auto& [begin, name] : kBegins) {
    if (bytes.starts_with(begin)) return name;
  }
  return bytes.size() >= 8 && bytes.substr(4, 4) == "ftyp" ? "MPEG-4 audio" : "";
}

/// What the header of a frame of MP3 or of AAC (ADTS) gives for the frame's length.
///   bytes    kFrameHeader of them at least
///   returns  0: no such header
constexpr std::size_t kFrameHeader = 6;
std::size_t frame_bytes(std::string_view bytes) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(bytes[i])); };
  if (byte(0) != 0xFF) return 0;
  if ((byte(1) & 0xF6U) == 0xF0U) return (byte(3) & 3U) << 11U | byte(4) << 3U | byte(5) >> 5U;
  const unsigned version = byte(1) >> 3U & 3U, layer = byte(1) >> 1U & 3U;
  const unsigned rate = byte(2) >> 4U, frequency = byte(2) >> 2U & 3U, padding = byte(2) >> 1U & 1U;
  if (byte(1) < 0xE0 || version == 1 || layer != 1 || rate == 0 || rate == 15 || frequency == 3) return 0;
  constexpr std::array kKbps = {0U, 32U, 40U, 48U, 56U, 64U, 80U, 96U, 112U, 128U, 160U, 192U, 224U, 256U, 320U};
  constexpr std::array kLowerKbps = {0U, 8U, 16U, 24U, 32U, 40U, 48U, 56U, 64U, 80U, 96U, 112U, 128U, 144U, 160U};
  constexpr std::array kHz = {44100U, 48000U, 32000U};
  if (version == 3) return 144'000 * kKbps.at(rate) / kHz.at(frequency) + padding;
  return 72'000 * kLowerKbps.at(rate) / (kHz.at(frequency) / (version == 2 ? 2 : 4)) + padding;
}

void check_format(std::string_view chunk) {
  if (chunk.size() < 16) refuse_input("a damaged WAV");
  unsigned tag = number_at(chunk, 0, 2);
  if (tag == 0xFFFE && chunk.size() >= 26) tag = number_at(chunk, 24, 2);  // WAVE_FORMAT_EXTENSIBLE
  const unsigned channels = number_at(chunk, 2, 2), rate = number_at(chunk, 4, 4), bits = number_at(chunk, 14, 2);
  if (tag == 1 && channels == 1 && rate == kRateHz && bits == 16) return;
  refuse_input("WAV of " + std::to_string(bits) + "-bit " +
               (tag == 1   ? ""
                : tag == 3 ? "float "
                           : "coded ") +
               "samples at " + grouped(rate) + " Hz, " + counted(channels, "channel"));
}

}  // namespace

bool SampleStream::take_header() {
  if (kept_.size() < 12) return false;
  if (const std::string name = container_of(kept_); !name.empty()) refuse_input(name);
  // Neither format has a beginning of its own: two frames, one behind the other, are no chance.
  if (const std::size_t frame = frame_bytes(kept_); frame >= kFrameHeader) {
    if (kept_.size() < frame + kFrameHeader) return false;
    if (frame_bytes(std::string_view(kept_).substr(frame)) != 0 && kept_.compare(frame, 2, kept_, 0, 2) == 0) {
      refuse_input("MP3 or AAC");
    }
  }
  if (!kept_.starts_with("RIFF") || kept_.compare(8, 4, "WAVE") != 0) return true;
  bool has_format = false;
  for (std::size_t at = 12; at + 8 <= kept_.size();) {
    const std::size_t size = number_at(kept_, at + 4, 4);
    if (kept_.compare(at, 4, "data") == 0) {
      if (!has_format) refuse_input("a damaged WAV");
      // Writers into a pipe cannot know the length.
      if (size != 0 && size < 0x7FFFF000U) left_ = size;
      kept_.erase(0, at + 8);
      return true;
    }
    if (size > kLongestHeader) refuse_input("a damaged WAV");
    if (at + 8 + size > kept_.size()) return false;
    if (kept_.compare(at, 4, "fmt ") == 0) {
      check_format(std::string_view(kept_).substr(at + 8, size));
      has_format = true;
    }
    at += 8 + size + size % 2;
    if (at > kLongestHeader) refuse_input("a damaged WAV");
  }
  return false;
}

std::vector<std::int16_t> SampleStream::push(std::span<const char> bytes) {
  kept_.append(bytes.data(), bytes.size());
  if (!started_ && !take_header()) return {};
  started_ = true;
  const std::size_t usable = std::min<std::uint64_t>(kept_.size(), left_);
  std::vector<std::int16_t> samples(usable / 2);
  std::memcpy(samples.data(), kept_.data(), 2 * samples.size());
  left_ -= left_ == UINT64_MAX ? 0 : 2 * samples.size();
  kept_.erase(0, 2 * samples.size());
  if (left_ < 2) kept_.clear();  // what follows the samples
  return samples;
}

}  // namespace kws
