// Exported streams that carry the state of recurrent networks on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "export/stream_program.h"
#include "kws/core/error.h"
#include "kws/cost/firmware.h"

namespace kws::test {
namespace {

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
    // As it is where thresholds were found so.
    ExportModel carrying = model;
    carrying.detector.carry_state = true;
    compile(carrying, "", {.hop_ms = 40});
    EXPECT_EQ(stream("640"), text(expected)) << named.name;
    ASSERT_EQ(run("gcc -std=c99 -O1 -Ikws -o selftest kws/example/selftest.c kws/*.c -lm"), 0) << output();
    EXPECT_EQ(run("./selftest"), 0) << output();
  }
}

TEST_F(Stream, ThatCarriesStateTakesLessMemoryAndWork) {
  const NamedGraph gru = small_graphs(25, 10, 6).at(6);
  ASSERT_EQ(gru.name, "gru");
  const Exportable parts(RandomModels(4).model(gru.graph), small_features());
  ExportModel model = readily(parts);
  const ExportSizes windows = write_c_model(model, {}, root_ / "windows");
  model.detector.carry_state = true;
  const ExportSizes carried = write_c_model(model, {}, root_ / "carried");
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
            windows.stream_state - carried.stream_state);
}

TEST_F(Stream, RefusesToCarryOnAStateThatIsNotThere) {
  KWS_SKIP_WITHOUT("gcc")
  const Exportable parts(RandomModels(1).model(small_graphs(25, 10, 6).front().graph), small_features());
  write_c_model(parts.model(), {}, root_ / "kws");
  EXPECT_NE(run("gcc -DKWS_CONTINUOUS=1 -fsyntax-only kws/kws_stream.c"), 0);
  EXPECT_THAT(output(), ::testing::HasSubstr("KWS_CONTINUOUS needs a network that is recurrent"));
  ExportModel model = parts.model();
  model.detector.carry_state = true;
  EXPECT_THROW(write_c_model(model, {.replace = true}, root_ / "kws"), Error);
}

}  // namespace
}  // namespace kws::test
