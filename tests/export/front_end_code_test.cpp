// The exported front end, in floats and in integers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "export/random_models.h"
#include "export/shell_folder.h"
#include "kws/core/options.h"
#include "kws/cost/firmware.h"
#include "kws/export/c_engine.h"

namespace kws::test {
namespace {

constexpr const char* kStrictFrontEnd =
    " -std=c99 -Wall -Wextra -pedantic -Wconversion -Wsign-conversion -Wshadow -Wcast-qual -Wcast-align -Wundef"
    " -Wdouble-promotion -Wstrict-prototypes -Wmissing-prototypes -Werror ";

FeatureOptions in_integers(FeatureOptions options) {
  options.arithmetic = "integer";
  return options;
}

Exportable parts(const FeatureOptions& options) {
  Graph graph({.time = frame_count(options), .freq = options.coefficients, .channels = 1});
  graph.add("logits", Dense{.units = 4});
  return Exportable(RandomModels(5).model(graph), options);
}

int table_bytes(const FeatureOptions& options) {
  return Json::parse(c_model_files(parts(options).model(1), {}).at("kws_report.json")).at("table_bytes").get<int>();
}

class FrontEndCode : public ShellFolder {};

TEST_F(FrontEndCode, HasTheFilesOfItsArithmeticAlone) {
  const auto floats = c_model_files(parts(small_features()).model(1), {});
  const auto integers = c_model_files(parts(in_integers(small_features())).model(1), {});
  EXPECT_TRUE(floats.contains("kws_frontend.c") && floats.contains("kws_frontend_frame.h"));
  EXPECT_FALSE(floats.contains("kws_frontend_integer.c"));
  EXPECT_TRUE(integers.contains("kws_frontend_integer.h") && integers.contains("kws_frontend_integer.c"));
  EXPECT_FALSE(integers.contains("kws_frontend.c") || integers.contains("kws_frontend.h"));
  const std::string& interface = floats.at("kws_features.h");
  EXPECT_EQ(interface.find("float", interface.find("#ifndef")), std::string::npos) << "one interface for both";
}

TEST_F(FrontEndCode, TakesLittleFlash) {
  EXPECT_LE(table_bytes({.stride_ms = 40}), 4400);  // window 640, FFT 1024, 40 mel bins to 4 kHz, 10 coefficients
  EXPECT_LE(table_bytes(in_integers({.stride_ms = 40})), 2200);
  EXPECT_LE(table_bytes(in_integers({.window_ms = 30})), 1550);
}

TEST_F(FrontEndCode, TakesTheFlashThatTheCostPromises) {
  constexpr int kFields = 14 * 4;  // of the structure that points to the tables
  for (FeatureOptions options : {FeatureOptions{}, FeatureOptions{"log_mel", 27, 30, 20, 27, 20, 7600}}) {
    for (const char* arithmetic : {"float", "integer"}) {
      options.arithmetic = arithmetic;
      Graph graph({.time = frame_count(options), .freq = options.coefficients, .channels = 1});
      graph.add("logits", Dense{.units = 4});
      std::int64_t promised = 0;
      for (const auto& row : firmware_cost(options, graph).constants) {
        if (std::string(row.name) == "front_end_tables") promised = row.bytes;
      }
      EXPECT_EQ(promised, table_bytes(options) + kFields) << options.kind << " " << arithmetic;
    }
  }
}

TEST_F(FrontEndCode, IntegersGiveTheTrainersFeatures) {
  KWS_SKIP_WITHOUT("cc")
  for (const FeatureOptions& options :
       {small_features(), FeatureOptions{"log_mel", 20, 30, 20, 20, 20, 7600}, FeatureOptions{"mfcc", 9, 10, 40, 27}}) {
    const Exportable model = parts(in_integers(options));
    const CEngine engine(model.model(1));
    for (const int loudness : {0, 1, 900, 32767}) {
      Rng rng({9});
      std::vector<std::int16_t> pcm;
      for (int i = 0; i < kClipSamples; ++i) pcm.push_back(static_cast<std::int16_t>(rng.between(-loudness, loudness)));
      std::vector<std::int8_t> host(static_cast<std::size_t>(model.front_end.values())), c(host.size());
      model.front_end.quantized(pcm, model.norm, host);
      engine.features(pcm, c);
      EXPECT_EQ(host, c) << options.kind << ", loudness " << loudness;
    }
  }
}

TEST_F(FrontEndCode, IntegersPassTheSelftestStrictlyCompiledUnderSanitizers) {
  KWS_SKIP_WITHOUT("make", "gcc")
  write_c_model(parts(in_integers(small_features())).model(1), {.prefix = "door"}, root_ / "door");
  for (const std::string multiply : {"0", "1"}) {
    const std::string make = "make -C door selftest CC=gcc CFLAGS='-O1 -DDOOR_LONG_MULTIPLY=" + multiply +
                             " -fsanitize=address,undefined -fno-sanitize-recover=all'";
    EXPECT_EQ(run(make), 0) << output();
    EXPECT_THAT(output(), ::testing::HasSubstr("MULTIPLY=" + multiply)) << "compiled anew with other flags";
    EXPECT_EQ(run(make), 0) << output();
    EXPECT_THAT(output(), ::testing::Not(::testing::HasSubstr("gcc"))) << "not with the same";
  }
  write_file(root_ / "all.c", "#define DOOR_IMPLEMENTATION\n#include \"door/door_single.h\"\n");
  EXPECT_EQ(run("gcc" + std::string(kStrictFrontEnd) + "-fsyntax-only all.c"), 0) << output();
  if (!has("g++")) return;
  EXPECT_EQ(run("g++ -x c++ -std=c++17 -Wall -Wextra -Wconversion -Wsign-conversion -Werror -fsyntax-only"
                " door/door_features.c door/door_frontend_integer.c"),
            0)
      << output();
}

TEST_F(FrontEndCode, IntegersNeedNoFloatsOnAnyCore) {
  KWS_SKIP_WITHOUT("arm-none-eabi-gcc", "arm-none-eabi-nm")
  write_c_model(parts(in_integers(small_features())).model(1), {}, root_ / "kws");
  for (const std::string core : {"m0", "m3"}) {
    ASSERT_EQ(run("arm-none-eabi-gcc -mthumb -mcpu=cortex-" + core + " -O2" + kStrictFrontEnd +
                  "-c kws/kws_frontend_integer.c kws/kws_features.c && arm-none-eabi-nm -u kws_frontend_integer.o"),
              0)
        << output();
    std::istringstream words(output());
    std::string word;
    while (words >> word) EXPECT_EQ(word, "U") << core << ": the front end calls nothing, not even a division";
  }
}

}  // namespace
}  // namespace kws::test
