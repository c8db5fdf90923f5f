#include "kws/export/c_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "export/random_models.h"
#include "kws/core/error.h"
#include "kws/core/parallel.h"
#include "kws/quant/int8_engine.h"

namespace kws::test {
namespace {

constexpr int kFrames = 25;
constexpr int kCoefficients = 10;

/// Random bytes, and constant extremes that drive accumulators and states to their ends.
std::vector<std::int8_t> inputs(int clips, int values, std::uint64_t seed) {
  Rng rng({seed});
  std::vector<std::int8_t> bytes;
  for (int clip = 0; clip < clips; ++clip) {
    const int kind = clip % 8;
    for (int i = 0; i < values; ++i) {
      const int value = kind == 0 ? -128 : kind == 1 ? 127 : kind < 5 ? rng.between(-20, 20) : rng.between(-128, 127);
      bytes.push_back(static_cast<std::int8_t>(value));
    }
  }
  return bytes;
}

std::vector<std::int16_t> noise(std::uint64_t seed, int loudness, std::size_t samples = kClipSamples) {
  Rng rng({seed});
  std::vector<std::int16_t> pcm;
  for (std::size_t i = 0; i < samples; ++i) pcm.push_back(static_cast<std::int16_t>(rng.between(-loudness, loudness)));
  return pcm;
}

/// Audio goes through the features to the network.
void expect_same_classes(const Exportable& parts, const CEngine& engine, const std::vector<std::int16_t>& pcm,
                         const std::string& name) {
  std::vector<std::int8_t> features(static_cast<std::size_t>(parts.front_end.values())), host(6), c(6);
  parts.front_end.quantized(pcm, parts.norm, features);
  run_int8(parts.network, features, host);
  const int best = engine.classify(pcm, c);
  EXPECT_EQ(host, c) << name;
  EXPECT_EQ(best, std::max_element(host.begin(), host.end()) - host.begin()) << name;
}

/// More channels than one register of the host holds, and no whole number of registers.
Graph wide_graph() {
  return Graph({.time = kFrames, .freq = kCoefficients, .channels = 1})
      .add("conv1", Conv2d{.filters = 70, .kernel = {10, 4}, .stride = {2, 2}, .relu = true})
      .add("dw1", Depthwise2d{.kernel = {3, 3}, .stride = {1, 1}, .relu = true})
      .add("pw1", Conv2d{.filters = 37, .kernel = {1, 1}, .stride = {1, 1}, .relu = true})
      .add("conv2", Conv2d{.filters = 35, .kernel = {3, 2}, .stride = {1, 2}, .padding = Padding::valid})
      .add("gru1", Gru{.cells = 45, .sequence = true})
      .add("lstm1", Lstm{.cells = 51, .projection = 34, .peepholes = true})
      .add("logits", Dense{.units = 6});
}

bool has_compiler() {
  return std::getenv("CC") != nullptr ||
         std::system("{ command -v cc || command -v gcc || command -v clang; } >/dev/null") == 0;
}

TEST(CEngine, GivesEveryByteOfTheHostForEveryOp) {
  if (!has_compiler()) GTEST_SKIP() << "no C compiler is here";
  constexpr std::size_t kSeeds = 3;
  constexpr int kClips = 200;
  std::vector<NamedGraph> graphs = small_graphs(kFrames, kCoefficients, 6);
  graphs.push_back({"wide", wide_graph()});
  for (std::uint64_t seed = 4; seed <= 13; ++seed) {
    const Shape input = seed % 2 == 0 ? Shape{.time = kFrames, .freq = 1, .channels = kCoefficients}
                                      : Shape{.time = kFrames, .freq = kCoefficients, .channels = 1};
    graphs.push_back({"residual" + std::to_string(seed), random_residual(input, 6, seed)});
  }
  // Side by side, because nearly all the time goes into the compiler.
  parallel_for_each_index(kSeeds * graphs.size(), 0, [&](std::size_t i) {
    const NamedGraph& named = graphs[i / kSeeds];
    const std::uint64_t seed = i % kSeeds + 1;
    const std::string name = named.name + ", seed " + std::to_string(seed);
    const Exportable parts(RandomModels(seed).model(named.graph), small_features());
    const CEngine engine(parts.model(1));
    const auto features = inputs(kClips, parts.network.input.elements(), seed);
    std::vector<std::int8_t> host(kClips * 6), c(kClips * 6);
    engine.run(features, c);
    for (const Isa isa : {Isa::portable, Isa::avx2, Isa::avx512}) {
      if (!supported(isa)) continue;
      Int8Engine(parts.network, isa).run(features, host);
      EXPECT_EQ(host, c) << name << ", " << isa_name(isa);
    }
    // Random models that answer the same to everything would prove nothing; behind random tables little is left.
    const std::size_t answers = std::set<std::int8_t>(host.begin(), host.end()).size();
    EXPECT_GT(answers, named.name.starts_with("residual") ? 3U : 20U) << name;
    expect_same_classes(parts, engine, noise(seed, 5000), name);
  });
}

TEST(CEngine, ComputesTheTrainersFeatures) {
  if (!has_compiler()) GTEST_SKIP() << "no C compiler is here";
  for (const FeatureOptions& options :
       {small_features(), FeatureOptions{.kind = "log_mel", .coefficients = 20, .window_ms = 30, .mel_bins = 20},
        FeatureOptions{.stride_ms = 40, .arithmetic = "integer", .clip_ms = 500}, FeatureOptions{.clip_ms = 3000}}) {
    const FrontEnd front_end(options);
    Graph graph({.time = front_end.frames(), .freq = front_end.coefficients(), .channels = 1});
    graph.add("logits", Dense{.units = 4});
    const Exportable parts(RandomModels(5).model(graph), options);
    const CEngine engine(parts.model(1));
    for (const int loudness : {0, 3, 900, 32767}) {
      const auto pcm = noise(9, loudness, front_end.clip_samples());
      std::vector<std::int8_t> host(static_cast<std::size_t>(front_end.values())), c(host.size());
      parts.front_end.quantized(pcm, parts.norm, host);
      engine.features(pcm, c);
      EXPECT_EQ(host, c) << options.kind << ", loudness " << loudness;
    }
  }
}

/// Sets CC for one test.
class WithCompiler {
 public:
  explicit WithCompiler(const char* value) {
    if (const char* old = std::getenv("CC")) old_ = old;
    ::setenv("CC", value, 1);
  }
  ~WithCompiler() {
    if (old_.empty()) {
      ::unsetenv("CC");
    } else {
      ::setenv("CC", old_.c_str(), 1);
    }
  }

 private:
  std::string old_;
};

std::string complaint(const char* compiler) {
  const WithCompiler environment(compiler);
  const Exportable parts(RandomModels(1).model(small_graphs(kFrames, kCoefficients, 4).front().graph),
                         small_features());
  try {
    const CEngine engine(parts.model(1));
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(CEngine, NamesTheWayOutWithoutACompiler) {
  EXPECT_EQ(complaint("no-such-compiler -O1"),
            "engine c: CC=no-such-compiler -O1 is no program here; unset CC or name a C compiler");
  EXPECT_THAT(complaint("false"), testing::HasSubstr("engine c: false does not compile the exported files"));
}

}  // namespace
}  // namespace kws::test
