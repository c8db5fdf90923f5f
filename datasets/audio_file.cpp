#include "audio_file.h"

#include <sndfile.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <memory>
#include <optional>

#include "kws/core/error.h"
#include "kws/core/table.h"
#include "kws/datasets/corpus.h"

namespace kws {
namespace {

struct Close {
  void operator()(SNDFILE* file) const { sf_close(file); }
};
using Sound = std::unique_ptr<SNDFILE, Close>;

std::string lower_extension(const std::filesystem::path& file) {
  std::string extension = file.extension().string();
  std::ranges::transform(extension, extension.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return extension;
}

std::uint32_t little_endian(const char* bytes) {
  std::uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = value << 8U | static_cast<unsigned char>(bytes[i]);
  return value;
}

/// What is wrong when a WAV header promises more samples than the file holds; libsndfile silently shortens such files.
std::optional<std::string> missing_wav_bytes(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::array<char, 12> riff{};
  if (!in.read(riff.data(), riff.size()) || std::string_view(riff.data(), 4) != "RIFF") return std::nullopt;
  const std::uint64_t size = std::filesystem::file_size(file);
  std::uint64_t at = riff.size();
  std::array<char, 8> chunk{};
  while (in.seekg(static_cast<std::streamoff>(at)) && in.read(chunk.data(), chunk.size())) {
    const std::uint32_t promised = little_endian(chunk.data() + 4);
    const std::uint64_t present = size - at - chunk.size();
    if (std::string_view(chunk.data(), 4) == "data") {
      // Programs that write to a pipe cannot know the length and leave this mark.
      if (promised == 0xFFFFFFFFU || promised <= present) return std::nullopt;
      return "truncated: the header promises " + grouped(promised) + " bytes of samples, the file has " +
             grouped(static_cast<long long>(present));
    }
    at += chunk.size() + promised + promised % 2;
  }
  return "truncated: ends before its samples";
}

std::vector<std::int16_t> read_samples(SNDFILE* sound, const SF_INFO& info) {
  const int subtype = info.format & SF_FORMAT_SUBMASK;
  std::vector<std::int16_t> samples;
  if (subtype == SF_FORMAT_FLOAT || subtype == SF_FORMAT_DOUBLE) {
    std::array<float, 4096> block{};
    while (const sf_count_t n = sf_readf_float(sound, block.data(), static_cast<sf_count_t>(block.size()))) {
      for (sf_count_t i = 0; i < n; ++i) {
        const float scaled = block[static_cast<std::size_t>(i)] * 32768.0F;
        samples.push_back(static_cast<std::int16_t>(std::lrint(std::clamp(scaled, -32768.0F, 32767.0F))));
      }
    }
    return samples;
  }
  std::array<short, 4096> block{};
  while (const sf_count_t n = sf_readf_short(sound, block.data(), static_cast<sf_count_t>(block.size()))) {
    samples.insert(samples.end(), block.begin(), block.begin() + n);
  }
  return samples;
}

AudioFile bad(std::string fact) { return {.samples = {}, .fact = std::move(fact)}; }

}  // namespace

bool is_recording(const std::filesystem::path& file) {
  const std::string extension = lower_extension(file);
  return (extension == ".wav" || extension == ".flac") && file.filename().string().front() != '.';
}

AudioFile decode_audio(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) return bad("no such file");
  if (std::filesystem::file_size(file, error) == 0) return bad("empty file");
  SF_INFO info{};
  const Sound sound(sf_open(file.c_str(), SFM_READ, &info));
  if (!sound) {
    std::string reason = sf_strerror(nullptr);
    std::ranges::replace(reason, '\n', ' ');
    return bad("cannot be decoded: " + reason);
  }
  if (info.samplerate != kAudioRateHz) return bad(grouped(info.samplerate) + " Hz, needs 16,000 Hz");
  if (info.channels != 1) return bad(std::to_string(info.channels) + " channels, needs mono");
  if (lower_extension(file) == ".wav") {
    if (auto fact = missing_wav_bytes(file)) return bad(*fact);
  }
  AudioFile result{.samples = read_samples(sound.get(), info), .fact = {}};
  const auto read = static_cast<sf_count_t>(result.samples.size());
  // A FLAC stream of unknown length says SF_COUNT_MAX.
  if (info.frames != SF_COUNT_MAX && read < info.frames) {
    return bad("truncated: the header promises " + grouped(info.frames) + " samples, " + grouped(read) +
               " can be read");
  }
  if (sf_error(sound.get()) != SF_ERR_NO_ERROR) {
    return bad(std::string("cannot be decoded: ") + sf_strerror(sound.get()));
  }
  if (read == 0) return bad("has no samples");
  return result;
}

std::vector<std::int16_t> read_audio(const std::filesystem::path& file) {
  AudioFile result = decode_audio(file);
  if (result.fact.empty()) return std::move(result.samples);
  throw Error(file.string() + ": " + result.fact + "; replace it, or convert it to 16 kHz mono WAV or FLAC",
              Exit::data);
}

void write_wav(const std::filesystem::path& file, const std::vector<std::int16_t>& samples) {
  SF_INFO info{};
  info.samplerate = kAudioRateHz;
  info.channels = 1;
  info.format = SF_FORMAT_WAV | SF_FORMAT_PCM_16;
  const Sound sound(sf_open(file.c_str(), SFM_WRITE, &info));
  const auto frames = static_cast<sf_count_t>(samples.size());
  if (!sound || sf_writef_short(sound.get(), samples.data(), frames) != frames) {
    throw Error(file.string() + ": cannot be written: " + sf_strerror(sound.get()) + "; free space or choose --out",
                Exit::failed);
  }
}

}  // namespace kws
