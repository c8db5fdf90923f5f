#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kws/core/audio.h"
#include "kws/datasets/corpus.h"

namespace kws {

constexpr int kAudioRateHz = kRateHz;
constexpr std::size_t kSecond = 16000;  ///< samples of one second

/// A decoded file, or the fact that forbids its use.
struct AudioFile {
  std::vector<std::int16_t> samples;  ///< 16 kHz mono
  AudioFacts facts;
  std::string fault;  ///< empty: the file is as it should be
};

/// Counts what samples look like; there is at least one.
void add_facts(const std::vector<std::int16_t>& samples, AudioFacts& facts);

/// read_audio() without the exception, for reports that list every broken file.
AudioFile decode_audio(const std::filesystem::path& file);

/// The way out, as "; remove it", of what forbids the use of a file in a corpus.
std::string fault_remedy(const std::string& fault);

/// A name libsndfile reads by its ending (in any case), not hidden.
bool is_recording(const std::filesystem::path& file);

/// Sound by its ending, but none that libsndfile reads.
bool is_foreign_sound(const std::filesystem::path& file);
/// The names under which converting one leaves its sound beside it: FILE.m4a.wav, FILE.wav.
std::array<std::filesystem::path, 2> converted_names(const std::filesystem::path& foreign);
/// What a user must know of such files: "no format that is read; convert: ...", for all below a folder.
std::string foreign_sound_fact(const std::string& ending);

/// ".wav" of "A.WAV".
std::string lower_extension(const std::filesystem::path& file);

/// Start of the loudest `length` samples, by the sum of absolute values; the first of equals.
///   samples  at least so many
std::size_t loudest_stretch(std::span<const std::int16_t> samples, std::size_t length);

/// 16 kHz mono 16-bit WAV. throws Error naming the file.
void write_wav(const std::filesystem::path& file, const std::vector<std::int16_t>& samples);

}  // namespace kws
