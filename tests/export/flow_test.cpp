// Exported streams of networks that flow.
#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "export/stream_program.h"
#include "kws/core/files.h"

namespace kws::test {
namespace {

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
  int flowing = 0, cropped = 0, summed = 0;
  for (std::uint64_t seed = 1; seed <= 60 && flowing < 8; ++seed) {
    const bool channels = seed % 4 == 0;
    const Shape input{.time = 25, .freq = channels ? 1 : 10, .channels = channels ? 10 : 1};
    const Exportable parts(RandomModels(seed).model(random_flow(input, 6, seed)), small_features());
    const ExportModel model = readily(parts);
    const int hop_ms = 40 * (1 + static_cast<int>(seed % 3));
    if (!write_c_model(model, {.replace = true, .hop_ms = hop_ms}, root_ / "kws").flow) continue;
    // Means over maps of several frequencies: the last three.
    const bool sums = read_file(root_ / "kws/kws_model.c").find("kws_column_sums_s8") != std::string::npos;
    if (flowing >= 5 && !sums) continue;
    ++flowing;
    summed += sums ? 1 : 0;
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
  EXPECT_GE(summed, 3);
}

}  // namespace
}  // namespace kws::test
