#include "audio_file.h"

#include <sndfile.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string_view>

#include "change_rate.h"
#include "cut_off.h"
#include "file_bytes.h"
#include "kws/core/error.h"
#include "kws/core/table.h"
#include "kws/datasets/corpus.h"
#include "opus_clip.h"

namespace kws {
namespace {

struct Close {
  void operator()(SNDFILE* file) const { sf_close(file); }
};
using Sound = std::unique_ptr<SNDFILE, Close>;

constexpr const char* kNoSuchFile = "no such file";
constexpr const char* kIsFolder = "is a folder";
constexpr const char* kEmptyFile = "empty file";
constexpr const char* kNoSamples = "has no samples";

/// Endings of what libsndfile reads and people keep speech in.
constexpr std::array<std::string_view, 19> kEndings = {".wav",  ".flac", ".ogg",  ".oga", ".opus", ".mp3", ".mp2",
                                                       ".aif",  ".aiff", ".aifc", ".au",  ".snd",  ".caf", ".w64",
                                                       ".rf64", ".wave", ".bwf",  ".voc", ".sph"};
/// Sound that libsndfile cannot read.
constexpr std::array<std::string_view, 17> kForeignEndings = {".m4a", ".mp4", ".aac", ".amr", ".wma", ".webm",
                                                              ".mkv", ".3gp", ".3ga", ".ac3", ".ape", ".mpc",
                                                              ".wv",  ".spx", ".mka", ".mov", ".m4b"};

constexpr int kLowestRateHz = 4000;
constexpr int kHighestRateHz = 768000;

/// What libsndfile reads a file through.
struct Reading {
  explicit Reading(const std::filesystem::path& file) : bytes(file) {}
  FileBytes bytes;
  std::int64_t at = 0;
};

std::string sndfile_reason(SNDFILE* sound) {
  std::string reason = sf_strerror(sound);
  std::ranges::replace(reason, '\n', ' ');
  while (reason.ends_with('.') || reason.ends_with(' ')) reason.pop_back();
  constexpr std::string_view kOfSystem = "System error : ";
  return reason.starts_with(kOfSystem) ? reason.substr(kOfSystem.size()) : reason;
}

/// libsndfile keeps the reason of a failed opening in one place for all threads, and each opening clears it.
///   reason  of a failure
Sound open_sound(Reading& reading, SF_INFO& info, std::string& reason) {
  SF_VIRTUAL_IO io{};
  io.get_filelen = [](void* user) -> sf_count_t { return static_cast<Reading*>(user)->bytes.size(); };
  io.seek = [](sf_count_t offset, int whence, void* user) -> sf_count_t {
    auto& in = *static_cast<Reading*>(user);
    in.at = std::max<std::int64_t>(0, offset + (whence == SEEK_CUR   ? in.at
                                                : whence == SEEK_END ? in.bytes.size()
                                                                     : std::int64_t{0}));
    return in.at;
  };
  io.read = [](void* to, sf_count_t count, void* user) -> sf_count_t {
    auto& in = *static_cast<Reading*>(user);
    const std::int64_t got = in.bytes.read(in.at, {static_cast<char*>(to), static_cast<std::size_t>(count)});
    in.at += got;
    return got;
  };
  io.tell = [](void* user) -> sf_count_t { return static_cast<Reading*>(user)->at; };
  static std::shared_mutex opening;
  {
    const std::shared_lock beside_others(opening);
    if (Sound sound(sf_open_virtual(&io, SFM_READ, &info, &reading)); sound) return sound;
  }
  const std::unique_lock alone(opening);
  info = {};
  reading.at = 0;
  Sound sound(sf_open_virtual(&io, SFM_READ, &info, &reading));
  if (!sound) reason = sndfile_reason(nullptr);
  return sound;
}

std::int16_t rounded(float value) {
  return static_cast<std::int16_t>(std::lrint(std::clamp(value * 32768.0F, -32768.0F, 32767.0F)));
}

/// Whether samples are floats by themselves; those of lossy codecs may leave -1..1 as well.
bool has_floats(int subtype) { return subtype == SF_FORMAT_FLOAT || subtype == SF_FORMAT_DOUBLE; }
bool has_integers(int subtype) {
  return !has_floats(subtype) && subtype != SF_FORMAT_VORBIS && subtype != SF_FORMAT_OPUS &&
         (subtype < SF_FORMAT_MPEG_LAYER_I || subtype > SF_FORMAT_MPEG_LAYER_III);
}

/// The mean of all channels.
std::vector<float> read_mono(SNDFILE* sound, const SF_INFO& info, AudioFacts& facts) {
  const bool floats = has_floats(info.format & SF_FORMAT_SUBMASK);
  const auto channels = static_cast<std::size_t>(info.channels);
  const std::size_t frames = std::max<std::size_t>(1, 8192 / channels);
  std::vector<float> block(frames * channels), mono;
  while (const sf_count_t n = sf_readf_float(sound, block.data(), static_cast<sf_count_t>(frames))) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
      float sum = 0.0F;
      for (float& value : std::span(block).subspan(i * channels, channels)) {
        if (!std::isfinite(value)) {
          ++facts.not_finite;
          value = 0.0F;
        }
        if (floats && std::abs(value) > 1.0F) ++facts.beyond;
        sum += value;
      }
      mono.push_back(sum / static_cast<float>(channels));
    }
  }
  return mono;
}

std::vector<std::int16_t> rounded_all(const std::vector<float>& mono) {
  std::vector<std::int16_t> samples(mono.size());
  std::ranges::transform(mono, samples.begin(), rounded);
  return samples;
}

std::vector<std::int16_t> read_samples(SNDFILE* sound, const SF_INFO& info, AudioFacts& facts, std::int64_t& frames) {
  std::vector<std::int16_t> samples;
  if (info.samplerate == kAudioRateHz && info.channels == 1 && has_integers(info.format & SF_FORMAT_SUBMASK)) {
    std::array<short, 4096> block{};
    while (const sf_count_t n = sf_readf_short(sound, block.data(), static_cast<sf_count_t>(block.size()))) {
      samples.insert(samples.end(), block.begin(), block.begin() + n);
    }
    frames = static_cast<std::int64_t>(samples.size());
    return samples;
  }
  std::vector<float> mono = read_mono(sound, info, facts);
  frames = static_cast<std::int64_t>(mono.size());
  if (info.samplerate != kAudioRateHz) mono = change_rate(mono, info.samplerate, kAudioRateHz, Quality::good);
  return rounded_all(mono);
}

AudioFile opus_file(const std::vector<float>& mono) {
  AudioFile result{.samples = rounded_all(mono), .facts = {}, .fault = {}};
  result.facts.rate_hz = kAudioRateHz;
  result.facts.channels = 1;
  add_facts(result.samples, result.facts);
  return result;
}

AudioFile bad(std::string fault) { return {.samples = {}, .facts = {}, .fault = std::move(fault)}; }

}  // namespace

std::string lower_extension(const std::filesystem::path& file) {
  std::string extension = file.extension().string();
  std::ranges::transform(extension, extension.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return extension;
}

bool is_recording(const std::filesystem::path& file) {
  return std::ranges::find(kEndings, lower_extension(file)) != kEndings.end() &&
         file.filename().string().front() != '.';
}

bool is_foreign_sound(const std::filesystem::path& file) {
  return std::ranges::find(kForeignEndings, lower_extension(file)) != kForeignEndings.end();
}

std::array<std::filesystem::path, 2> converted_names(const std::filesystem::path& foreign) {
  return {foreign.string() + ".wav", std::filesystem::path(foreign).replace_extension(".wav")};
}

std::string foreign_sound_fact(const std::string& ending) {
  return "no format that is read; convert: find . -iname '*" + ending + "' -exec ffmpeg -i {} {}.wav ';'";
}

void add_facts(const std::vector<std::int16_t>& samples, AudioFacts& facts) {
  facts.samples = static_cast<std::int64_t>(samples.size());
  std::int16_t low = samples.front();
  std::int16_t high = low;
  std::int64_t clipped = 0;
  for (const std::int16_t value : samples) {
    low = std::min(low, value);
    high = std::max(high, value);
    clipped += value == INT16_MIN || value == INT16_MAX ? 1 : 0;
  }
  facts.low = low;
  facts.high = high;
  facts.clipped = clipped;
}

AudioFile decode_audio(const std::filesystem::path& file) {
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) return bad(kIsFolder);
  if (!std::filesystem::is_regular_file(file, error)) return bad(kNoSuchFile);
  Reading reading(file);
  const auto unreadable = [&] { return bad("cannot be read: " + reading.bytes.error()); };
  if (!reading.bytes.error().empty()) return unreadable();
  if (reading.bytes.size() == 0) return bad(kEmptyFile);
  if (reading.bytes.size() == static_cast<std::int64_t>(reading.bytes.head().size())) {
    if (const auto mono = decode_opus_clip(reading.bytes.head())) return opus_file(*mono);
  }
  const std::optional<std::string> missing = cut_off(reading.bytes);
  if (!reading.bytes.error().empty()) return unreadable();
  if (missing) return bad(*missing);
  SF_INFO info{};
  std::string reason;
  const Sound sound = open_sound(reading, info, reason);
  if (!reading.bytes.error().empty()) return unreadable();
  if (!sound) return bad("cannot be decoded: " + reason);
  if (info.samplerate < kLowestRateHz || info.samplerate > kHighestRateHz) {
    return bad(grouped(info.samplerate) + " Hz, needs " + grouped(kLowestRateHz) + " to " + grouped(kHighestRateHz));
  }
  AudioFile result;
  result.facts.rate_hz = info.samplerate;
  result.facts.channels = info.channels;
  std::int64_t frames = 0;
  result.samples = read_samples(sound.get(), info, result.facts, frames);
  if (!reading.bytes.error().empty()) return unreadable();
  // A FLAC stream of unknown length says SF_COUNT_MAX; the length of an MP3 is estimated.
  const bool known = info.frames != SF_COUNT_MAX && (info.format & SF_FORMAT_TYPEMASK) != SF_FORMAT_MPEG;
  if (known && frames < info.frames) {
    return bad("truncated: the header promises " + counted(info.frames, "sample") + ", " + grouped(frames) +
               " can be read");
  }
  if (sf_error(sound.get()) != SF_ERR_NO_ERROR) return bad("cannot be decoded: " + sndfile_reason(sound.get()));
  if (result.samples.empty()) return bad(kNoSamples);
  add_facts(result.samples, result.facts);
  return result;
}

std::vector<std::int16_t> read_audio(const std::filesystem::path& file, AudioFacts* facts) {
  AudioFile result = decode_audio(file);
  if (facts != nullptr) *facts = result.facts;
  if (result.fault.empty()) return std::move(result.samples);
  const std::string remedy = result.fault == kNoSuchFile ? "; check the path"
                             : result.fault == kIsFolder ? "; give recordings, or --data and a folder of words"
                                                         : fault_remedy(result.fault);
  throw Error(file.string() + ": " + result.fault + remedy, Exit::data);
}

std::string fault_remedy(const std::string& fault) {
  const bool nothing = fault == kNoSuchFile || fault == kEmptyFile || fault == kNoSamples;
  return nothing ? "; remove it" : "; replace it, or convert it: ffmpeg -i FILE -ar 16000 -ac 1 NEW.wav";
}

std::size_t loudest_stretch(std::span<const std::int16_t> samples, std::size_t length) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < length; ++i) sum += std::abs(samples[i]);
  std::int64_t most = sum;
  std::size_t best = 0;
  for (std::size_t i = length; i < samples.size(); ++i) {
    sum += std::abs(samples[i]) - std::abs(samples[i - length]);
    if (sum > most) {
      most = sum;
      best = i - length + 1;
    }
  }
  return best;
}

void write_wav(const std::filesystem::path& file, const std::vector<std::int16_t>& samples) {
  SF_INFO info{};
  info.samplerate = kAudioRateHz;
  info.channels = 1;
  info.format = SF_FORMAT_WAV | SF_FORMAT_PCM_16;
  const Sound sound(sf_open(file.c_str(), SFM_WRITE, &info));
  const auto frames = static_cast<sf_count_t>(samples.size());
  if (!sound || sf_writef_short(sound.get(), samples.data(), frames) != frames) {
    throw Error(file.string() + ": cannot be written: " + sndfile_reason(sound.get()) + "; free space or choose --out",
                Exit::failed);
  }
}

}  // namespace kws
