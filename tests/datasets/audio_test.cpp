#include <gmock/gmock.h>

#include "audio_fixture.h"
#include "kws/datasets/corpus.h"

namespace kws::test {
namespace {

using ::testing::AllOf;
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

TEST_F(Audio, RefusesOtherRates) {
  const auto file = add("slow.wav", {1, 2, 3}, 8000);
  EXPECT_THAT(error_line([&] { read_audio(file); }), AllOf(HasSubstr("slow.wav: 8,000 Hz, needs 16,000 Hz; ")));
}

TEST_F(Audio, RefusesStereo) {
  const auto file = add("wide.wav", {1, 2, 3, 4}, 16000, 2);
  EXPECT_THAT(error_line([&] { read_audio(file); }), HasSubstr("wide.wav: 2 channels, needs mono; "));
}

TEST_F(Audio, RefusesTruncatedWav) {
  const auto file = add("cut.wav", std::vector<std::int16_t>(1000, 7));
  std::filesystem::resize_file(file, 44 + 600);
  EXPECT_THAT(error_line([&] { read_audio(file); }), HasSubstr("promises 2,000 bytes of samples, the file has 600"));
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
  EXPECT_THAT(error_line([&] { read_audio(root_ / "none.wav"); }), HasSubstr("none.wav: no such file"));
  const auto file = add("hollow.wav", {});
  EXPECT_THAT(error_line([&] { read_audio(file); }), HasSubstr("hollow.wav: has no samples"));
}

}  // namespace
}  // namespace kws::test
