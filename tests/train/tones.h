#pragma once

#include <array>
#include <cmath>
#include <string>

#include "datasets/audio_fixture.h"
#include "kws/core/rng.h"
#include "kws/datasets/corpus.h"

namespace kws::test {

/// A corpus in which every "word" is a tone of its own pitch: learnable in a few epochs, made in milliseconds.
class TonesTest : public AudioFolder {
 protected:
  void SetUp() override {
    AudioFolder::SetUp();
    const std::array<const char*, 3> words = {"low", "high", "other"};
    std::string validation, testing;
    for (int speaker = 0; speaker < 40; ++speaker) {
      for (int word = 0; word < 3; ++word) {
        const std::string name =
            std::string(words[static_cast<std::size_t>(word)]) + "/s" + std::to_string(speaker) + "_nohash_0.wav";
        add(name, tone(300.0 * (word + 1), static_cast<std::uint64_t>(speaker)));
        if (speaker % 4 == 2) validation += name + "\n";
        if (speaker % 4 == 3) testing += name + "\n";
      }
    }
    text("validation_list.txt", validation);
    text("testing_list.txt", testing);
  }
  [[nodiscard]] Dataset dataset() const { return {scan_corpus(root_), {{"low", "high"}}, {}, 1}; }

 private:
  /// A faint noise floor and a tone of 0.4 s that starts somewhere.
  static std::vector<std::int16_t> tone(double hz, std::uint64_t speaker) {
    Rng rng({speaker, static_cast<std::uint64_t>(hz)});
    std::vector<std::int16_t> pcm(16000);
    const int start = rng.between(0, 9000);
    const double pitch = hz * rng.uniform(0.95, 1.05);
    for (int i = 0; i < 16000; ++i) {
      const bool on = i >= start && i < start + 6400;
      const double value = rng.uniform(-50.0, 50.0) + (on ? 4000.0 * std::sin(6.283185307 * pitch * i / 16000) : 0.0);
      pcm[static_cast<std::size_t>(i)] = static_cast<std::int16_t>(value);
    }
    return pcm;
  }
};

}  // namespace kws::test
