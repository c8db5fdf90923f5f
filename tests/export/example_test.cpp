// The program that streams WAV files, as the exported Makefile builds it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <map>
#include <sstream>

#include "../../export/stream_reference.h"
#include "export/random_models.h"
#include "export/shell_folder.h"
#include "kws/datasets/corpus.h"

namespace kws::test {
namespace {

using Pcm = std::vector<std::int16_t>;

std::string little(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 255U);
  return text;
}

std::string wav(const Pcm& pcm, std::size_t rate_hz = kRateHz) {
  std::string text = "RIFF" + little(36 + 12 + 2 * pcm.size(), 4) + "WAVEfmt " + little(16, 4) + little(1, 2) +
                     little(1, 2) + little(rate_hz, 4) + little(2 * rate_hz, 4) + little(2, 2) + little(16, 2);
  text += "LIST" + little(3, 4) + "abc" + little(0, 1) + "data" + little(2 * pcm.size(), 4);
  for (const std::int16_t sample : pcm) text += little(static_cast<std::uint16_t>(sample), 2);
  return text;
}

Pcm noise(int samples) {
  Rng rng({1});
  Pcm pcm;
  for (int i = 0; i < samples; ++i) {
    const int loud = i / 7000 % 2 == 0 ? 6000 : 60;
    pcm.push_back(static_cast<std::int16_t>(rng.between(-loud, loud)));
  }
  return pcm;
}

class Example : public ShellFolder {
 protected:
  Example()
      : parts_(RandomModels(2).model(small_graphs(25, 10, 6).at(3).graph), small_features()), model_(parts_.model()) {
    model_.detector = {.smoothing_ms = 200, .threshold = 0.3, .refractory_ms = 300};
    model_.info.labels[0] = "_silence_";
  }

  /// What the program says about a stream, by the host's reference.
  [[nodiscard]] std::string expected(const Pcm& pcm) const {
    const auto decisions = stream_reference(model_, stream_options(parts_.front_end, model_.detector, 0), pcm);
    std::string text;
    char line[80];
    for (const StreamDecision& d : decisions) {
      if (d.detected < 0) continue;
      const double seconds = ((d.frame - 1) * 640 + 640) / 16000.0;
      std::snprintf(line, sizeof line, "%8.2f s  %-12s %3.0f %%\n", seconds, label(d.detected),
                    100.0 / 32768 * d.score);
      text += line;
    }
    const std::vector<std::int8_t>& logits = decisions.back().logits;
    text += label(static_cast<int>(std::ranges::max_element(logits) - logits.begin())) + std::string("\n");
    const auto shares = posteriors(logits, exp_table(parts_.network.layers.back().output.scale));
    for (std::size_t i = 0; i < shares.size(); ++i) {
      std::snprintf(line, sizeof line, "  %-12s %5.1f %%\n", label(static_cast<int>(i)),
                    100.0 / 32768 * static_cast<double>(shares[i]));
      text += line;
    }
    return text;
  }
  [[nodiscard]] const char* label(int i) const { return model_.info.labels.at(static_cast<std::size_t>(i)).c_str(); }

  Exportable parts_;
  ExportModel model_;
};

TEST_F(Example, StreamsWavFilesOfAnyLength) {
  KWS_SKIP_WITHOUT("make", "cc")
  write_c_model(model_, {.prefix = "door"}, root_ / "door");
  ASSERT_EQ(run("make -C door all selftest"), 0) << output();

  const Pcm stream = noise(70001);
  write_file(root_ / "long.wav", wav(stream));
  ASSERT_EQ(run("door/door_example long.wav"), 0) << output();
  EXPECT_EQ(output(), expected(stream));
  EXPECT_THAT(output(), testing::HasSubstr(" s  word")) << "nothing detected proves little";

  const Pcm clip = noise(kClipSamples);
  write_file(root_ / "clip.wav", wav(clip));
  ASSERT_EQ(run("door/door_example clip.wav"), 0) << output();
  EXPECT_EQ(output(), expected(clip));

  Pcm part = noise(9000);
  write_file(root_ / "part.wav", wav(part));
  ASSERT_EQ(run("door/door_example part.wav"), 0) << output();
  part.resize(kClipSamples);
  EXPECT_EQ(output(), expected(part));
}

TEST_F(Example, ReadsTheExtensibleFormOfTheSameSamples) {
  KWS_SKIP_WITHOUT("make", "cc")
  write_c_model(model_, {}, root_ / "kws");
  ASSERT_EQ(run("make -C kws"), 0) << output();
  const Pcm clip = noise(kClipSamples);
  std::string file = wav(clip);
  // A format chunk of 40 bytes: what it holds is named behind, PCM.
  file.replace(16, 4, std::string("\x28\0\0\0", 4));
  file.replace(20, 2, "\xFE\xFF");
  file.insert(36, std::string("\x16\0\x10\0\4\0\0\0\1\0\0\0\0\0\x10\0\x80\0\0\xAA\0\x38\x9B\x71", 24));
  write_file(root_ / "clip.wav", file);
  ASSERT_EQ(run("kws/kws_example clip.wav"), 0) << output();
  EXPECT_EQ(output(), expected(clip));
}

/// The same samples in other forms, which the tool reads as these.
TEST_F(Example, ReadsOtherWidthsFloatsChannelsAndLengthsOfPipes) {
  KWS_SKIP_WITHOUT("make", "cc")
  write_c_model(model_, {}, root_ / "kws");
  ASSERT_EQ(run("make -C kws"), 0) << output();
  const Pcm clip = noise(kClipSamples);
  const std::string header = wav(clip).substr(0, 20);
  const auto form = [&](std::size_t tag, std::size_t channels, int bytes, const auto& text_of) {
    std::string text = header + little(tag, 2) + little(channels, 2) + little(kRateHz, 4) +
                       little(kRateHz * channels * static_cast<std::size_t>(bytes), 4) +
                       little(channels * static_cast<std::size_t>(bytes), 2) +
                       little(8 * static_cast<std::size_t>(bytes), 2) + "data" +
                       little(clip.size() * channels * static_cast<std::size_t>(bytes), 4);
    for (const std::int16_t sample : clip) text += text_of(sample);
    return text;
  };
  const auto wider = [](int zeros) {
    return [zeros](std::int16_t sample) { return little(0, zeros) + little(static_cast<std::uint16_t>(sample), 2); };
  };
  std::map<std::string, std::string> files = {{"24", form(1, 1, 3, wider(1))}, {"32", form(1, 1, 4, wider(2))}};
  files["float"] = form(3, 1, 4, [](std::int16_t sample) {
    const float value = static_cast<float>(sample) / 32768.0F;
    std::string text(sizeof value, 0);
    std::memcpy(text.data(), &value, sizeof value);
    return text;
  });
  files["stereo"] = form(1, 2, 2, [](std::int16_t sample) {
    return little(static_cast<std::uint16_t>(sample - 5), 2) + little(static_cast<std::uint16_t>(sample + 5), 2);
  });
  files["double"] = form(3, 1, 8, [](std::int16_t sample) {
    const double value = static_cast<double>(sample) / 32768.0;
    std::string text(sizeof value, 0);
    std::memcpy(text.data(), &value, sizeof value);
    return text;
  });
  // RF64: lengths of 64 bits in a chunk of their own, and what stands behind the samples is none.
  std::string& longer = files["rf64"] = form(1, 1, 2, wider(0)) + "LIST" + little(4, 4) + "abcd";
  longer.replace(0, 8, "RF64" + little(0xFFFFFFFFU, 4));
  longer.replace(40, 4, little(0xFFFFFFFFU, 4));
  longer.insert(12, "ds64" + little(28, 4) + little(longer.size() + 28, 8) + little(2 * clip.size(), 8) +
                        little(clip.size(), 8) + little(0, 4));
  for (const std::uint32_t length : {0U, 0x7FFFF000U, 0x80000000U, 0xFFFFFFFFU}) {
    std::string& piped = files["pipe" + std::to_string(length)] = form(1, 1, 2, wider(0));
    piped.replace(40, 4, little(length, 4));
  }
  for (const auto& [name, bytes] : files) {
    write_file(root_ / (name + ".wav"), bytes);
    EXPECT_EQ(read_audio(root_ / (name + ".wav")), clip) << name;
    ASSERT_EQ(run("kws/kws_example " + name + ".wav"), 0) << output();
    EXPECT_EQ(output(), expected(clip)) << name;
  }

  write_file(root_ / "8.wav", form(1, 1, 1, [](std::int16_t sample) {
               return little(static_cast<std::uint64_t>(128 + sample / 256), 1);
             }));
  ASSERT_EQ(run("kws/kws_example 8.wav"), 0) << output();
  EXPECT_EQ(output(), expected(read_audio(root_ / "8.wav")));
}

/// The tool resamples by a library, the example by its own sinc: the same tones, so the same decisions, to a rounding.
TEST_F(Example, ReadsOtherRates) {
  KWS_SKIP_WITHOUT("make", "cc")
  write_c_model(model_, {}, root_ / "kws");
  ASSERT_EQ(run("make -C kws"), 0) << output();
  const auto tones = [](int rate) {
    Pcm pcm;
    for (int i = 0; i < rate * 3 / 2; ++i) {
      const double t = static_cast<double>(i) / rate;
      pcm.push_back(
          static_cast<std::int16_t>(6000.0 * std::sin(2764.6 * t) + 3000.0 * std::sin(9424.8 * t + 40.0 * t * t)));
    }
    return pcm;
  };
  write_file(root_ / "16000.wav", wav(tones(16000)));
  ASSERT_EQ(run("kws/kws_example 16000.wav"), 0) << output();
  const std::string right = output();
  const auto posteriors = [&](const std::string& text) {
    std::vector<double> list;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      list.push_back(line.ends_with(" %") ? std::strtod(line.c_str() + 15, nullptr) : 0.0);
    }
    return std::vector<double>(list.end() - std::ssize(model_.info.labels), list.end());
  };
  // A slower reading of the same samples is another sound to this network.
  write_file(root_ / "slow.wav", wav(tones(16000), 12000));
  ASSERT_EQ(run("kws/kws_example slow.wav"), 0) << output();
  EXPECT_THAT(posteriors(output()), testing::Not(testing::Pointwise(testing::DoubleNear(3.0), posteriors(right))))
      << output() << right;
  for (const int rate : {8000, 22050, 44100, 48000, 96000, 192000}) {
    const std::string name = std::to_string(rate) + ".wav";
    write_file(root_ / name, wav(tones(rate), static_cast<std::size_t>(rate)));
    ASSERT_EQ(run("kws/kws_example " + name), 0) << output();
    EXPECT_THAT(posteriors(output()), testing::Pointwise(testing::DoubleNear(3.0), posteriors(right)))
        << rate << ": " << output() << right;
  }
}

TEST_F(Example, SaysWhatIsWrongWithAFile) {
  KWS_SKIP_WITHOUT("make", "cc")
  write_c_model(model_, {}, root_ / "kws");
  ASSERT_EQ(run("make -C kws"), 0) << output();
  const std::string good = wav(noise(kClipSamples));
  write_file(root_ / "short.wav", good.substr(0, 1000));
  write_file(root_ / "slow.wav", wav(noise(kClipSamples), 800));
  write_file(root_ / "header.wav", good.substr(0, 48));
  write_file(root_ / "text.wav", "hello");
  EXPECT_EQ(run("kws/kws_example short.wav"), 1);
  EXPECT_EQ(output(), "short.wav: truncated\n");
  EXPECT_EQ(run("kws/kws_example slow.wav"), 1);
  EXPECT_THAT(output(), testing::HasSubstr("needs 1 to 192 kHz, PCM of 8 to 32 bit or floats; convert with: ffmpeg "));
  EXPECT_EQ(run("kws/kws_example header.wav"), 1);
  EXPECT_EQ(output(), "header.wav: no samples in the file\n");
  EXPECT_EQ(run("kws/kws_example text.wav"), 1);
  EXPECT_THAT(output(), testing::HasSubstr("text.wav: not a WAV file; convert with: ffmpeg "));
  EXPECT_EQ(run("kws/kws_example absent.wav"), 1);
  EXPECT_EQ(output(), "absent.wav: cannot be opened\n");
  EXPECT_EQ(run("kws/kws_example"), 2);
}

}  // namespace
}  // namespace kws::test
