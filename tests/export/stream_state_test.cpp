// Exported streams that carry the state of recurrent networks on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "export/stream_program.h"
#include "kws/core/error.h"
#include "kws/cost/firmware.h"
#include "kws/cost/stream_plan.h"

namespace kws::test {
namespace {

/// Recurrent layers, most of them behind a convolution without padding in time, and some dense ones.
Graph random_carried(Shape input, int classes, std::uint64_t seed) {
  Rng rng({seed, 77});
  Graph graph(input);
  if (seed % 3 != 0) {
    const int stride = static_cast<int>(rng.between(1, 3));
    graph.add("conv1", Conv2d{.filters = static_cast<int>(rng.between(1, 5)),
                              .kernel = {static_cast<int>(rng.between(stride, 8)), static_cast<int>(rng.between(1, 4))},
                              .stride = {stride, static_cast<int>(rng.between(1, 2))},
                              .padding = {Padding::valid, Padding::same},
                              .relu = true});
  }
  if (seed % 2 == 0) graph.add("gru1", Gru{.cells = static_cast<int>(rng.between(1, 9)), .sequence = true});
  if (seed % 5 == 0) graph.add("gru2", Gru{.cells = static_cast<int>(rng.between(1, 9)), .sequence = true});
  if (seed % 4 < 2) {
    graph.add("last", Gru{.cells = static_cast<int>(rng.between(1, 12))});
  } else {
    graph.add("last", Lstm{.cells = static_cast<int>(rng.between(2, 12)),
                           .projection = seed % 4 == 2 ? 3 : 0,
                           .peepholes = seed % 8 < 4});
  }
  if (seed % 7 < 3) graph.add("fc1", Dense{.units = 5, .relu = true});
  graph.add("logits", Dense{.units = classes});
  return graph;
}

TEST_F(Stream, CarriesTheStateOfRecurrentLayersOn) {
  KWS_SKIP_WITHOUT("gcc")
  const Pcm pcm = tones_and_noise(50000, 8);
  set_audio(pcm);
  int behind_convolutions = 0, differ = 0;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    const Graph graph = random_carried({.time = 25, .freq = 10, .channels = 1}, 6, seed);
    const auto plan = plan_carried(graph);
    const std::string what = "seed " + std::to_string(seed);
    ASSERT_TRUE(plan) << what;
    behind_convolutions += plan->first_frames > 1 ? 1 : 0;
    const Exportable parts(RandomModels(seed).model(graph), small_features());
    ExportModel model = readily(parts);
    const int hop_ms = 40 * plan->frames * (1 + static_cast<int>(seed % 2));
    model.detector.carry_state = true;
    StreamOptions options = stream_options(parts.front_end, model.detector, hop_ms);
    EXPECT_EQ(options.release, threshold_q15(kCarriedRelease));
    options.continuous = false;
    const auto clips = stream_reference(model, options, pcm);
    options.continuous = true;
    const auto expected = stream_reference(model, options, pcm);
    EXPECT_EQ(clips.front(), expected.front()) << what << ", the first clip";
    differ += clips.back().logits != expected.back().logits ? 1 : 0;
    compile(model, "", {.hop_ms = hop_ms});
    for (const int chunk : {97, 640 * options.hop_frames}) {
      EXPECT_EQ(stream(std::to_string(chunk)), text(expected)) << what << ", chunks of " << chunk;
    }
    if (seed % 4 == 0) {
      compile(model, "-DKWS_PARTS=1", {.hop_ms = hop_ms});
      EXPECT_TRUE(stream("40").starts_with(text({expected.begin(), expected.end() - 1}))) << what << ", in parts";
      compile(model, "-DKWS_FLOW=0", {.hop_ms = hop_ms});
      EXPECT_EQ(stream("640"), text(clips)) << what << ", whole windows";
    }
    ASSERT_EQ(run("gcc -std=c99 -O1 -Ikws -o selftest kws/example/selftest.c kws/*.c -lm"), 0) << output();
    EXPECT_EQ(run("./selftest"), 0) << output();
  }
  EXPECT_EQ(behind_convolutions, 4);
  EXPECT_GT(differ, 3) << "some saturate";
}

TEST_F(Stream, ThatCarriesStateTakesLessMemoryAndWork) {
  const NamedGraph gru = small_graphs(25, 10, 6).at(6);
  ASSERT_EQ(gru.name, "gru");
  const Exportable parts(RandomModels(4).model(gru.graph), small_features());
  ExportModel model = readily(parts);
  const ExportSizes windows = write_c_model(model, {.hop_ms = 80}, root_ / "windows");
  model.detector.carry_state = true;
  const ExportSizes carried = write_c_model(model, {.hop_ms = 80}, root_ / "carried");
  EXPECT_EQ(windows.whole_stream, windows.stream_arena + windows.stream_state);
  EXPECT_EQ(carried.whole_stream, windows.whole_stream);
  EXPECT_LT(carried.stream_state, windows.stream_state);
  const FirmwareOptions options{.hop_ms = 80};
  FirmwareOptions carrying = options;
  carrying.carry_state = true;
  const FirmwareCost whole = firmware_cost(small_features(), gru.graph, options);
  const FirmwareCost step = firmware_cost(small_features(), gru.graph, carrying);
  EXPECT_LT(of(step.network, Core::m4).instructions, 0.2 * of(whole.network, Core::m4).instructions)
      << "two time steps of 25, and the dense layer";
  EXPECT_EQ(whole.sizes(Core::m4).ram_bytes - step.sizes(Core::m4).ram_bytes,
            windows.whole_stream - carried.stream_arena - carried.stream_state);
}

TEST_F(Stream, RefusesToCarryOnAStateThatIsNotThere) {
  const auto graphs = small_graphs(25, 10, 6);
  for (const char* name : {"dnn", "crnn"}) {  // its convolution is padded
    const auto named = std::ranges::find(graphs, name, &NamedGraph::name);
    const Exportable parts(RandomModels(1).model(named->graph), small_features());
    ExportModel model = parts.model();
    model.detector.carry_state = true;
    EXPECT_THROW(write_c_model(model, {}, root_ / "kws"), Error) << name;
  }
}

TEST_F(Stream, RefusesHopsThatAreNoWholeStepsOfACarriedState) {
  KWS_SKIP_WITHOUT("gcc")
  const Graph graph =
      Graph({.time = 25, .freq = 10, .channels = 1})
          .add("conv1", Conv2d{.filters = 2, .kernel = {4, 10}, .stride = {2, 1}, .padding = Padding::valid})
          .add("gru1", Gru{.cells = 4})
          .add("logits", Dense{.units = 6});
  const Exportable parts(RandomModels(1).model(graph), small_features());
  ExportModel model = parts.model();
  model.detector.carry_state = true;
  EXPECT_THROW(write_c_model(model, {.hop_ms = 120}, root_ / "kws"), Error);
  EXPECT_EQ(write_c_model(model, {}, root_ / "kws").hop_ms, 80);
  EXPECT_THAT(read_file(root_ / "kws/README.md"), ::testing::HasSubstr("fallen below `KWS_RELEASE` (50.00 %)"));
  EXPECT_NE(run("gcc -DKWS_HOP_FRAMES=3 -fsyntax-only kws/kws_stream.c"), 0);
  EXPECT_THAT(output(), ::testing::HasSubstr("KWS_HOP_FRAMES must be a multiple of KWS_FLOW_FRAMES"));
}

}  // namespace
}  // namespace kws::test
