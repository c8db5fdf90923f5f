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
  constexpr std::array<std::pair<std::string_view, const char*>, 9> kBegins = {{{"fLaC", "FLAC"},
                                                                                {"OggS", "Ogg"},
                                                                                {"ID3", "MP3"},
                                                                                {"FORM", "AIFF"},
                                                                                {"caff", "CAF"},
                                                                                {".snd", "AU"},
                                                                                {"RF64", "RF64"},
                                                                                {"RIFX", "RIFX"},
                                                                                {"riff", "W64"}}};
  for (const auto& [begin, name] : kBegins) {
    if (bytes.starts_with(begin)) return name;
  }
  return bytes.size() >= 8 && bytes.substr(4, 4) == "ftyp" ? "MPEG-4 audio" : "";
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
               "samples at " + grouped(rate) + " Hz, " + std::to_string(channels) +
               (channels == 1 ? " channel" : " channels"));
}

}  // namespace

bool SampleStream::take_header() {
  if (kept_.size() < 12) return false;
  if (const std::string name = container_of(kept_); !name.empty()) refuse_input(name);
  if (!kept_.starts_with("RIFF") || kept_.compare(8, 4, "WAVE") != 0) return true;
  for (std::size_t at = 12; at + 8 <= kept_.size();) {
    const std::size_t size = number_at(kept_, at + 4, 4);
    if (kept_.compare(at, 4, "data") == 0) {
      // Writers into a pipe cannot know the length.
      if (size != 0 && size < 0x7FFFF000U) left_ = size;
      kept_.erase(0, at + 8);
      return true;
    }
    if (size > kLongestHeader) refuse_input("a damaged WAV");
    if (at + 8 + size > kept_.size()) return false;
    if (kept_.compare(at, 4, "fmt ") == 0) check_format(std::string_view(kept_).substr(at + 8, size));
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
