// The exported stream, compiled, against the host's own reference: every result of every decision.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>

#include "export/stream_program.h"
#include "kws/core/error.h"
#include "kws/datasets/corpus.h"
#include "repository.h"

namespace kws::test {
namespace fs = std::filesystem;
namespace {

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
    bool carries;
    int hop_ms;
    bool flows;
  };
  for (const Build& build : {Build{padded->graph, false, 80, false}, Build{flow->graph, false, 40, true},
                             Build{recurrent->graph, true, 80, true}}) {
    const Exportable parts(RandomModels(5).model(build.graph), small_features());
    ExportModel model = readily(parts);
    model.detector.carry_state = build.carries;
    const ExportOptions exported{.replace = true, .hop_ms = build.hop_ms};
    EXPECT_EQ(write_c_model(model, exported, root_ / "kws").flow, build.flows);
    const StreamOptions options = stream_options(parts.front_end, model.detector, build.hop_ms);
    compile(model, "", {.hop_ms = build.hop_ms});
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

TEST_F(Stream, ComparesNoDecisionsOfOtherOptions) {
  KWS_SKIP_WITHOUT("gcc")
  const Exportable parts(RandomModels(1).model(small_graphs(25, 10, 6).front().graph), small_features());
  write_c_model(parts.model(), {}, root_ / "kws");
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
