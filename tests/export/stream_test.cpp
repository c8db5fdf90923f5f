// The exported stream, compiled, against the host's own reference: every result of every decision.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>
#include <sstream>

#include "../../export/golden.h"
#include "../../export/stream_reference.h"
#include "export/random_models.h"
#include "export/shell_folder.h"
#include "kws/core/error.h"
#include "kws/datasets/corpus.h"
#include "repository.h"

namespace kws::test {
namespace fs = std::filesystem;
namespace {

/// Holds the single header, which is quicker to compile than all files.
/// Streams standard input in chunks of argv[1] samples and prints each result on a line, then what was missed. Every
/// argv[3]-th decision is skipped; before chunk argv[4] the stream begins anew.
constexpr const char* kDriver = R"(
#include <stdio.h>
#include <stdlib.h>
#define KWS_IMPLEMENTATION
#include "kws_single.h"
KWS_ALIGN(4) static uint8_t arena[KWS_STREAM_ARENA_SIZE];
int main(int argc, char **argv) {
  const size_t chunk = argc > 1 ? (size_t)atoi(argv[1]) : 1;
  const int skip = argc > 2 ? atoi(argv[2]) : 1; /* a step after every skip-th push only */
  const int pass = argc > 3 ? atoi(argv[3]) : 0;
  const int again = argc > 4 ? atoi(argv[4]) : 0; /* push before which all begins anew */
  int chunks = 0;
  int decision = 0;
  int16_t *pcm = (int16_t *)malloc(chunk * sizeof(int16_t));
  kws_state *s = (kws_state *)malloc(sizeof(kws_state));
  kws_result r;
  size_t n;
  int pushes = 0;
  if (kws_init(s, NULL) != -1 || kws_init(s, arena + 1) != -1 || kws_init(s, arena) != 0) return 3;
#ifdef OWN_SETTINGS
  static kws_detect_config own;
  own = kws_detect_defaults;
  own.smoothing = KWS_SMOOTHING + 1;
  if (kws_configure(s, &own) != -1) return 4;
  OWN_SETTINGS;
  if (kws_configure(s, &own) != 0) return 5;
#endif
  while ((n = fread(pcm, 2, chunk, stdin)) > 0) {
    int due;
    if (++chunks == again && kws_init(s, arena) != 0) return 7;
#if !KWS_PARTS
    memset(arena, 0x5A, sizeof arena); /* free between calls */
#endif
    due = kws_push(s, pcm, n);
#if KWS_PARTS
    if (kws_step_part(s, &r) == 1) {
      int i;
      printf("%lu %d %d %d", (unsigned long)r.frame, (int)r.label, (int)r.score, (int)r.detected);
      for (i = 0; i < KWS_NUM_CLASSES; ++i) printf(" %d", r.logits[i]);
      printf("\n");
    }
    continue;
#endif
    if (++pushes % skip != 0) continue;
    memset(arena, 0xA5, sizeof arena);
    if (due > 0 && pass > 0 && ++decision % pass == 0) {
      if (kws_skip(s) != 1) return 6;
      continue;
    }
    if ((due > 0) != (kws_step(s, &r) == 1)) return 2;
    if (due > 0) {
      int i;
      printf("%lu %d %d %d", (unsigned long)r.frame, (int)r.label, (int)r.score, (int)r.detected);
      for (i = 0; i < KWS_NUM_CLASSES; ++i) printf(" %d", r.logits[i]);
      printf("\n");
    }
  }
  fprintf(stderr, "missed %lu\n", (unsigned long)s->missed);
  free(pcm);
  free(s);
  return 0;
}
)";

using Pcm = std::vector<std::int16_t>;

Pcm tones_and_noise(int samples, std::uint64_t seed) {
  Rng rng({seed});
  Pcm pcm;
  for (int i = 0; i < samples; ++i) {
    const double loud = i % 9000 < 5000 ? 12000.0 : 40.0;
    const double tone = std::sin(2e-4 * i * (300 + 500 * (i / 6000 % 5)));
    pcm.push_back(static_cast<std::int16_t>(loud * tone + rng.between(-300, 300)));
  }
  return pcm;
}

std::string text(const std::vector<StreamDecision>& decisions) {
  std::ostringstream lines;
  for (const StreamDecision& d : decisions) {
    lines << d.frame << ' ' << d.label << ' ' << d.score << ' ' << d.detected;
    for (const int logit : d.logits) lines << ' ' << logit;
    lines << '\n';
  }
  return lines.str();
}

/// A model that detects readily: a low threshold, and half of the labels may be detected.
ExportModel readily(const Exportable& parts) {
  ExportModel model = parts.model();
  for (std::size_t i = 0; i < model.info.labels.size(); i += 2) model.info.labels[i].insert(0, "_");
  model.detector = {.smoothing_ms = 250, .threshold = 0.3, .refractory_ms = 350};
  return model;
}

class Stream : public ShellFolder {
 protected:
  void SetUp() override {
    ShellFolder::SetUp();
    write_file(folder_ / "driver.c", kDriver);
  }

  void compile(const ExportModel& model, const std::string& flags = "", const ExportOptions& options = {}) {
    ExportOptions replacing = options;
    replacing.replace = true;
    write_c_model(model, replacing, folder_ / "kws");
    ASSERT_EQ(run("gcc -std=c99 -O1 -g -Wall -Wextra -Werror -fsanitize=address,undefined -fno-sanitize-recover=all "
                  "-Ikws " +
                  flags + " -o driver driver.c -lm"),
              0)
        << output();
  }
  void set_audio(const Pcm& pcm) {
    write_file(folder_ / "pcm", {reinterpret_cast<const char*>(pcm.data()), 2 * pcm.size()});
  }
  std::string stream(const std::string& arguments) {
    EXPECT_EQ(run("./driver " + arguments + " <pcm"), 0) << output();
    std::istringstream lines(output());
    std::string line, results;
    while (std::getline(lines, line)) {
      if (line.starts_with("missed")) {
        missed_ = line;
      } else {
        results += line + "\n";
      }
    }
    return results;
  }

  std::string missed_;
};

TEST_F(Stream, GivesTheDecisionsOfTheHostForEveryNetwork) {
  KWS_SKIP_WITHOUT("gcc")
  const Pcm pcm = tones_and_noise(60000, 3);
  set_audio(pcm);
  std::set<int> labels;
  int detections = 0;
  for (const NamedGraph& named : small_graphs(25, 10, 6)) {
    const Exportable parts(RandomModels(4).model(named.graph), small_features());
    const ExportModel model = readily(parts);
    const auto expected = stream_reference(model, stream_options(parts.front_end, model.detector, 0), pcm);
    // 93 frames, a decision with the 25th and with every second one after it.
    ASSERT_EQ(expected.size(), 35U);
    for (const StreamDecision& d : expected) {
      labels.insert(d.label);
      detections += d.detected >= 0 ? 1 : 0;
    }
    compile(model);
    EXPECT_EQ(stream("640"), text(expected)) << named.name;
    EXPECT_EQ(missed_, "missed 0");
  }
  // Random networks that always say the same, or nothing, would prove little.
  EXPECT_GT(labels.size(), 3U);
  EXPECT_GT(detections, 10);
}

TEST_F(Stream, HearsAsMuchAsTheDesignSays) {
  KWS_SKIP_WITHOUT("gcc")
  const Pcm pcm = tones_and_noise(90000, 3);
  set_audio(pcm);
  for (const int clip_ms : {500, 1500, 3000}) {
    const FeatureOptions options{.stride_ms = 40, .clip_ms = clip_ms};
    const Exportable parts(RandomModels(4).model(small_graphs(frame_count(options), 10, 6).at(3).graph), options);
    const ExportModel model = readily(parts);
    const auto expected = stream_reference(model, stream_options(parts.front_end, model.detector, 0), pcm);
    EXPECT_EQ(expected.front().frame, (clip_ms - 40) / 40 + 1);
    compile(model);
    EXPECT_EQ(stream("640"), text(expected)) << clip_ms << " ms";
    EXPECT_EQ(missed_, "missed 0");
  }
}

TEST_F(Stream, TakesADecisionInPartsWhileAudioComes) {
  KWS_SKIP_WITHOUT("gcc")
  const Pcm pcm = tones_and_noise(50000, 3);
  set_audio(pcm);
  for (const NamedGraph& named : small_graphs(25, 10, 6)) {
    const Exportable parts(RandomModels(4).model(named.graph), small_features());
    const ExportModel model = readily(parts);
    std::vector<StreamDecision> expected =
        stream_reference(model, stream_options(parts.front_end, model.detector, 0), pcm);
    expected.pop_back();  // its last layers would take more calls than there is audio left
    compile(model, "-DKWS_PARTS=1");
    // A layer every 6 ms, a decision every 80 ms.
    EXPECT_TRUE(stream("96").starts_with(text(expected))) << named.name;
    EXPECT_EQ(missed_, "missed 0");
  }
}

/// The frame and the logits of each line.
std::string frames_and_logits(const std::string& results) {
  std::istringstream lines(results);
  std::string line, text;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string word;
    for (int i = 0; words >> word; ++i) text += i < 1 || i > 3 ? word + ' ' : "";
    text += '\n';
  }
  return text;
}

TEST_F(Stream, TakesNetworksWithoutPaddingOnByTheNewFrames) {
  KWS_SKIP_WITHOUT("gcc")
  const Pcm pcm = tones_and_noise(50000, 12);
  set_audio(pcm);
  int flowing = 0, cropped = 0;
  for (std::uint64_t seed = 1; seed <= 60 && flowing < 8; ++seed) {
    const bool channels = seed % 4 == 0;
    const Shape input{.time = 25, .freq = channels ? 1 : 10, .channels = channels ? 10 : 1};
    const Exportable parts(RandomModels(seed).model(random_flow(input, 6, seed)), small_features());
    const ExportModel model = readily(parts);
    const int hop_ms = 40 * (1 + static_cast<int>(seed % 3));
    if (!write_c_model(model, {.replace = true, .hop_ms = hop_ms}, folder_ / "kws").flow) continue;
    ++flowing;
    for (const Int8Layer& layer : parts.network.layers) cropped += first_added(layer.layer) > 0 ? 1 : 0;
    const StreamOptions options = stream_options(parts.front_end, model.detector, hop_ms);
    const auto decisions = stream_reference(model, options, pcm);
    const std::string expected = text(decisions);
    const std::string what = "seed " + std::to_string(seed);
    compile(model, "", {.hop_ms = hop_ms});
    const int hop = options.hop_frames * 640;
    for (const int chunk : {97, hop}) {
      EXPECT_EQ(stream(std::to_string(chunk)), expected) << what << ", chunks of " << chunk;
    }
    std::string others;
    for (std::size_t i = 0; i < decisions.size(); ++i) others += (i + 1) % 3 == 0 ? "" : text({decisions[i]});
    EXPECT_EQ(frames_and_logits(stream("640 1 3")), frames_and_logits(others)) << what << ", some skipped";
    if (flowing % 4 != 0) continue;
    compile(model, "-DKWS_FLOW=0", {.hop_ms = hop_ms});
    EXPECT_EQ(stream("640"), expected) << what << ", whole windows";
    compile(model, "-DKWS_PARTS=1", {.hop_ms = hop_ms});
    EXPECT_TRUE(stream("40").starts_with(text({decisions.begin(), decisions.end() - 1}))) << what << ", in parts";
  }
  EXPECT_EQ(flowing, 8);
  EXPECT_GT(cropped, 0) << "ways that are longer than those they are added to";
}

TEST_F(Stream, BeginsAnewInTheMiddleOfAnything) {
  KWS_SKIP_WITHOUT("gcc")
  const Pcm pcm = tones_and_noise(60000, 21);
  set_audio(pcm);
  const auto graphs = small_graphs(25, 10, 6);
  const auto padded = std::ranges::find(graphs, "ds_cnn", &NamedGraph::name);
  const auto recurrent = std::ranges::find(graphs, "gru", &NamedGraph::name);
  const auto flow = std::ranges::find(graphs, "cnn", &NamedGraph::name);
  struct Build {
    const Graph& graph;
    const char* options;
    int hop_ms;
    bool flows;
  };
  for (const Build& build : {Build{padded->graph, "", 80, false}, Build{flow->graph, "", 120, true},
                             Build{recurrent->graph, "-DKWS_CONTINUOUS=1", 80, false}}) {
    const Exportable parts(RandomModels(5).model(build.graph), small_features());
    const ExportModel model = readily(parts);
    const ExportOptions exported{.replace = true, .hop_ms = build.hop_ms};
    EXPECT_EQ(write_c_model(model, exported, folder_ / "kws").flow, build.flows);
    StreamOptions options = stream_options(parts.front_end, model.detector, build.hop_ms);
    options.continuous = *build.options != 0;
    compile(model, build.options, {.hop_ms = build.hop_ms});
    // In a frame, and between two; before the window is full for the first time, and behind it.
    for (const int chunk : {97, 640}) {
      for (const std::size_t again : {std::size_t{3}, std::size_t{47}}) {
        const auto heard = std::min(pcm.size(), (again - 1) * static_cast<std::size_t>(chunk));
        const auto middle = pcm.begin() + static_cast<std::ptrdiff_t>(heard);
        const std::string expected = text(stream_reference(model, options, {pcm.begin(), middle})) +
                                     text(stream_reference(model, options, {middle, pcm.end()}));
        EXPECT_EQ(stream(std::to_string(chunk) + " 1 0 " + std::to_string(again)), expected)
            << model.info.name << " flows: " << build.flows << ", chunks of " << chunk;
      }
    }
    if (options.continuous) continue;
    compile(model, "-DKWS_PARTS=1", {.hop_ms = build.hop_ms});
    // Decisions take more than one of these pushes each: the last one of each half may not end.
    for (std::size_t again = 700; again < 708; ++again) {
      const auto middle = pcm.begin() + static_cast<std::ptrdiff_t>(40 * (again - 1));
      const auto second = stream_reference(model, options, {middle, pcm.end()});
      EXPECT_NE(stream("40 1 0 " + std::to_string(again)).find(text({second.begin(), second.end() - 1})),
                std::string::npos)
          << "in parts, anew before push " << again;
    }
  }
}

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

TEST_F(Stream, GivesTheSameDecisionsForChunksOfAnySizeUpToAHop) {
  KWS_SKIP_WITHOUT("gcc")
  const Pcm pcm = tones_and_noise(50000, 5);
  set_audio(pcm);
  // Frames that overlap, that touch, and that leave samples out; hops of one frame and of several.
  struct Case {
    FeatureOptions features;
    int hop_ms;
  };
  for (const Case& c : {Case{{.window_ms = 30, .stride_ms = 20}, 0}, Case{{.stride_ms = 40}, 40},
                        Case{{.window_ms = 25, .stride_ms = 50}, 150}}) {
    const FrontEnd front_end(c.features);
    Graph graph({.time = front_end.frames(), .freq = 10, .channels = 1});
    graph.add("logits", Dense{.units = 6});
    const Exportable parts(RandomModels(6).model(graph), c.features);
    const ExportModel model = readily(parts);
    const StreamOptions options = stream_options(front_end, model.detector, c.hop_ms);
    const std::string expected = text(stream_reference(model, options, pcm));
    compile(model, "", {.hop_ms = c.hop_ms});
    const int hop = options.hop_frames * c.features.stride_ms * 16;
    for (const int chunk : {1, 7, 160, 333, hop - 1, hop}) {
      EXPECT_EQ(stream(std::to_string(chunk)), expected) << c.features.stride_ms << " ms, chunks of " << chunk;
      EXPECT_EQ(missed_, "missed 0");
    }
  }
}

TEST_F(Stream, CarriesTheStateOfRecurrentNetworksOn) {
  KWS_SKIP_WITHOUT("gcc")
  const Pcm pcm = tones_and_noise(50000, 8);
  set_audio(pcm);
  for (const NamedGraph& named : small_graphs(25, 10, 6)) {
    const Exportable parts(RandomModels(4).model(named.graph), small_features());
    if (!is_recurrent(parts.network)) continue;
    const ExportModel model = readily(parts);
    StreamOptions options = stream_options(parts.front_end, model.detector, 40);
    const auto clips = stream_reference(model, options, pcm);
    options.continuous = true;
    const auto expected = stream_reference(model, options, pcm);
    // The first second is the same, the ones after it are not.
    EXPECT_EQ(clips.front(), expected.front());
    EXPECT_NE(clips.back().logits, expected.back().logits);
    compile(model, "-DKWS_CONTINUOUS=1", {.hop_ms = 40});
    EXPECT_EQ(stream("333"), text(expected)) << named.name;
    EXPECT_EQ(stream("640"), text(expected)) << named.name;
    ASSERT_EQ(run("gcc -std=c99 -O1 -DKWS_CONTINUOUS=1 -Ikws -o selftest kws/example/selftest.c kws/*.c -lm"), 0)
        << output();
    EXPECT_EQ(run("./selftest"), 0) << output();
  }
}

TEST_F(Stream, RefusesToCarryOnAStateThatIsNotThere) {
  KWS_SKIP_WITHOUT("gcc")
  const Exportable parts(RandomModels(1).model(small_graphs(25, 10, 6).front().graph), small_features());
  write_c_model(parts.model(), {}, folder_ / "kws");
  EXPECT_NE(run("gcc -DKWS_CONTINUOUS=1 -fsyntax-only kws/kws_stream.c"), 0);
  EXPECT_THAT(output(), ::testing::HasSubstr("KWS_CONTINUOUS needs a network that is recurrent"));
}

TEST_F(Stream, ComparesNoDecisionsOfOtherOptions) {
  KWS_SKIP_WITHOUT("gcc")
  const Exportable parts(RandomModels(1).model(small_graphs(25, 10, 6).front().graph), small_features());
  write_c_model(parts.model(), {}, folder_ / "kws");
  ASSERT_EQ(run("gcc -DKWS_HOP_FRAMES=3 -Ikws -o selftest kws/example/selftest.c kws/*.c -lm && ./selftest"), 0)
      << output();
  EXPECT_THAT(output(), ::testing::HasSubstr("stream: not compared, because options were changed at compile time\n"));
}

TEST_F(Stream, CountsTheDecisionsThatASlowCallerMisses) {
  KWS_SKIP_WITHOUT("gcc")
  const Pcm pcm = tones_and_noise(50000, 7);
  set_audio(pcm);
  const Exportable parts(RandomModels(4).model(small_graphs(25, 10, 6).front().graph), small_features());
  const ExportModel model = readily(parts);
  const StreamOptions options = stream_options(parts.front_end, model.detector, 0);
  const auto all = stream_reference(model, options, pcm);
  compile(model);
  // A step every third hop: the decisions taken are the newest ones.
  std::istringstream lines(stream(std::to_string(options.hop_frames * 640) + " 3"));
  std::string line;
  int taken = 0;
  while (std::getline(lines, line)) {
    const int frame = std::stoi(line);
    const auto found = std::ranges::find(all, frame, &StreamDecision::frame);
    ASSERT_NE(found, all.end()) << frame;
    std::string logits;
    for (const int logit : found->logits) logits += " " + std::to_string(logit);
    EXPECT_TRUE(line.ends_with(logits)) << line;
    ++taken;
  }
  EXPECT_GT(taken, 5);
  // Those still due at the end are neither taken nor missed.
  const int missed = std::stoi(missed_.substr(7));
  EXPECT_LE(missed + taken, static_cast<int>(all.size()));
  EXPECT_GE(missed + taken + 2, static_cast<int>(all.size()));
}

TEST_F(Stream, GivesTheDecisionsOfTheHostForRecordings) {
  KWS_SKIP_WITHOUT("gcc")
  const char* folder = std::getenv("KWS_SPEECH_COMMANDS");
  const fs::path recordings = folder != nullptr ? fs::path(folder) : repository() / "../shared/speech_commands";
  Pcm pcm;
  for (const char* word : {"yes", "stop", "left", "dog"}) {
    if (!fs::is_directory(recordings / word)) GTEST_SKIP() << recordings << ": no recordings there";
    std::set<fs::path> files;
    for (const auto& entry : fs::directory_iterator(recordings / word)) files.insert(entry.path());
    const Pcm clip = read_audio(*files.begin());
    pcm.insert(pcm.end(), clip.begin(), clip.end());
  }
  set_audio(pcm);
  const Exportable parts(RandomModels(9).model(small_graphs(25, 10, 6).at(3).graph), small_features());
  const ExportModel model = readily(parts);
  compile(model);
  EXPECT_EQ(stream("100"), text(stream_reference(model, stream_options(parts.front_end, model.detector, 0), pcm)));
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

TEST(StreamOptions, RefuseAHopThatIsNoMultipleOfTheStride) {
  const FrontEnd front_end(FeatureOptions{.stride_ms = 20});
  EXPECT_EQ(stream_options(front_end, {}, 0).hop_frames, 5);
  EXPECT_EQ(stream_options(front_end, {}, 40).hop_frames, 2);
  EXPECT_EQ(stream_options(FrontEnd({.stride_ms = 40}), {}, 0).hop_frames, 2);
  for (const int hop_ms : {-20, 10, 30, 1020}) {
    EXPECT_THROW(static_cast<void>(stream_options(front_end, {}, hop_ms)), Error) << hop_ms;
  }
}

}  // namespace
}  // namespace kws::test
