#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "kws/core/audio.h"
#include "kws/datasets/corpus.h"

namespace kws {

constexpr int kAudioRateHz = kRateHz;
constexpr std::size_t kSecond = 16000;  ///< samples of one second, the length of every clip

/// A decoded file, or the fact that forbids its use.
struct AudioFile {
  std::vector<std::int16_t> samples;  ///< 16 kHz mono
  AudioFacts facts;
  std::string fault;  ///< empty: the file is as it should be
};

/// read_audio() without the exception, for reports that list every broken file.
AudioFile decode_audio(const std::filesystem::path& file);

/// A name libsndfile reads by its ending (in any case), not hidden.
bool is_recording(const std::filesystem::path& file);

/// ".wav" of "A.WAV".
std::string lower_extension(const std::filesystem::path& file);

/// 16 kHz mono 16-bit WAV. throws Error naming the file.
void write_wav(const std::filesystem::path& file, const std::vector<std::int16_t>& samples);

}  // namespace kws
