// Exported streams that carry the state of recurrent networks on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "export/stream_program.h"

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

}  // namespace
}  // namespace kws::test
