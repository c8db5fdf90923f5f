#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace kws {

constexpr int kAudioRateHz = 16000;
constexpr std::size_t kSecond = 16000;  ///< samples of one second, the length of every clip

/// A decoded file, or the fact that forbids its use.
struct AudioFile {
  std::vector<std::int16_t> samples;
  std::string fact;  ///< empty: the file is as it should be
};

/// read_audio() without the exception, for reports that list every broken file.
AudioFile decode_audio(const std::filesystem::path& file);

/// .wav or .flac in any case, not hidden.
bool is_recording(const std::filesystem::path& file);

/// 16 kHz mono 16-bit WAV. throws Error naming the file.
void write_wav(const std::filesystem::path& file, const std::vector<std::int16_t>& samples);

}  // namespace kws
