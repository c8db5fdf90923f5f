#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "audio_fixture.h"
#include "kws/core/files.h"
#include "kws/datasets/corpus.h"

namespace kws::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Audio : public AudioFolder {};

TEST_F(Audio, ReadsWavAndFlacSampleBySample) {
  const std::vector<std::int16_t> samples = {0, 1, -1, 32767, -32768};
  EXPECT_EQ(read_audio(add("a.wav", samples)), samples);
  EXPECT_EQ(read_audio(add("a.flac", samples, 16000, 1, SF_FORMAT_FLAC | SF_FORMAT_PCM_16)), samples);
}

TEST_F(Audio, ReadsFloatWavAtFullScale) {
  EXPECT_THAT(read_audio(add("f.wav", {0, 16384, -16384}, 16000, 1, SF_FORMAT_WAV | SF_FORMAT_FLOAT)),
              ElementsAre(0, 16384, -16384));
}

TEST_F(Audio, ResamplesOtherRates) {
  for (const int rate : {8000, 22050, 44100, 48000}) {
    std::vector<std::int16_t> tone(static_cast<std::size_t>(rate));
    for (std::size_t i = 0; i < tone.size(); ++i) {
      tone[i] =
          static_cast<std::int16_t>(std::lrint(8000.0 * std::sin(2.0 * M_PI * 440.0 * static_cast<double>(i) / rate)));
    }
    const std::vector<std::int16_t> samples = read_audio(add("tone.wav", tone, rate));
    EXPECT_NEAR(static_cast<double>(samples.size()), 16000.0, 1.0);
    for (std::size_t i = 200; i < 15800; ++i) {  // the filter's edges are not judged
      const double expected = 8000.0 * std::sin(2.0 * M_PI * 440.0 * static_cast<double>(i) / 16000.0);
      ASSERT_NEAR(samples[i], expected, 4.0) << rate << " " << i;  // 66 dB below the tone
    }
  }
}

TEST_F(Audio, MixesChannels) {
  EXPECT_THAT(read_audio(add("wide.wav", {100, 300, -10, -20, 32767, 32767}, 16000, 2)), ElementsAre(200, -15, 32767));
  EXPECT_THAT(read_audio(add("wider.wav", {1, 2, 3, 3, 3, 3}, 16000, 3)), ElementsAre(2, 3));
}

TEST_F(Audio, ReadsLossyFormatsByTheirContent) {
  std::vector<std::int16_t> tone(16000);
  for (std::size_t i = 0; i < tone.size(); ++i) {
    tone[i] =
        static_cast<std::int16_t>(std::lrint(8000.0 * std::sin(2.0 * M_PI * 440.0 * static_cast<double>(i) / 16000.0)));
  }
  const std::vector<std::pair<std::string, int>> formats = {{"a.ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS},
                                                            {"a.opus", SF_FORMAT_OGG | SF_FORMAT_OPUS},
                                                            {"a.oga", SF_FORMAT_OGG | SF_FORMAT_OPUS},
                                                            {"a.MP3", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III},
                                                            {"vorbis.wav", SF_FORMAT_OGG | SF_FORMAT_VORBIS}};
  for (const auto& [name, format] : formats) {
    const auto file = add(name, tone, 16000, 1, format);
    const std::vector<std::int16_t> samples = read_audio(file);
    EXPECT_NEAR(static_cast<double>(samples.size()), 16000.0, 2500.0) << name;  // MP3 pads to whole frames
    const auto [low, high] = std::ranges::minmax(samples);
    EXPECT_NEAR(low, -8000, 2000) << name;
    EXPECT_NEAR(high, 8000, 2000) << name;
  }
}

TEST_F(Audio, ReadsOpusAsLibsndfileDoes) {
  std::vector<std::int16_t> speech(16000 * 3);
  for (std::size_t i = 0; i < speech.size(); ++i) {
    const double t = static_cast<double>(i) / 16000.0;
    speech[i] = static_cast<std::int16_t>(std::lrint(9000.0 * std::sin(2.0 * M_PI * (300.0 + 900.0 * t) * t)));
  }
  for (const std::size_t length : {std::size_t{1}, std::size_t{700}, std::size_t{16000}, speech.size()}) {
    const std::vector<std::int16_t> samples(speech.begin(), speech.begin() + static_cast<std::ptrdiff_t>(length));
    const auto file = add("a.opus", samples, 16000, 1, SF_FORMAT_OGG | SF_FORMAT_OPUS);
    SF_INFO info{};
    SNDFILE* sound = sf_open(file.c_str(), SFM_READ, &info);
    std::vector<float> expected(static_cast<std::size_t>(info.frames));
    sf_readf_float(sound, expected.data(), info.frames);
    sf_close(sound);
    const std::vector<std::int16_t> read = read_audio(file);
    ASSERT_EQ(read.size(), expected.size()) << length;
    for (std::size_t i = 0; i < read.size(); ++i) {
      ASSERT_EQ(read[i], std::lrint(std::clamp(expected[i] * 32768.0F, -32768.0F, 32767.0F))) << length << " " << i;
    }
  }
}

TEST_F(Audio, ReadsTheContainersAndCodecsThatPeopleHave) {
  std::vector<std::int16_t> tone(16000);
  for (std::size_t i = 0; i < tone.size(); ++i) {
    tone[i] = static_cast<std::int16_t>(std::lrint(8000.0 * std::sin(0.05 * static_cast<double>(i))));
  }
  struct Case {
    int format;
    int most;  ///< samples are off by
  };
  const int wav = SF_FORMAT_WAV;
  for (const auto& [format, most] : std::vector<Case>{{wav | SF_FORMAT_PCM_24, 0},
                                                      {wav | SF_FORMAT_PCM_32, 0},
                                                      {wav | SF_FORMAT_DOUBLE, 0},
                                                      {wav | SF_FORMAT_PCM_U8, 256},
                                                      {wav | SF_FORMAT_ULAW, 512},
                                                      {wav | SF_FORMAT_ALAW, 512},
                                                      {wav | SF_FORMAT_IMA_ADPCM, 1500},
                                                      {wav | SF_FORMAT_MS_ADPCM, 1500},
                                                      {SF_FORMAT_WAVEX | SF_FORMAT_PCM_16, 0},
                                                      {SF_FORMAT_RF64 | SF_FORMAT_PCM_16, 0},
                                                      {SF_FORMAT_W64 | SF_FORMAT_PCM_16, 0},
                                                      {wav | SF_FORMAT_PCM_16 | SF_ENDIAN_BIG, 0},
                                                      {SF_FORMAT_AIFF | SF_FORMAT_PCM_16, 0},
                                                      {SF_FORMAT_CAF | SF_FORMAT_PCM_16, 0},
                                                      {SF_FORMAT_AU | SF_FORMAT_PCM_16, 0}}) {
    const std::vector<std::int16_t> samples = read_audio(add("a.wav", tone, 16000, 1, format));
    ASSERT_GE(samples.size(), tone.size()) << std::hex << format;  // codecs fill their last block
    for (std::size_t i = 0; i < tone.size(); ++i) ASSERT_NEAR(samples[i], tone[i], most) << std::hex << format;
  }
}

TEST_F(Audio, ReadsWavAcrossChunksItDoesNotKnow) {
  const auto file = add("a.wav", {1, 2, 3});
  const std::string bytes = read_file(file);
  const auto chunk = [](const std::string& name, std::size_t size) {
    std::string text = name;
    for (std::size_t i = 0; i < 4; ++i) text += static_cast<char>(size >> (8 * i) & 0xFFU);
    return text + std::string(size + size % 2, 'x');
  };
  const std::string before = bytes.substr(0, 36), data = bytes.substr(36);
  for (const auto& [name, text] : {std::pair{"junk.wav", before + chunk("JUNK", 28) + chunk("bext", 602) + data},
                                   {"list.wav", before + chunk("LIST", 13) + data},
                                   {"large.wav", before + chunk("LIST", 400000) + data},
                                   {"tag.wav", bytes + "ID3" + std::string(125, '\4')}}) {
    this->text(name, text);
    EXPECT_THAT(read_audio(root_ / name), ElementsAre(1, 2, 3)) << name;
  }
}

/// A WAV whose header claims `promised` bytes of samples.
class Placeholder : public Audio, public ::testing::WithParamInterface<std::uint32_t> {};

TEST_P(Placeholder, MeansToTheEndOfTheFile) {
  const auto file = add("pipe.wav", {1, 2, 3});
  const std::uint32_t promised = GetParam();
  std::fstream(file, std::ios::binary | std::ios::in | std::ios::out)
      .seekp(40)
      .write(reinterpret_cast<const char*>(&promised), 4);
  EXPECT_THAT(read_audio(file), ElementsAre(1, 2, 3));
}
INSTANTIATE_TEST_SUITE_P(OfPrograms, Placeholder,
                         ::testing::Values(0U, 0x7FFFF000U, 0x7FFFFFFFU, 0x80000000U, 0x80000024U, 0xFFFFFFFFU));

TEST_F(Audio, RefusesTruncatedWav) {
  const auto file = add("cut.wav", std::vector<std::int16_t>(1000, 7));
  std::filesystem::resize_file(file, 44 + 600);
  EXPECT_THAT(error_line([&] { read_audio(file); }), HasSubstr("promises 2,000 bytes of samples, the file has 600"));
}

TEST_F(Audio, RefusesWhatIsCutOffInEveryContainer) {
  std::vector<std::int16_t> tone(48000);
  for (std::size_t i = 0; i < tone.size(); ++i) {
    tone[i] = static_cast<std::int16_t>(std::lrint(8000.0 * std::sin(0.05 * static_cast<double>(i))));
  }
  for (const int format :
       {SF_FORMAT_WAVEX | SF_FORMAT_PCM_16, SF_FORMAT_RF64 | SF_FORMAT_PCM_16, SF_FORMAT_W64 | SF_FORMAT_PCM_16,
        SF_FORMAT_WAV | SF_FORMAT_PCM_16 | SF_ENDIAN_BIG, SF_FORMAT_AIFF | SF_FORMAT_PCM_16,
        SF_FORMAT_CAF | SF_FORMAT_PCM_16, SF_FORMAT_AU | SF_FORMAT_PCM_16, SF_FORMAT_OGG | SF_FORMAT_VORBIS,
        SF_FORMAT_OGG | SF_FORMAT_OPUS, SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III}) {
    const auto file = add("cut.wav", tone, 16000, 1, format);
    ASSERT_GE(read_audio(file).size(), tone.size()) << std::hex << format;
    const std::uintmax_t whole = std::filesystem::file_size(file);
    for (const std::uintmax_t left : {whole - 10, whole / 2}) {
      std::filesystem::resize_file(file, left);
      EXPECT_THAT(error_line([&] { read_audio(file); }), HasSubstr("truncated: ")) << std::hex << format;
    }
  }
}

TEST_F(Audio, ReadsOggWhoseLastPageIsNotMarked) {
  const auto file = add("note.opus", std::vector<std::int16_t>(160000, 7), 16000, 1, SF_FORMAT_OGG | SF_FORMAT_OPUS);
  const std::string bytes = read_file(file);
  std::filesystem::resize_file(file, bytes.rfind("OggS"));
  EXPECT_GT(read_audio(file).size(), 100000U);
}

TEST_F(Audio, RefusesWavCutBehindAMegabyteOfNotes) {
  const auto file = add("cut.wav", std::vector<std::int16_t>(1000, 7));
  const std::string bytes = read_file(file);
  const std::string notes = std::string("LIST\x00\x00\x20\x00", 8) + std::string(0x200000, 'x');
  text("long.wav", bytes.substr(0, 36) + notes + bytes.substr(36));
  EXPECT_EQ(read_audio(root_ / "long.wav").size(), 1000U);
  text("long.wav", bytes.substr(0, 36) + notes + bytes.substr(36, 608));
  EXPECT_THAT(error_line([&] { read_audio(root_ / "long.wav"); }), HasSubstr("promises 2,000 bytes of samples"));
}

TEST_F(Audio, RefusesWavCutInsideItsHeader) {
  const auto file = add("cut.wav", std::vector<std::int16_t>(1000, 7));
  std::filesystem::resize_file(file, 40);
  EXPECT_THAT(error_line([&] { read_audio(file); }), HasSubstr("cut.wav: "));
}

TEST_F(Audio, RefusesTruncatedFlac) {
  std::vector<std::int16_t> samples(16000);
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i] = static_cast<std::int16_t>(i * i * 31);
  const auto file = add("cut.flac", samples, 16000, 1, SF_FORMAT_FLAC | SF_FORMAT_PCM_16);
  std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
  EXPECT_THAT(error_line([&] { read_audio(file); }), HasSubstr("cut.flac: "));
}

TEST_F(Audio, RefusesWhatIsNoRecording) {
  text("text.wav", "this is no sound");
  text("empty.wav", "");
  EXPECT_THAT(error_line([&] { read_audio(root_ / "text.wav"); }), HasSubstr("text.wav: cannot be decoded: "));
  EXPECT_THAT(error_line([&] { read_audio(root_ / "empty.wav"); }), HasSubstr("empty.wav: empty file"));
  EXPECT_THAT(error_line([&] { read_audio(root_ / "none.wav"); }), HasSubstr("none.wav: no such file; check the path"));
  const auto file = add("hollow.wav", {});
  EXPECT_THAT(error_line([&] { read_audio(file); }), HasSubstr("hollow.wav: has no samples"));
}

}  // namespace
}  // namespace kws::test
