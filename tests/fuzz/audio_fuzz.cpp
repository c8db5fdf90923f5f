// A recording of any format.
#include <sndfile.h>
#include <unistd.h>

#include <cmath>

#include "fuzz.h"
#include "kws/core/files.h"
#include "kws/datasets/corpus.h"

/// One file of this process, in memory where the system has such a folder.
static std::filesystem::path file_of_process() {
  const std::filesystem::path memory = "/dev/shm";
  return (std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path()) /
         ("kws_audio_fuzz_" + std::to_string(getpid()));
}

static void remove_file() { std::filesystem::remove(file_of_process()); }

/// A fiftieth of a second of a tone, as small inputs are tried more often; "" where the library cannot write the
/// format.
static std::string tone(int format, int rate_hz, int channels) {
  SF_INFO info{};
  info.samplerate = rate_hz;
  info.channels = channels;
  info.format = format;
  SNDFILE* sound = sf_open(file_of_process().c_str(), SFM_WRITE, &info);
  if (sound == nullptr) return "";
  std::vector<float> samples(static_cast<std::size_t>(rate_hz / 50 * channels));
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i] = 0.5F * std::sin(0.1F * static_cast<float>(i));
  sf_writef_float(sound, samples.data(), rate_hz / 50);
  sf_close(sound);
  return kws::read_file(file_of_process());
}

/// libsndfile forgets what Vorbis gave it where a file ends too early; ours to find are our own leaks.
extern "C" const char* __lsan_default_suppressions() { return "leak:libvorbis\nleak:libsndfile\n"; }  // NOLINT

int LLVMFuzzerInitialize(int* argc, char*** argv) {
  std::atexit(remove_file);
  std::vector<std::string> seeds;
  for (const int format :
       {SF_FORMAT_WAV | SF_FORMAT_PCM_16, SF_FORMAT_WAV | SF_FORMAT_FLOAT, SF_FORMAT_WAV | SF_FORMAT_IMA_ADPCM,
        SF_FORMAT_WAVEX | SF_FORMAT_PCM_24, SF_FORMAT_FLAC | SF_FORMAT_PCM_16, SF_FORMAT_OGG | SF_FORMAT_VORBIS,
        SF_FORMAT_OGG | SF_FORMAT_OPUS, SF_FORMAT_AIFF | SF_FORMAT_PCM_16, SF_FORMAT_AU | SF_FORMAT_ULAW,
        SF_FORMAT_CAF | SF_FORMAT_ALAC_16, SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III}) {
    for (const int channels : {1, 2}) {
      std::string bytes = tone(format, channels == 1 ? 16000 : 48000, channels);
      if (!bytes.empty()) seeds.push_back(std::move(bytes));
    }
  }
  return kws::fuzz::begin_corpus(*argc, *argv, seeds);
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::ofstream(file_of_process(), std::ios::binary) << kws::fuzz::text(data, size);
  return kws::fuzz::refuse_or_read(data, size, [&] { (void)kws::read_audio(file_of_process()); });
}
