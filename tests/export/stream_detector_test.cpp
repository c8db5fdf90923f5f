// The detector of exported streams.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "export/stream_program.h"

namespace kws::test {
namespace {

TEST_F(Stream, SettingsOfTheDetectorAreTheHosts) {
  KWS_SKIP_WITHOUT("gcc")
  const Pcm pcm = tones_and_noise(60000, 3);
  set_audio(pcm);
  const Exportable parts(RandomModels(4).model(small_graphs(25, 10, 6).at(3).graph), small_features());
  ExportModel model = readily(parts);
  std::set<std::string> results;
  for (const bool per_label : {false, true}) {
    for (const double release : {0.0, 0.5}) {
      for (const int minimum : {0, 1}) {
        ExportModel own = model;
        own.detector.release = release;
        own.detector.minimum = minimum;
        std::string settings =
            "own.release=" + std::to_string(threshold_q15(release)) + ";own.smoothing=KWS_SMOOTHING;";
        if (minimum > 0) settings += "own.minimum=1;";
        for (std::size_t i = 0; per_label && i < model.info.labels.size(); ++i) {
          own.detector.thresholds.push_back(0.25 + 0.1 * static_cast<double>(i));
          settings += "own.threshold[" + std::to_string(i) +
                      "]=" + std::to_string(threshold_q15(own.detector.thresholds.back())) + ";";
        }
        const std::string expected = text(stream_reference(own, stream_options(parts.front_end, own.detector, 0), pcm));
        results.insert(expected);
        compile(own);
        EXPECT_EQ(stream("640"), expected) << settings;
        compile(model, "-DOWN_SETTINGS='" + settings + "'");
        EXPECT_EQ(stream("640"), expected) << settings << " at run time";
      }
    }
  }
  EXPECT_GT(results.size(), 3U) << "settings that change nothing prove little";
}

TEST_F(Stream, DetectsAgainOnlyAfterTheRefractoryTime) {
  // One layer of zero weights: always the same posteriors, the third label's largest.
  Graph graph({.time = 25, .freq = 10, .channels = 1});
  graph.add("logits", Dense{.units = 4});
  Exportable parts(RandomModels(1).model(graph), small_features());
  Int8Layer& layer = parts.network.layers.front();
  std::ranges::fill(layer.main.weight, std::int8_t{0});
  layer.main.bias = {0, 0, 64, 0};
  std::ranges::fill(layer.main.multiplier, 1 << 30);
  std::ranges::fill(layer.main.shift, std::int8_t{1});
  layer.output = {.scale = 0.1, .zero_point = 0};
  ExportModel model = parts.model();
  model.detector = {.smoothing_ms = 0, .threshold = 0.9, .refractory_ms = 400};
  const Pcm pcm(40000, 0);
  const StreamOptions options = stream_options(parts.front_end, model.detector, 0);
  std::vector<int> frames;
  for (const StreamDecision& d : stream_reference(model, options, pcm)) {
    EXPECT_EQ(d.label, 2);
    if (d.detected == 2) frames.push_back(d.frame);
  }
  // exp(6.4) : 1 is 99.8 %; 400 ms are 10 frames.
  EXPECT_EQ(frames, (std::vector<int>{25, 35, 45, 55}));
  model.info.labels[2] = "_unknown_";
  for (const StreamDecision& d : stream_reference(model, options, pcm)) EXPECT_EQ(d.detected, -1);
}

}  // namespace
}  // namespace kws::test
