// The exported files as a user meets them: compiled, linked, run and written again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <filesystem>
#include <functional>
#include <set>
#include <sstream>

#include "../export/c_text.h"
#include "export/call_graph.h"
#include "export/random_models.h"
#include "export/shell_folder.h"
#include "kws/core/error.h"
#include "kws/core/files.h"
#include "kws/core/options.h"
#include "kws/cost/firmware.h"

namespace kws::test {
namespace fs = std::filesystem;
namespace {

constexpr const char* kStrict =
    " -Wall -Wextra -pedantic -Wconversion -Wsign-conversion -Wshadow -Wcast-qual -Wundef -Wdouble-promotion -Werror"
    " -ffp-contract=off ";
constexpr const char* kStrictC = " -Wstrict-prototypes -Wmissing-prototypes ";
/// Clang's -Wcast-align is what GCC calls strict.
std::string cast_align(const std::string& compiler) {
  return compiler.starts_with("g") ? " -Wcast-align=strict " : " -Wcast-align ";
}

class Package : public ShellFolder {
 protected:
  static Exportable parts(const std::string& kind, std::uint64_t seed = 1) {
    for (const NamedGraph& named : small_graphs(25, 10, 6)) {
      if (named.name == kind) return Exportable(RandomModels(seed).model(named.graph), small_features());
    }
    throw std::logic_error("no graph " + kind);
  }
};

TEST_F(Package, CompilesWithStrictWarningsAsC99C11AndCpp17) {
  if (!has("gcc") && !has("clang")) GTEST_SKIP() << "neither gcc nor clang is here";
  // What two models share below the comment on top, such as the front end, is compiled once.
  std::set<std::pair<std::string, std::string>> seen;
  std::string sources;
  for (const NamedGraph& named : small_graphs(25, 10, 6)) {
    const Exportable model(RandomModels(1).model(named.graph), small_features());
    write_c_model(model.model(1), {}, root_ / named.name);
    for (const auto& [name, text] : c_model_files(model.model(1), {})) {
      if (!name.ends_with(".c") || !seen.emplace(name, text.substr(text.find("*/"))).second) continue;
      sources += " " + named.name + "/" + name;
      // The examples, which need the option, are the same for all models.
      if (name == "example/main_host.c") sources += " -I" + named.name;
    }
  }
  for (const std::string compiler : {"gcc", "clang"}) {
    if (!has(compiler)) continue;
    for (const std::string standard : {"c99", "c11"}) {
      EXPECT_EQ(
          run(compiler + " -std=" + standard + kStrict + cast_align(compiler) + kStrictC + "-fsyntax-only" + sources),
          0)
          << compiler << " " << standard << "\n"
          << output();
    }
    if (!has(compiler == "gcc" ? "g++" : "clang++")) continue;
    EXPECT_EQ(run(compiler + " -x c++ -std=c++17" + kStrict + cast_align(compiler) + "-fsyntax-only" + sources), 0)
        << compiler << " c++17\n"
        << output();
  }
}

TEST_F(Package, SingleHeaderHoldsEverythingInEveryStandard) {
  write_c_model(parts("crnn").model(), {}, root_ / "kws");
  write_c_model(parts("lstm").model(), {.prefix = "beta"}, root_ / "beta");
  write_file(root_ / "one.c", "#define KWS_IMPLEMENTATION\n#include \"kws/kws_single.h\"\n");
  write_file(root_ / "two.c", "#define BETA_IMPLEMENTATION\n#include \"beta/beta_single.h\"\n");
  write_file(
      root_ / "main.c",
      "#include \"beta/beta_single.h\"\n#include \"kws/kws_single.h\"\n#include \"kws/kws_single.h\"\n"
      "KWS_ALIGN(4) static uint8_t arena[KWS_STREAM_ARENA_SIZE + BETA_STREAM_ARENA_SIZE];\n"
      "static kws_state kws; static beta_state beta;\n"
      "int main(void) {\n"
      "  return kws_selftest(arena) + kws_selftest_stream(&kws, arena, NULL) + kws_selftest_features(&kws, arena)\n"
      "      + beta_selftest(arena) + beta_selftest_stream(&beta, arena, NULL);\n}\n");
  for (const std::string compiler : {"gcc -std=c99", "gcc -std=c11", "g++ -std=c++17 -x c++", "clang -std=c99",
                                     "clang -std=c11", "clang++ -std=c++17 -x c++"}) {
    const std::string program = compiler.substr(0, compiler.find(' '));
    if (!has(program)) continue;
    const std::string strict_c = compiler.ends_with("c++") ? "" : kStrictC;
    ASSERT_EQ(run("rm -f *.o both; " + compiler + kStrict + cast_align(compiler) + strict_c +
                  " -c one.c two.c main.c && " + program + " *.o -lm -o both"),
              0)
        << compiler << "\n"
        << output();
    EXPECT_EQ(run("./both"), 0) << compiler;
  }
}

TEST_F(Package, SelftestPassesUnderSanitizersForEveryOp) {
  KWS_SKIP_WITHOUT("gcc")
  const std::string gcc = "gcc -std=c99 -O1 -g" + std::string(kStrict) + kStrictC +
                          "-fsanitize=address,undefined -fno-sanitize-recover=all -Ikws ";
  for (const NamedGraph& named : small_graphs(25, 10, 6)) {
    const Exportable model(RandomModels(2).model(named.graph), small_features());
    write_c_model(model.model(3), {.prefix = "kws", .replace = true}, root_ / "kws");
    // The front end is the same for all: compiled with the first.
    if (!fs::exists(root_ / "kws_frontend.o")) {
      ASSERT_EQ(run(gcc + "-c kws/kws_frontend.c kws/kws_features.c"), 0) << output();
    }
    ASSERT_EQ(run(gcc + "kws/kws_model.c kws/kws_kernels_*.c kws/kws_detect.c kws/kws_stream.c kws/kws_selftest.c"
                        " kws/example/selftest.c kws_frontend.o kws_features.o -lm -o selftest"),
              0)
        << named.name << "\n"
        << output();
    EXPECT_EQ(run("./selftest"), 0) << named.name << "\n" << output();
    EXPECT_THAT(output(), testing::StartsWith("network: ok\nfront end: ok\nstream: ok\nhash: "));
  }
}

TEST_F(Package, SelftestNamesTheLayerWithAWrongByte) {
  KWS_SKIP_WITHOUT("make", "cc")
  const Exportable model = parts("dnn");
  write_c_model(model.model(), {}, root_ / "kws");
  std::string code = read_file(root_ / "kws" / "kws_model.c");
  const std::size_t weight = code.find_first_of("-0123456789", code.find('{', code.find(" weight_fc2[")));
  ASSERT_NE(weight, std::string::npos);
  // Another value of the first weight.
  code.replace(weight, code.find(',', weight) - weight, code[weight] == '-' ? "100" : "-100");
  write_file(root_ / "kws" / "kws_model.c", code);
  EXPECT_NE(run("make -C kws selftest"), 0);
  EXPECT_THAT(output(), testing::HasSubstr("network: layer 2 differs\nfront end: ok\nstream: decisions differ\n"));
}

TEST_F(Package, SelftestNoticesAWrongLogit) {
  KWS_SKIP_WITHOUT("make", "cc")
  const Exportable model = parts("dnn");
  ExportModel wrong = model.model(2);
  wrong.golden[1].logits[3] = static_cast<std::int8_t>(wrong.golden[1].logits[3] ^ 1);
  write_c_model(wrong, {}, root_ / "kws");
  EXPECT_NE(run("make -C kws selftest"), 0);
  EXPECT_THAT(output(), testing::HasSubstr("network: layer 3 differs\nfront end: ok\nstream: ok\n"));
}

TEST_F(Package, GivesTheSameBytesAgain) {
  const Exportable model = parts("crnn");
  EXPECT_EQ(c_model_files(model.model(), {}), c_model_files(model.model(), {}));
  write_c_model(model.model(), {}, root_ / "one");
  write_c_model(model.model(), {}, root_ / "two");
  EXPECT_EQ(run("diff -r one two"), 0) << output();
}

TEST_F(Package, TwoPrefixesLinkIntoOneProgram) {
  KWS_SKIP_WITHOUT("gcc")
  const Exportable first = parts("gru", 1);
  const Exportable second = parts("lstm", 2);
  write_c_model(first.model(), {.prefix = "alpha"}, root_ / "alpha");
  write_c_model(second.model(), {.prefix = "beta"}, root_ / "beta");
  write_file(root_ / "main.c",
             "#include \"alpha_model.h\"\n#include \"alpha_selftest.h\"\n"
             "#include \"beta_model.h\"\n#include \"beta_selftest.h\"\n"
             "static int32_t arena[(ALPHA_ARENA_SIZE + BETA_ARENA_SIZE) / 4 + 1];\n"
             "int main(void) { return alpha_selftest(arena) + beta_selftest(arena); }\n");
  EXPECT_EQ(run("gcc -std=c99 -ffp-contract=off -Ialpha -Ibeta main.c alpha/*.c beta/*.c -lm -o both && ./both"), 0)
      << output();
}

TEST_F(Package, HoldsOnlyTheKernelsInUse) {
  const auto files = c_model_files(parts("dnn").model(), {});
  EXPECT_THAT(files.at("kws_kernels_dense.c"), testing::HasSubstr("kws_dense_s8"));
  EXPECT_FALSE(files.contains("kws_kernels_recurrent.c"));
  EXPECT_THAT(files.at("kws_kernels.h"), testing::Not(testing::HasSubstr("conv")));
}

TEST_F(Package, AsksForCmsisNnOnlyWithItsSwitch) {
  KWS_SKIP_WITHOUT("gcc")
  const Exportable model = parts("ds_cnn");
  write_c_model(model.model(), {.prefix = "door"}, root_ / "door");
  EXPECT_EQ(run("gcc -std=c99 -c door/door_cmsis.c -o empty.o && ! nm empty.o | grep ."), 0) << output();
  EXPECT_NE(run("gcc -std=c99 -fsyntax-only -DDOOR_USE_CMSIS_NN door/door_cmsis.c"), 0);
  EXPECT_THAT(output(), testing::HasSubstr("arm_nnfunctions.h"));
  // Another prefix's switch is none of this export's business.
  EXPECT_EQ(run("gcc -std=c99 -fsyntax-only -DKWS_USE_CMSIS_NN door/door_cmsis.c"), 0) << output();
  // Assertions inside compare the scratch of both plans with what the functions ask for.
  EXPECT_EQ(run("gcc -std=c99" + std::string(kStrict) + "-fsyntax-only -DDOOR_USE_CMSIS_NN door/door_model.c"), 0)
      << output();
}

TEST_F(Package, NeedsNoHeapNoStdioAndNoGlobalsThatChange) {
  KWS_SKIP_WITHOUT("gcc", "nm")
  write_c_model(parts("crnn").model(), {}, root_ / "kws");
  ASSERT_EQ(run("cd kws && gcc -std=c99 -O2 -c kws_*.c && nm -A *.o"), 0) << output();
  std::istringstream lines(output());
  std::string line;
  while (std::getline(lines, line)) {
    EXPECT_THAT(line, testing::Not(testing::MatchesRegex(".* [bBdDcC] [^_]*"))) << "a global that changes";
    if (line.find(" U ") == std::string::npos || line.find(" U kws_") != std::string::npos) continue;
    EXPECT_THAT(line, testing::MatchesRegex(".* U (memset|memcpy|memcmp|memmove|sqrtf|__stack_chk_fail|"
                                            "_GLOBAL_OFFSET_TABLE_)"));
  }
}

/// `kws_` becomes any prefix, so nothing else may be called PREFIX_x where there is a kws_x.
TEST(Runtime, NoNameOfItsOwnCanMeetAPrefix) {
  std::set<std::string> names;
  for (const auto& [file, text] : embedded_runtime()) {
    if (!file.starts_with("kws_")) continue;
    for (std::size_t at = 0; at < text.size();) {
      const auto is_name = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
      const std::size_t begin = at;
      while (at < text.size() && is_name(text[at])) ++at;
      if (at > begin) names.insert(text.substr(begin, at - begin));
      if (at == begin) ++at;
    }
  }
  EXPECT_GT(names.size(), 500U);
  for (const std::string& name : names) {
    // Reserved names and those of others are no prefix: it begins with a small letter.
    const bool own = std::islower(static_cast<unsigned char>(name.front())) != 0 && !name.starts_with("kws_") &&
                     !name.starts_with("cmsis_");
    for (std::size_t i = name.find('_'); own && i != std::string::npos; i = name.find('_', i + 1)) {
      const std::string meets = "kws_" + name.substr(i + 1);
      EXPECT_TRUE(i + 1 == name.size() || !names.contains(meets)) << name << " meets " << meets;
    }
  }
}

TEST_F(Package, NeedsNoMoreStackOnACortexMThanItSays) {
  KWS_SKIP_WITHOUT("arm-none-eabi-gcc")
  // Together they use every kernel.
  for (const std::string kind : {"ds_cnn", "lstm", "crnn"}) {
    const Exportable model = parts(kind);
    write_c_model(model.model(1), {.replace = true}, root_ / "kws");
    for (const std::string cpu : {"cortex-m0", "cortex-m4"}) {
      ASSERT_EQ(run("cd kws && rm -f kws_selftest.c *.ci && arm-none-eabi-gcc -mthumb -mcpu=" + cpu +
                    " -std=c99 -O2 -ffp-contract=off -fcallgraph-info=su -c *.c && cat *.ci"),
                0)
          << output();
      const CallGraph graph(output());
      ASSERT_GT(graph.longest("kws_step"), 100) << kind << " " << cpu;
      EXPECT_LE(std::max(graph.longest("kws_push"), graph.longest("kws_step")), kStackBytes) << kind << " " << cpu;
    }
  }
}

TEST_F(Package, SaysHowLargeTheStateOfAStreamIs) {
  KWS_SKIP_WITHOUT("arm-none-eabi-gcc")
  // Odd numbers of bytes, which the compiler fills up.
  for (const FeatureOptions& options : {small_features(), FeatureOptions{.coefficients = 13, .window_ms = 25}}) {
    const FrontEnd front_end(options);
    Graph graph({.time = front_end.frames(), .freq = front_end.coefficients(), .channels = 1});
    graph.add("logits", Dense{.units = 7});
    const Exportable model(RandomModels(1).model(graph), options);
    const ExportSizes sizes = write_c_model(model.model(), {.replace = true}, root_ / "kws");
    write_file(root_ / "size.c",
               "#include \"kws_stream.h\"\n"
               "typedef char state[sizeof(kws_state) == STATE ? 1 : -1];\n"
               "typedef char arena[KWS_STREAM_ARENA_SIZE == ARENA ? 1 : -1];\n");
    EXPECT_EQ(run("arm-none-eabi-gcc -mcpu=cortex-m0 -mthumb -Ikws -fsyntax-only -DSTATE=" +
                  std::to_string(sizes.stream_state) + " -DARENA=" + std::to_string(sizes.stream_arena) + " size.c"),
              0)
        << output();
  }
}

TEST_F(Package, EveryFileSaysWhoOwnsItAndWhereItIsFrom) {
  const Exportable model = parts("dnn");
  ExportModel known = model.model();
  known.info.budget = "small: 80 KiB, 6 MOps";
  for (const auto& [name, text] : c_model_files(known, {})) {
    if (name.ends_with(".json")) continue;
    EXPECT_THAT(text, testing::HasSubstr(name.find("LICENSE") == 0 ? "You own" : "SPDX-License-Identifier: Apache-2.0"))
        << name;
    if (!name.ends_with(".c") && !name.ends_with(".h")) continue;
    for (const char* fact : {"kwsmith test", "You own the weights", "word0, word1", "seed 7", "0123456789abcdef",
                             "int8 92.80 %", "small: 80 KiB, 6 MOps"}) {
      EXPECT_THAT(text.substr(0, text.find("*/")), testing::HasSubstr(fact)) << name;
    }
  }
}

TEST_F(Package, ReportAddsUpToTheArraysOfTheModel) {
  const Exportable model = parts("ds_cnn");
  const auto files = c_model_files(model.model(), {});
  const Json report = Json::parse(files.at("kws_report.json"));
  std::int64_t bytes = 0, macs = 0;
  for (const Json& layer : report.at("layers")) {
    bytes += layer.at("weight_bytes").get<std::int64_t>();
    macs += layer.at("macs").get<std::int64_t>();
  }
  EXPECT_EQ(report.at("weight_bytes"), bytes);
  EXPECT_EQ(report.at("macs"), macs);
  // That the arrays have this many bytes is asserted in kws_model.c itself.
  EXPECT_THAT(files.at("kws_model.h"), testing::HasSubstr("#define KWS_WEIGHT_BYTES " + std::to_string(bytes) + "\n"));
  EXPECT_EQ(report.at("table_bytes").get<int>() > 0, true);
}

TEST_F(Package, TextOfTheUserCannotBreakTheCode) {
  KWS_SKIP_WITHOUT("gcc")
  const Exportable model = parts("single");
  ExportModel odd = model.model();
  odd.info.name = "a*/ int x; /* \"quoted\" \\ ?\?/\nnext @NAME@ \xc3\xa9";
  odd.info.labels = {"ja\"nein",
                     "back\\slash",
                     "two\nlines",
                     "\xc3\xbc"
                     "1",
                     "%d ?\?=",
                     "kws_label"};
  write_c_model(odd, {.prefix = "x"}, root_ / "x");
  EXPECT_EQ(run("gcc -std=c99" + std::string(kStrict) + kStrictC + "-fsyntax-only -Ix x/*.c"), 0) << output();
  const Json report = Json::parse(read_file(root_ / "x" / "x_report.json"));
  EXPECT_EQ(report.at("labels").at(5), "kws_label");
}

TEST_F(Package, TakesAPrefixOfItsOwnWords) {
  KWS_SKIP_WITHOUT("gcc")
  for (const std::string prefix : {"model", "stream", "KWS_door", "mykws_"}) {
    write_c_model(parts("gru").model(), {.prefix = prefix}, root_ / prefix);
    EXPECT_EQ(run("cd " + prefix + " && gcc -std=c99" + std::string(kStrict) + kStrictC + "-fsyntax-only *.c"), 0)
        << output();
  }
}

TEST_F(Package, RefusesAPrefixThatIsNoIdentifier) {
  const Exportable model = parts("single");
  for (const std::string prefix : {"", "1st", "a-b", "_x", "a b", "../up", "\xc3\xa9t\xc3\xa9"}) {
    try {
      write_c_model(model.model(), {.prefix = prefix}, root_ / "out");
      ADD_FAILURE() << prefix;
    } catch (const Error& error) {
      EXPECT_EQ(error.exit_code(), Exit::usage);
      EXPECT_EQ(error.what(), "--prefix \"" + prefix +
                                  "\": is no C identifier; use up to 48 letters, digits and '_', "
                                  "a letter first");
    }
  }
  EXPECT_TRUE(fs::is_empty(root_));
}

TEST_F(Package, LeavesNothingWhereItCannotWrite) {
  const Exportable model = parts("single");
  write_file(root_ / "file", "not a folder");
  EXPECT_THROW(write_c_model(model.model(), {}, root_ / "file" / "out"), Error);
  EXPECT_EQ(std::distance(fs::directory_iterator(root_), fs::directory_iterator()), 1);
}

TEST_F(Package, ReplacesAFolderOnRequestOnly) {
  const Exportable model = parts("single");
  const auto complaint = [&](const ExportOptions& options, const std::string& name) {
    try {
      write_c_model(model.model(), options, root_ / name);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  const std::string mine = (root_ / "mine").string();
  fs::create_directory(mine);
  write_file(root_ / "mine" / "notes.txt", "keep");
  EXPECT_EQ(complaint({}, "mine"), mine + ": exists already; choose another folder or replace it with --replace");
  EXPECT_THAT(complaint({.prefix = "kws", .replace = true}, "mine"),
              ::testing::HasSubstr(mine + ": is not a folder that kwsmith has written"));
  EXPECT_EQ(read_file(root_ / "mine" / "notes.txt"), "keep") << "somebody's folder";

  EXPECT_EQ(complaint({}, "ours"), "");
  write_file(root_ / "ours" / "notes.txt", "an old export's");
  EXPECT_EQ(complaint({.prefix = "kws", .replace = true}, "ours"), "");
  EXPECT_FALSE(fs::exists(root_ / "ours" / "notes.txt"));
  EXPECT_TRUE(fs::exists(root_ / "ours" / "kws_model.c"));

  const std::string file = (root_ / "ours" / "Makefile").string();
  EXPECT_THAT(complaint({.prefix = "kws", .replace = true}, "ours/Makefile"),
              ::testing::HasSubstr(file + ": is not a folder"));
  EXPECT_TRUE(fs::is_regular_file(file));
}

}  // namespace
}  // namespace kws::test
