#include "../../export/c_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <stdexcept>

#include "../../export/runtime_files.h"
#include "kws/core/files.h"
#include "repository.h"

namespace kws {
namespace {

TEST(CText, EmbedsEveryRuntimeFileByteForByte) {
  const auto files = embedded_runtime();
  std::size_t seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(repository() / "export/runtime")) {
    if (!entry.is_regular_file()) continue;
    const std::string name = entry.path().filename().string();
    ASSERT_TRUE(files.contains(name)) << name;
    EXPECT_EQ(files.at(name), read_file(entry.path())) << name;
    ++seen;
  }
  EXPECT_EQ(files.size(), seen);
}

TEST(CText, ListsEveryFileForTheTopOfAnExport) {
  std::set<std::string> listed;
  for (const char* front_end : {"frontend", "frontend_integer"}) {
    for (const RuntimeFile& file : runtime_files(front_end)) {
      listed.insert("kws" + file.name + (file.filled ? ".in" : ""));
    }
  }
  for (const auto& [name, text] : embedded_runtime())
    EXPECT_EQ(listed.contains(name), name.starts_with("kws_")) << name;
}

TEST(CText, RenamesThePrefixAndLeavesOutUnusedSections) {
  const std::string text = runtime_text("kws_kernels_dense.c", "Door", {"dense"});
  EXPECT_THAT(text, testing::HasSubstr("void Door_dense_s8(const void* params"));
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("kws")));
  EXPECT_EQ(runtime_text("kws_kernels_recurrent.c", "Door", {"dense"}), "");
  EXPECT_THAT(runtime_text("kws_kernels.h", "Door", {"gru"}), testing::HasSubstr("#define DOOR_GRU_SCRATCH(cells)"));
}

TEST(CText, FillsTokensOnce) {
  EXPECT_EQ(fill("a @X@ b @@ c", {{"X", "@Y@"}}), "a @Y@ b @ c");
  EXPECT_THROW(fill("@Z@", {{"X", ""}}), std::logic_error);
  EXPECT_THROW(fill("50@", {}), std::logic_error);
}

TEST(CText, EscapesStringsAndComments) {
  EXPECT_EQ(c_string("a\"b\\\n1?\xc3"), R"("a\042b\134\0121\077\303")");
  EXPECT_EQ(markdown_text("_a_|<b>\n\x1b"), R"(_a_\|\<b\>\\x0a\\x1b)");
  EXPECT_EQ(c_comment("a*/b/*c\n\\"), "a* /b/ *c__");
}

TEST(CText, WritesFloatsWithAllTheirBits) {
  EXPECT_EQ(hex_float(1.5F), "0x1.8p+0F");
  EXPECT_EQ(hex_float(-0.1F), "-0x1.99999ap-4F");
}

}  // namespace
}  // namespace kws
